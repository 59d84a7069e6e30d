"""The shapes of charges, holds, refunds and entries of the books: what is taken, strictly, and what is given."""

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import AfterValidator, AwareDatetime, Field

from oauth_app.api.schemas import (
    Amount,
    Asset,
    CallListQuery,
    Given,
    ListQuery,
    Metadata,
    Moment,
    PlainQuery,
    Sub,
    Taken,
    Text,
)
from oauth_app.services.charge_states import ChargeStatus, Funding
from oauth_app.services.holds import DEFAULT_LIFE, MAX_LIFE, MIN_LIFE

_SUBJECT = Field(description="The user's sub.")
_Id = Annotated[str, Field(min_length=1, max_length=40), Text]
_All = Annotated[Amount | None, Field(description="Without it, all that is left.")]
_SECONDS = Field(
    ge=int(MIN_LIFE.total_seconds()),
    le=int(MAX_LIFE.total_seconds()),
    description="Seconds until it is given back by itself.",
)


def _check_expand(names: str) -> str:
    unknown = set(names.split(",")) - {"refunds", "hold"}
    if unknown:
        msg = "refunds, hold, or both with a comma between"
        raise ValueError(msg)
    return names


_Expand = Annotated[
    Annotated[str, Field(max_length=20), AfterValidator(_check_expand)] | None,
    Field(description="What to show in full: refunds, hold, or both with a comma between.", examples=["refunds,hold"]),
]
_After = Annotated[AwareDatetime | None, Field(description="At this moment or later.")]
_Before = Annotated[AwareDatetime | None, Field(description="Before this moment.")]


# ---------------------------------------------------------------------------------------------------------------- taken


class ChargeRequest(Taken):
    """What to take: OMG from the user's OhMyGPT balance, USD or CNY from their wallet."""

    amount: Amount
    asset: Asset
    description: Annotated[str, Field(min_length=1, max_length=500, description="Shown to the user."), Text]
    metadata: Metadata = Field(default_factory=dict)
    user: Sub = None


class HoldRequest(Taken):
    """What to reserve of the user's wallet."""

    amount: Amount
    asset: Asset
    description: Annotated[str, Field(min_length=1, max_length=500, description="Shown to the user."), Text]
    expires_in: Annotated[int, _SECONDS] = int(DEFAULT_LIFE.total_seconds())
    metadata: Metadata = Field(default_factory=dict)
    user: Sub = None


class CaptureRequest(Taken):
    """How much of the hold to take; the rest goes back."""

    amount: _All = None
    user: Sub = None


class VoidRequest(Taken):
    """Let the whole hold go."""

    user: Sub = None


class RefundRequest(Taken):
    """Which charge to give back, and how much of it."""

    charge: _Id
    amount: _All = None
    reason: Annotated[str, Field(max_length=500), Text] = ""
    user: Sub = None


class ChargeQuery(ListQuery):
    """Which charges."""

    status: Literal["approval_required", "pending", "succeeded", "declined", "failed", "unknown"] | None = None
    created_after: _After = None
    created_before: _Before = None
    expand: _Expand = None


class OneChargeQuery(PlainQuery):
    """How to show one charge."""

    expand: _Expand = None


class HoldQuery(ListQuery):
    """Which holds."""

    status: Literal["pending", "captured", "voided", "expired"] | None = None
    created_after: _After = None
    created_before: _Before = None


class RefundQuery(ListQuery):
    """Which refunds."""

    charge: _Id | None = None
    created_after: _After = None
    created_before: _Before = None


class TopUpQuery(ListQuery):
    """Which orders."""

    status: Literal["creating", "open", "processing", "paid", "refunded", "disputed", "expired", "failed"] | None = None
    provider: Literal["ohmygpt", "stripe"] | None = None
    created_after: _After = None
    created_before: _Before = None


class EntryQuery(CallListQuery):
    """Which entries."""

    asset: Asset | None = None
    kind: Literal["charge", "refund", "hold_captured", "correction", "write_off"] | None = None
    since: _After = None


# ---------------------------------------------------------------------------------------------------------------- given


class RefundAnswer(Given):
    """Money given back. It is in the user's wallet at once, also when OhMyGPT had taken it."""

    id: str
    object: Literal["refund"] = "refund"
    charge: str
    amount: int
    asset: str
    fee: Annotated[int, Field(description="The part that the operator gave back; the rest was yours.")]
    destination: Annotated[Literal["wallet"], Field(description="OhMyGPT has no call that gives money back.")]
    reason: str
    user: Annotated[str, _SUBJECT]
    created_at: Moment


class HoldAnswer(Given):
    """Money reserved until it is captured, voided or ``expires_at``."""

    id: str
    object: Literal["hold"] = "hold"
    status: Literal["pending", "captured", "voided", "expired"]
    amount: int
    asset: str
    captured_amount: int
    charge: Annotated[str | None, Field(description="The charge that captured it.")]
    description: str
    metadata: dict[str, str]
    user: Annotated[str, _SUBJECT]
    created_at: Moment
    expires_at: Moment
    settled_at: Moment | None


class ChargeAnswer(Given):
    """A charge. ``approval_required``, ``pending`` and ``unknown`` are not the end: ask again later."""

    id: str
    object: Literal["charge"] = "charge"
    status: ChargeStatus
    amount: int
    asset: str
    fee: Annotated[int, Field(description="The operator's part of amount; the rest is yours.")]
    funding: Annotated[Funding, Field(description="Whose balance paid: the one at OhMyGPT, or the wallet here.")]
    refunded: Annotated[int, Field(description="How much of amount was given back.")]
    refunds: Annotated[Sequence[RefundAnswer] | None, Field(description="With expand=refunds, oldest first.")] = None
    hold: Annotated[str | HoldAnswer | None, Field(description="What it captured; in full with expand=hold.")]
    description: str
    metadata: dict[str, str]
    failure_code: str | None
    approval_url: Annotated[str | None, Field(description="Send the user here while approval_required.")]
    approval_ends_at: Moment | None
    user: Annotated[str, _SUBJECT]
    created_at: Moment
    settled_at: Moment | None


class EntryAnswer(Given):
    """A movement on your account at the operator."""

    object: Literal["entry"] = "entry"
    id: str
    transfer: str
    kind: str
    reference: Annotated[str, Field(description="The charge, refund or hold that it is about.")]
    amount: Annotated[int, Field(description="What came; negative for what left.")]
    asset: str
    created_at: Moment
