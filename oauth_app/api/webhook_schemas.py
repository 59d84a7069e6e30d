"""The shapes of webhook endpoints, events and deliveries."""

from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, WithJsonSchema

from oauth_app.services.events import PING, EventType
from oauth_app.services.paging import DEFAULT_LIMIT, MAX_LIMIT

_Id = Annotated[str, Field(max_length=64, pattern=r"^[!-~]*$")]
_Moment = Annotated[str, Field(json_schema_extra={"format": "date-time"})]
_Types = Annotated[
    list[Annotated[EventType, Field(strict=False)]], Field(max_length=len(EventType), description="Empty is all.")
]
#: In a body, a moment is a text: JSON has no other.
_Since = Annotated[AwareDatetime | None, Field(strict=False)]

#: Written out, for a parameter of an address has no place for definitions.
_ANY_TYPE = {"anyOf": [{"type": "string", "enum": [*EventType, PING]}, {"type": "null"}]}


class _Taken(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class _Given(BaseModel):
    model_config = ConfigDict(frozen=True, json_schema_serialization_defaults_required=True)


class _Query(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)  # not strict: everything in an address is text


class NoQuery(_Query):
    """The address of one thing that is the partner's own."""


class OwnListQuery(_Query):
    """Which part of a list that is the partner's own."""

    limit: Annotated[int, Field(ge=1, le=MAX_LIMIT)] = DEFAULT_LIMIT
    cursor: Annotated[_Id | None, Field(description="The next_cursor of the page before.")] = None


class EventListQuery(OwnListQuery):
    """Which events."""

    type: Annotated[EventType | Literal["ping"] | None, WithJsonSchema(_ANY_TYPE)] = None
    object: Annotated[_Id | None, Field(description="The id of what it happened to; a user's sub.")] = None
    since: AwareDatetime | None = None
    until: AwareDatetime | None = None


class EndpointRequest(_Taken):
    """Where you want to be told, and of what."""

    url: Annotated[str, Field(min_length=1, max_length=2048, examples=["https://shop.example/webhooks"])]
    event_types: _Types = []


class EndpointChange(_Taken):
    """What is to be different from now on; what is left out stays."""

    event_types: _Types | None = None
    enabled: bool | None = None


class ResendRequest(_Taken):
    """Which events to send once more, oldest first."""

    since: Annotated[AwareDatetime, Field(strict=False)]
    until: _Since = None
    type: Annotated[EventType | None, Field(strict=False)] = None
    after: Annotated[_Id | None, Field(description="The next_after of the answer before.")] = None
    endpoint: Annotated[_Id | None, Field(description="To this endpoint only.")] = None


class EndpointAnswer(_Given):
    """An endpoint. ``secret`` is given once: when it is registered, and when the secret is replaced."""

    id: str
    object: Literal["webhook_endpoint"] = "webhook_endpoint"
    url: str
    event_types: Annotated[list[str], Field(description="Empty is all.")]
    enabled: bool
    secret: Annotated[str | None, Field(description="Shown this once (omc_whsec_…).")]
    created_at: _Moment


class DeletedAnswer(_Given):
    """It is not there any more."""

    id: str
    object: Literal["webhook_endpoint"] = "webhook_endpoint"
    deleted: Literal[True] = True


class EventData(_Given):
    """What the event is about."""

    object: Annotated[dict[str, Any], Field(description="The object as it was then, as the API shows it.")]


class EventAnswer(_Given):
    """Something that happened; this is also the body of the webhook, but for ``object``."""

    id: str
    object: Literal["event"] = "event"
    type: str
    created_at: _Moment
    data: EventData


class ResentAnswer(_Given):
    """How many deliveries were made; with ``next_after`` there are more events to go on with."""

    object: Literal["resend"] = "resend"
    deliveries: int
    next_after: str | None


class DeliveryAnswer(_Given):
    """One event on its way to one endpoint."""

    id: str
    object: Literal["delivery"] = "delivery"
    event: str
    type: str
    status: Literal["waiting", "taken", "given_up"]
    attempts: int
    last_status: Annotated[int | None, Field(description="What your server answered.")]
    last_error: str | None
    next_attempt_at: _Moment | None
    created_at: _Moment
    done_at: _Moment | None
