"""The shapes of the partner API: what is taken, strictly, and what is given."""

from collections.abc import Sequence
from typing import Annotated, Generic, Literal, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from oauth_app.services.paging import DEFAULT_LIMIT, MAX_LIMIT
from oauth_app.services.top_up_states import TopUpStatus

MAX_AMOUNT = 10**15
_MAX_METADATA = 20


def _refuse_nul(text: str) -> str:
    # PostgreSQL keeps no NUL in a text.
    if "\0" in text:
        msg = "must not contain NUL"
        raise ValueError(msg)
    return text


Text = AfterValidator(_refuse_nul)
Amount = Annotated[
    int, Field(strict=True, ge=1, le=MAX_AMOUNT, description="A whole number of hundredths of the asset.")
]
_Name = Annotated[str, Field(min_length=1, max_length=40), Text]
_Note = Annotated[str, Field(max_length=500), Text]
Sub = Annotated[
    Annotated[str, Field(max_length=64), Text] | None,
    Field(description="The user's sub; needed with client authentication."),
]
Metadata = Annotated[dict[_Name, _Note], Field(max_length=_MAX_METADATA)]
_CURSOR = "The next_cursor of the page before."
Moment = Annotated[str, Field(json_schema_extra={"format": "date-time"})]
Asset = Annotated[str, Field(min_length=1, max_length=8, examples=["OMG"])]


class Taken(BaseModel):
    """Something that a partner sends: every field known, none of another type."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class Given(BaseModel):
    """Something that a partner gets."""

    model_config = ConfigDict(frozen=True, json_schema_serialization_defaults_required=True)


# ---------------------------------------------------------------------------------------------------------------- taken


class TopUpRequest(Taken):
    """An order that lets the user add money at OhMyGPT (CNY), or by Stripe to their wallet (CNY, USD)."""

    provider: Annotated[str, Field(max_length=16, examples=["ohmygpt", "stripe"])] = "ohmygpt"
    kind: Literal["checkout", "invoice"] = "checkout"
    amount: Amount
    asset: Annotated[str, Field(min_length=1, max_length=8, examples=["CNY"])] = "CNY"
    return_url: Annotated[
        Annotated[str, Field(max_length=2048), Text] | None,
        Field(description="Where the user goes on to; of the origin of one of your redirect URIs."),
    ] = None
    user: Sub = None


class _Query(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)  # not strict: everything in an address is text

    user: Sub = None


class PlainQuery(_Query):
    """The address of one thing."""


class ListQuery(_Query):
    """Which part of a list."""

    limit: Annotated[int, Field(ge=1, le=MAX_LIMIT)] = DEFAULT_LIMIT
    cursor: Annotated[Annotated[str, Field(max_length=40), Text] | None, Field(description=_CURSOR)] = None


class CallListQuery(_Query):
    """Which part of the list of calls."""

    limit: Annotated[int, Field(ge=1, le=MAX_LIMIT)] = DEFAULT_LIMIT
    cursor: Annotated[Annotated[int, Field(ge=0, lt=2**63)] | None, Field(description=_CURSOR)] = None


# ---------------------------------------------------------------------------------------------------------------- given


class TopUpAnswer(Given):
    """A top-up order. Send the user to ``url``; it is ``paid`` once the money is there.

    ``ohmygpt`` credits the user's balance at OhMyGPT, ``stripe`` their wallet here.
    """

    id: str
    object: Literal["top_up"] = "top_up"
    status: TopUpStatus
    provider: str
    kind: str
    amount: int
    asset: str
    reversed: Annotated[int, Field(description="What refunds and disputes have taken back of amount.")]
    url: str | None
    return_url: str | None
    failure_code: str | None
    user: Annotated[str, Field(description="The user's sub.")]
    created_at: Moment
    settled_at: Moment | None


class CallAnswer(Given):
    """One AI call that went through the relay."""

    object: Literal["call"] = "call"
    request_id: str
    method: str
    path: str
    model: str | None
    status: int
    outcome: str
    input_tokens: int | None
    output_tokens: int | None
    estimated_cost: Annotated[int | None, Field(description="In hundredths of an OhMyGPT unit.")]
    started_at: Moment
    duration_ms: int


_Item = TypeVar("_Item")


class ListAnswer(Given, Generic[_Item]):
    """A page of a list, newest first; ``next_cursor`` is null on the last one."""

    data: Sequence[_Item]
    next_cursor: str | None


class UpstreamAmounts(Given):
    """What the user has at OhMyGPT."""

    asset: Literal["OMG"] = "OMG"
    paid: int
    free: Annotated[int, Field(description="Renewed daily; pays for AI calls only.")]


class WalletAmount(Given):
    """What the user has in a wallet at the hub."""

    asset: str
    available: int
    held: int


class BalanceAnswer(Given):
    """What the user can spend, in hundredths."""

    ohmygpt: UpstreamAmounts
    wallet: Sequence[WalletAmount] = ()


class PartnerAnswer(Given):
    """You."""

    id: str
    name: str


class LimitsAnswer(Given):
    """What the user lets you charge, in hundredths of an OhMyGPT unit; null is no limit but the balance."""

    per_charge: int | None
    per_month: int | None
    spent_this_month: int


class MeAnswer(Given):
    """Who the credentials stand for, and what they allow."""

    sub: str
    name: str | None
    email: str | None
    partner: PartnerAnswer
    scopes: Sequence[str]
    limits: LimitsAnswer


class FieldError(Given):
    """What is wrong with one field."""

    field: str
    message: str


class ProblemAnswer(Given):
    """An error (RFC 9457). ``code`` is for programs and never changes; the texts are for people."""

    model_config = ConfigDict(json_schema_serialization_defaults_required=False)

    type: Annotated[str, Field(json_schema_extra={"format": "uri"})]
    title: str
    status: int
    code: str
    detail: str
    request_id: str
    errors: Sequence[FieldError]
    top_up_url: str | None = None
    charge_id: str | None = None
