"""Rich authorization requests (RFC 9396): a partner that says which AI calls it needs is allowed no others.

There is one type of details. Each of its fields is a limit, and one that is not named is the user's to set. What the
user granted is kept on the consent; a token of a request with details allows what both do.
"""

from collections.abc import Sequence
from typing import Annotated, Any, Literal, Protocol

from authlib.oauth2 import OAuth2Error
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from oauth_app.call_limits import MODEL, MOST_MODELS, NO_LIMITS, CallLimits
from oauth_app.endpoint_groups import CHOICES
from oauth_app.provider.requests import ProtocolRequest

AI_CALLS = "ohmygpt_ai"
DETAILS_TYPES = (AI_CALLS,)
_SCOPE = "api"
_MAX_CHARS = 4096
_MOST_MONEY, _MOST_CALLS = 10**15, 10**6

Details = list[dict[str, Any]]


def _known_group(name: str) -> str:
    if name not in CHOICES:
        raise ValueError
    return name


_Money = Annotated[int, Field(ge=1, le=_MOST_MONEY)]
_Calls = Annotated[int, Field(ge=1, le=_MOST_CALLS)]
_Model = Annotated[str, Field(pattern=MODEL)]
_Group = Annotated[str, AfterValidator(_known_group)]


class _AiCalls(BaseModel):
    """What may be said of AI calls; money in hundredths of an OhMyGPT unit, as everywhere in the partner API."""

    model_config = ConfigDict(extra="forbid", strict=True)

    type: Literal["ohmygpt_ai"]
    models: Annotated[list[_Model], Field(min_length=1, max_length=MOST_MODELS)] | None = None
    endpoints: Annotated[list[_Group], Field(min_length=1)] | None = None
    spend_per_day: _Money | None = None
    spend_per_month: _Money | None = None
    calls_per_minute: _Calls | None = None
    calls_at_once: _Calls | None = None


#: RFC 9396 2.2 leaves open what two details of one type mean; here there is one.
_DETAILS = TypeAdapter(Annotated[list[_AiCalls], Field(min_length=1, max_length=1)])


class GrantRow(Protocol):
    """A consent, or a row with its columns."""

    ai_spend_per_day: Any
    ai_spend_per_month: Any
    calls_per_minute: Any
    ai_calls_at_once: Any
    allowed_models: Any
    allowed_endpoints: Any


def read_details(request: ProtocolRequest) -> Details | None:
    """Return what the request asks of AI calls; None if it says nothing of them.

    Raises:
        OAuth2Error: ``invalid_authorization_details`` (RFC 9396 5).
    """
    text = request.payload.data.get("authorization_details")
    if text is None:
        return None
    if _SCOPE not in (request.payload.scope or "").split():
        raise _wrong(why="the scope api is missing, without which there are no AI calls")
    if len(text) > _MAX_CHARS:
        raise _wrong(why="authorization_details is too long")
    try:
        found = _DETAILS.validate_json(text)
    except ValidationError as error:
        raise _wrong(why=_where(error)) from None
    return [one.model_dump(exclude_none=True) for one in found]


def refuse_details(request: ProtocolRequest) -> None:
    """Refuse them where no browser's user is asked: whoever is not refused there would take them for heard.

    Raises:
        OAuth2Error: ``invalid_authorization_details``.
    """
    if "authorization_details" in request.payload.data:
        raise _wrong(why="authorization_details belongs to the authorization request")


def limits_of(details: Sequence[dict[str, Any]] | None) -> CallLimits:
    """Return the limits that details name; none for no details."""
    if not details:
        return NO_LIMITS
    named: dict[str, Any] = {name: value for name, value in details[0].items() if name != "type"}
    lists = {name: tuple(value) for name, value in named.items() if isinstance(value, list)}
    return CallLimits(**(named | lists))


def limits_of_consent(consent: GrantRow) -> CallLimits:
    """Return what the user allows the partner of AI calls."""
    models, endpoints = consent.allowed_models, consent.allowed_endpoints
    return CallLimits(
        spend_per_day=consent.ai_spend_per_day,
        spend_per_month=consent.ai_spend_per_month,
        calls_per_minute=consent.calls_per_minute,
        calls_at_once=consent.ai_calls_at_once,
        models=None if models is None else tuple(models),
        endpoints=None if endpoints is None else tuple(endpoints),
    )


def granted_details(asked: Details, consent: GrantRow) -> Details:
    """Return the details as granted, for the partner to read (RFC 9396 7)."""
    limits = limits_of(asked).meet(limits_of_consent(consent))
    named = {name: getattr(limits, name) for name in CallLimits.__dataclass_fields__}
    return [
        {"type": AI_CALLS}
        | {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in named.items()
            if value is not None
        }
    ]


def _where(error: ValidationError) -> str:
    """Return which field is wrong, and never what was sent: the description is plain ASCII (RFC 6749 4.1.2.1)."""
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    place = [str(part) for part in first["loc"]]
    known = [part for part in place if part.isdigit() or part in _AiCalls.model_fields]
    return f"authorization_details{''.join(f'[{p}]' if p.isdigit() else f'.{p}' for p in known)} is not valid"


def _wrong(*, why: str) -> OAuth2Error:
    return OAuth2Error(error="invalid_authorization_details", description=why)
