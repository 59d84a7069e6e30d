"""The shapes of the partner API: what is taken, strictly, and what is given."""

from collections.abc import Sequence
from typing import Annotated, Generic, Literal, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from oauth_app.services.charge_states import ChargeStatus
from oauth_app.services.paging import DEFAULT_LIMIT, MAX_LIMIT
from oauth_app.services.top_up import TopUpStatus

MAX_AMOUNT = 10**15
_MAX_METADATA = 20


def _refuse_nul(text: str) -> str:
    # PostgreSQL keeps no NUL in a text.
    if "\0" in text:
        msg = "must not contain NUL"
        raise ValueError(msg)
    return text


_Text = AfterValidator(_refuse_nul)
_Amount = Annotated[
    int, Field(strict=True, ge=1, le=MAX_AMOUNT, description="A whole number of hundredths of the asset.")
]
_Name = Annotated[str, Field(min_length=1, max_length=40), _Text]
_Note = Annotated[str, Field(max_length=500), _Text]
_Sub = Annotated[
    Annotated[str, Field(max_length=64), _Text] | None,
    Field(description="The user's sub; needed with client authentication."),
]
_CURSOR = "The next_cursor of the page before."
_Moment = Annotated[str, Field(json_schema_extra={"format": "date-time"})]
_Asset = Annotated[str, Field(min_length=1, max_length=8, examples=["OMG"])]


class _Taken(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class _Given(BaseModel):
    model_config = ConfigDict(frozen=True, json_schema_serialization_defaults_required=True)


# ---------------------------------------------------------------------------------------------------------------- taken


class ChargeRequest(_Taken):
    """What to take from the user's OhMyGPT balance."""

    amount: _Amount
    asset: _Asset
    description: Annotated[str, Field(min_length=1, max_length=500, description="Shown to the user."), _Text]
    metadata: Annotated[dict[_Name, _Note], Field(max_length=_MAX_METADATA)] = {}
    user: _Sub = None


class TopUpRequest(_Taken):
    """An order that lets the user add money at OhMyGPT."""

    provider: Annotated[str, Field(max_length=16, examples=["ohmygpt"])] = "ohmygpt"
    kind: Literal["checkout", "invoice"] = "checkout"
    amount: _Amount
    asset: Annotated[str, Field(min_length=1, max_length=8, examples=["CNY"])] = "CNY"
    return_url: Annotated[
        Annotated[str, Field(max_length=2048), _Text] | None,
        Field(description="Where the user goes on to; of the origin of one of your redirect URIs."),
    ] = None
    user: _Sub = None


class _Query(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)  # not strict: everything in an address is text

    user: _Sub = None


class PlainQuery(_Query):
    """The address of one thing."""


class ListQuery(_Query):
    """Which part of a list."""

    limit: Annotated[int, Field(ge=1, le=MAX_LIMIT)] = DEFAULT_LIMIT
    cursor: Annotated[Annotated[str, Field(max_length=40), _Text] | None, Field(description=_CURSOR)] = None


class CallListQuery(_Query):
    """Which part of the list of calls."""

    limit: Annotated[int, Field(ge=1, le=MAX_LIMIT)] = DEFAULT_LIMIT
    cursor: Annotated[Annotated[int, Field(ge=0, lt=2**63)] | None, Field(description=_CURSOR)] = None


# ---------------------------------------------------------------------------------------------------------------- given


class ChargeAnswer(_Given):
    """A charge. ``pending`` and ``unknown`` are not the end: ask again later."""

    id: str
    object: Literal["charge"] = "charge"
    status: ChargeStatus
    amount: int
    asset: str
    fee: Annotated[int, Field(description="The operator's part of amount; the rest is yours.")]
    description: str
    metadata: dict[str, str]
    failure_code: str | None
    user: Annotated[str, Field(description="The user's sub.")]
    created_at: _Moment
    settled_at: _Moment | None


class TopUpAnswer(_Given):
    """A top-up order. Send the user to ``url``; it is ``paid`` once the balance shows it."""

    id: str
    object: Literal["top_up"] = "top_up"
    status: TopUpStatus
    provider: str
    kind: str
    amount: int
    asset: str
    url: str | None
    return_url: str | None
    failure_code: str | None
    user: Annotated[str, Field(description="The user's sub.")]
    created_at: _Moment
    settled_at: _Moment | None


class CallAnswer(_Given):
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
    started_at: _Moment
    duration_ms: int


_Item = TypeVar("_Item")


class ListAnswer(_Given, Generic[_Item]):
    """A page of a list, newest first; ``next_cursor`` is null on the last one."""

    data: Sequence[_Item]
    next_cursor: str | None


class UpstreamAmounts(_Given):
    """What the user has at OhMyGPT."""

    asset: Literal["OMG"] = "OMG"
    paid: int
    free: Annotated[int, Field(description="Renewed daily; pays for AI calls only.")]


class WalletAmount(_Given):
    """What the user has in a wallet at the hub."""

    asset: str
    available: int
    held: int


class BalanceAnswer(_Given):
    """What the user can spend, in hundredths."""

    ohmygpt: UpstreamAmounts
    wallet: Sequence[WalletAmount] = ()


class PartnerAnswer(_Given):
    """You."""

    id: str
    name: str


class LimitsAnswer(_Given):
    """What the user lets you charge, in hundredths of an OhMyGPT unit; null is no limit but the balance."""

    per_charge: int | None
    per_month: int | None
    spent_this_month: int


class MeAnswer(_Given):
    """Who the credentials stand for, and what they allow."""

    sub: str
    name: str | None
    email: str | None
    partner: PartnerAnswer
    scopes: Sequence[str]
    limits: LimitsAnswer


class FieldError(_Given):
    """What is wrong with one field."""

    field: str
    message: str


class ProblemAnswer(_Given):
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
