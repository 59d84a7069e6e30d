"""Sign-in at OhMyGPT: out with a state, back with a code, and a user at the end.

OhMyGPT has no PKCE and no nonce; what binds its answer to the browser that asked is the state: one
record for each attempt, so that many tabs can sign in at once, bound to the browser, used once.
"""

import secrets
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum

from sqlalchemy import update
from sqlalchemy.orm import Session

from oauth_app import clock
from oauth_app.db import insert_into, transaction
from oauth_app.errors import HubError
from oauth_app.hub import Hub
from oauth_app.identifiers import Kind, digest, new_id
from oauth_app.models import SignInAttempt, User
from oauth_app.services.browser_sessions import renew_session
from oauth_app.services.connections import connect
from oauth_app.services.partner_sessions import forget_callers
from oauth_app.upstream import UpstreamProtocolError, UpstreamUser

#: How long a person may take at OhMyGPT's page.
ATTEMPT_LIFE = timedelta(minutes=10)


class StateProblem(StrEnum):
    """Why an answer of OhMyGPT cannot be taken."""

    UNKNOWN = "unknown"
    EXPIRED = "expired"
    USED = "used"
    FOREIGN = "foreign"


class SignInStateError(HubError):
    """The state does not belong to an open attempt of this browser."""

    def __init__(self, problem: StateProblem, return_to: str | None = None, *, meant_for: str | None = None) -> None:
        super().__init__(f"state {problem}")
        self.problem = problem
        #: Where the person wanted to go, if the attempt was this browser's own.
        self.return_to = return_to
        #: Where the attempt was to lead, whosever it was: it tells which partner waits, and nobody is sent there.
        self.meant_for = meant_for or return_to


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What came back from OhMyGPT, by redirect or pasted."""

    state: str = field(repr=False)
    browser: str = field(repr=False)
    code: str = field(repr=False)
    #: The token of the session that the browser has already, if it has one.
    earlier_session: str | None = field(default=None, repr=False)
    user_agent: str = ""


@dataclass(frozen=True, kw_only=True)
class SignedIn:
    """A person at the door: the token for the browser's cookie, and where to go."""

    session_token: str = field(repr=False)
    return_to: str


def begin_sign_in(session: Session, browser: str, return_to: str) -> str:
    """Open an attempt and return its state. The caller commits."""
    state = secrets.token_urlsafe(32)
    session.add(
        SignInAttempt(
            state_digest=digest(state),
            browser_digest=digest(browser),
            return_to=return_to,
            created_at=clock.now(),
            used_at=None,
        )
    )
    return state


def close_attempt(session: Session, state: str, browser: str) -> str:
    """Use up the state and return where the person wanted to go. The caller commits.

    Raises:
        SignInStateError: unknown, expired, used before, or another browser's.
    """
    now = clock.now()
    claimed = session.execute(
        update(SignInAttempt)
        .where(
            SignInAttempt.state_digest == digest(state),
            SignInAttempt.browser_digest == digest(browser),
            SignInAttempt.used_at.is_(None),
            SignInAttempt.created_at > now - ATTEMPT_LIFE,
        )
        .values(used_at=now)
        .returning(SignInAttempt.return_to)
    ).scalar()
    if claimed is None:
        raise _why_not(session.get(SignInAttempt, digest(state)), browser)
    return claimed


def find_destination(session: Session, state: str, browser: str) -> str | None:
    """Return where an attempt of this browser was to lead, also when it is over; None if it has none of this state."""
    attempt = session.get(SignInAttempt, digest(state))
    return attempt.return_to if attempt is not None and attempt.browser_digest == digest(browser) else None


def complete_sign_in(hub: Hub, answer: Answer) -> SignedIn:
    """Turn a code into a signed-in user. Owns its transactions: none is open while OhMyGPT is asked.

    Raises:
        SignInStateError: the state is not an open one of this browser.
        UpstreamError: OhMyGPT did not take the code, or could not be asked.
    """
    with transaction(hub.engine) as session:
        return_to = close_attempt(session, answer.state, answer.browser)
    issued = hub.upstream.issue_token(answer.code)
    person = hub.upstream.user_info(issued.token)
    if person.user_id != issued.user_id:
        msg = "the token and the user info name different users"
        raise UpstreamProtocolError(msg)
    with transaction(hub.engine) as session:
        user_id = _upsert_user(session, person)
        connect(session, hub.vault, user_id, issued.token)
        started = renew_session(session, user_id, earlier=answer.earlier_session, user_agent=answer.user_agent)
    hub.callers.forget_user(user_id)  # the relay goes on with the new token
    forget_callers(hub, started.ended)
    return SignedIn(session_token=started.token, return_to=return_to)


def _why_not(attempt: SignInAttempt | None, browser: str) -> SignInStateError:
    if attempt is None:
        return SignInStateError(StateProblem.UNKNOWN)
    if attempt.browser_digest != digest(browser):
        return SignInStateError(StateProblem.FOREIGN, meant_for=attempt.return_to)
    problem = StateProblem.USED if attempt.used_at else StateProblem.EXPIRED
    return SignInStateError(problem, attempt.return_to)


def _upsert_user(session: Session, person: UpstreamUser) -> str:
    now = clock.now()
    email = person.email.strip()
    new = insert_into(session, User).values(
        id=new_id(Kind.USER), upstream_user_id=person.user_id, email=email, created_at=now, signed_in_at=now
    )
    # Two first sign-ins of one person may land here together; the second must find the first one's row.
    upsert = new.on_conflict_do_update(
        index_elements=[User.upstream_user_id], set_={"email": email, "signed_in_at": now}
    )
    return session.execute(upsert.returning(User.id)).scalar_one()
