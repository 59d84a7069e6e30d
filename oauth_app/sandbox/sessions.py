"""The browser session: one row a cookie points at, with the token that guards its forms."""

import hmac
import secrets
from dataclasses import dataclass
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from oauth_app.sandbox import accounts
from oauth_app.sandbox.accounts import Account
from oauth_app.sandbox.clock import now_s
from oauth_app.sandbox.context import origin_of, store_of
from oauth_app.sandbox.errors import PageError
from oauth_app.sandbox.store import Store

#: Cookies ignore ports, and hub, sandbox and partner share 127.0.0.1; hence a name of its own.
COOKIE: Final = "sandbox_session"

_LIFETIME_S: Final = 14 * 86_400

#: Programs that keep no cookies get a session with every page; the oldest of them go.
_MOST_NAMELESS: Final = 1_000

_FORGET_NAMELESS: Final = (
    "DELETE FROM session WHERE account_id IS NULL AND rowid <= (SELECT MAX(rowid) FROM session) - ?"
)


@dataclass(frozen=True, kw_only=True)
class Session:
    """A browser; `account` is None until somebody signs in."""

    token: str
    csrf: str
    account: Account | None


def find(request: Request) -> Session | None:
    """Return the session of the request's cookie, or None when there is none or it is too old."""
    store = store_of(request)
    row = store.find(
        "SELECT * FROM session WHERE token = ? AND created_at_s > ?",
        request.cookies.get(COOKIE, ""),
        now_s() - _LIFETIME_S,
    )
    if row is None:
        return None
    account = accounts.get_by_id(store, row["account_id"]) if row["account_id"] else None
    return Session(token=row["token"], csrf=row["csrf"], account=account)


def begin(store: Store, account: Account | None) -> Session:
    """Make a new session; nobody else can know its token, even who planted a cookie before."""
    store.run("DELETE FROM session WHERE created_at_s <= ?", now_s() - _LIFETIME_S)
    store.run(_FORGET_NAMELESS, _MOST_NAMELESS)
    session = Session(token=secrets.token_urlsafe(32), csrf=secrets.token_urlsafe(32), account=account)
    store.run(
        "INSERT INTO session (token, csrf, account_id, created_at_s) VALUES (?, ?, ?, ?)",
        session.token,
        session.csrf,
        account.id if account else None,
        now_s(),
    )
    return session


def end(request: Request) -> None:
    """Forget the session of the request's cookie; a repeat does nothing."""
    store_of(request).run("DELETE FROM session WHERE token = ?", request.cookies.get(COOKIE, ""))


def remember(request: Request, response: Response, session: Session) -> Response:
    """Set the session's cookie on an answer and return the answer."""
    secure = origin_of(request).startswith("https:")
    response.set_cookie(COOKIE, session.token, max_age=_LIFETIME_S, httponly=True, samesite="lax", secure=secure)
    return response


def check_csrf(request: Request, form: dict[str, str]) -> Session:
    """Return the session that a posted form belongs to.

    Raises:
        PageError: 403, the form was not made for this browser.
    """
    session = find(request)
    if session is None or not hmac.compare_digest(session.csrf.encode(), form.get("csrf", "").encode()):
        text = "This form was made for another sign-in or is too old. Go back, reload the page and try again."
        raise PageError(403, "Please try again", text)
    return session
