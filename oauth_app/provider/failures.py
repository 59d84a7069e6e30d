"""Why a request of a partner's program failed, in words for the partner's developer: never a code, token or secret."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from authlib.oauth2 import OAuth2Error

from oauth_app.provider.failure_reasons import Reason
from oauth_app.provider.requests import ProtocolRequest

_MAX_CHARS = 2048


@dataclass(frozen=True, kw_only=True)
class ProtocolFailure:
    """One refusal."""

    #: One of ``Reason``, or else the error that was answered.
    code: str
    #: None when the client is not even known.
    partner_id: str | None
    details: dict[str, str] = field(default_factory=dict)


def describe_failure(
    request: ProtocolRequest, error: OAuth2Error, explanation: tuple[Reason | None, Mapping[str, str]]
) -> ProtocolFailure:
    """Return what there is to tell about this error."""
    reason, more = explanation
    told = {"error": error.error, "error_description": error.description, "grant_type": request.payload.grant_type}
    return ProtocolFailure(
        code=reason or error.error,
        partner_id=request.client.partner.id if request.client else None,
        details={name: str(value)[:_MAX_CHARS] for name, value in {**told, **more}.items() if value},
    )
