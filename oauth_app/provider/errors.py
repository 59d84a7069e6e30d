"""What can go wrong at the authorization endpoint.

* UnprovenRequestError       who asks, or where to answer, is not proven: a page, never a redirect
  - UnknownClientError
  - WrongRedirectUriError
  - PushedRequestGoneError
* RefusedError               proven, but refused: the answer goes back to the partner
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from oauth_app.errors import HubError
from oauth_app.models import Partner
from oauth_app.provider.authorization_answers import ReturnAddress


@dataclass(frozen=True, kw_only=True)
class Asker:
    """What a page may say of a partner whose request cannot be granted; it outlives the transaction."""

    partner_id: str
    name: str
    homepage: str | None

    @classmethod
    def of(cls, partner: Partner) -> "Asker":
        """Return what is known of the partner."""
        return cls(partner_id=partner.id, name=partner.name, homepage=partner.homepage)


class UnprovenRequestError(HubError):
    """The request may be anybody's, so nobody is sent anywhere (RFC 6749 4.1.2.1)."""

    #: By which the log of failures knows it.
    code: ClassVar[str]

    def __init__(self, asker: Asker | None = None, details: Mapping[str, str] | None = None) -> None:
        super().__init__(self.code)
        #: The partner that the request names, if there is one.
        self.asker = asker
        #: For the partner's own eyes.
        self.details = details or {}


class UnknownClientError(UnprovenRequestError):
    """``client_id`` is missing, repeated, unknown, or of a partner that is switched off."""

    code = "unknown_client"


class WrongRedirectUriError(UnprovenRequestError):
    """``redirect_uri`` is missing, repeated, or not a registered one."""

    code = "wrong_redirect_uri"


class GoneReason(StrEnum):
    """Why a pushed request cannot be gone on with."""

    UNKNOWN = "unknown"
    EXPIRED = "expired"
    USED = "used"


class PushedRequestGoneError(UnprovenRequestError):
    """``request_uri`` names no pushed request of this partner that is still open (RFC 9126 4)."""

    code = "pushed_request_gone"

    def __init__(self, asker: Asker, reason: GoneReason) -> None:
        super().__init__(asker, {"reason": reason})
        self.reason = reason


class RefusedError(HubError):
    """The partner hears of it: the browser goes back with an error (RFC 6749 4.1.2.1)."""

    def __init__(self, address: ReturnAddress, code: str, description: str | None = None) -> None:
        super().__init__(code)
        self.address = address
        self.code = code
        self.description = description
