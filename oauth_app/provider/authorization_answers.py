"""How the authorization endpoint answers a partner: which values, where to, and by which way.

Authlib builds redirects only, and writes a registered address's own query anew (``?a`` becomes ``?a=``).
An answer is a value here; whoever phrases HTTP makes a redirect or a form of it.
"""

from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urlencode


class ResponseMode(StrEnum):
    """The way back: OAuth 2.0 Multiple Response Types 2.1, and OAuth 2.0 Form Post Response Mode 2."""

    QUERY = "query"
    FORM_POST = "form_post"


@dataclass(frozen=True, kw_only=True)
class AuthorizationAnswer:
    """What the browser carries back to the partner."""

    redirect_uri: str
    mode: ResponseMode
    parameters: dict[str, str]

    @property
    def location(self) -> str:
        """The address of a redirect: the registered one as it is, and the answer behind it."""
        return f"{self.redirect_uri}{'&' if '?' in self.redirect_uri else '?'}{urlencode(self.parameters)}"


@dataclass(frozen=True, kw_only=True)
class ReturnAddress:
    """Where a proven partner is answered, and about which request."""

    partner_id: str
    redirect_uri: str
    mode: ResponseMode
    state: str | None
    #: The issuer: every answer says who gives it, errors included (RFC 9207 2).
    issuer: str
    #: The digest of the pushed request (RFC 9126) that this answer uses up; None for a plain one.
    pushed_digest: str | None = None

    def answer(self, **values: str | None) -> AuthorizationAnswer:
        """Return the answer with these values; those that are None are left out."""
        known = {**values, "state": self.state, "iss": self.issuer}
        parameters = {name: value for name, value in known.items() if value is not None}
        return AuthorizationAnswer(redirect_uri=self.redirect_uri, mode=self.mode, parameters=parameters)
