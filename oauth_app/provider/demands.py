"""What a partner demands of the sign-in, and what follows for who sits at the browser (OpenID Connect Core 3.1.2.1)."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from oauth_app import clock

#: OhMyGPT's sign-in page is also where another account is chosen.
_SIGN_IN_AGAIN = frozenset({"login", "select_account"})


class Step(StrEnum):
    """What comes next; the last three are the error codes by which the partner hears of it."""

    SIGN_IN = "sign_in"
    SWITCH = "switch"
    ASK = "ask"
    APPROVE = "approve"
    LOGIN_REQUIRED = "login_required"
    CONSENT_REQUIRED = "consent_required"
    ACCESS_DENIED = "access_denied"


@dataclass(frozen=True, kw_only=True)
class Visitor:
    """Who sits at the browser."""

    signed_in_at: datetime
    email: str
    #: The ``sub`` by which the partner knows them; None if it never did.
    subject: str | None
    #: Whether they have agreed to all that is asked.
    consented: bool


@dataclass(frozen=True, kw_only=True)
class Demands:
    """How fresh the sign-in must be, and whose."""

    prompts: frozenset[str]
    max_age: timedelta | None
    #: A sign-in not before this moment is fresh, whatever else is demanded.
    signed_in_since: datetime | None
    #: Nobody but the user of this ``sub`` will do (``id_token_hint``, or the ``claims`` parameter).
    subject: str | None
    #: Whom the partner expects; somebody else will do, if they say so.
    login_hint: str | None

    def next_step(self, visitor: Visitor | None) -> Step:
        """Return what comes next; for None, nobody has signed in."""
        silent = "none" in self.prompts
        if visitor is None or not self._is_fresh(visitor):
            return Step.LOGIN_REQUIRED if silent else Step.SIGN_IN
        if not self._means(visitor):
            return Step.LOGIN_REQUIRED if silent or self._chose(visitor) else Step.SWITCH
        if visitor.consented and "consent" not in self.prompts:
            return Step.APPROVE
        return Step.CONSENT_REQUIRED if silent else Step.ASK

    @property
    def wants_fresh_sign_in(self) -> bool:
        """Whether a sign-in can be too old for the partner."""
        return self.max_age is not None or bool(self.prompts & _SIGN_IN_AGAIN)

    def _is_fresh(self, visitor: Visitor) -> bool:
        if not self.wants_fresh_sign_in:
            return True
        return visitor.signed_in_at >= (self.signed_in_since or clock.now() - self._oldest_age())

    def _oldest_age(self) -> timedelta:
        return timedelta() if self.max_age is None or self.prompts & _SIGN_IN_AGAIN else self.max_age

    def _means(self, visitor: Visitor) -> bool:
        if self.subject is not None:
            return visitor.subject == self.subject
        # Only an e-mail address surely names somebody; a site's own name for its user says nothing to us.
        if self.login_hint is None or "@" not in self.login_hint:
            return True
        return self.login_hint.casefold() == visitor.email.casefold() or self._chose(visitor)

    def _chose(self, visitor: Visitor) -> bool:
        """Tell whether they have signed in, or said who they want to be, for this very request."""
        return self.signed_in_since is not None and visitor.signed_in_at >= self.signed_in_since
