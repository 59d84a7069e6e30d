"""What a transfer is made of, and what the caller wishes and gets."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from oauth_app.ledger.accounts import AccountName


class TransferKind(StrEnum):
    """What a transfer records; with its reference it is unique."""

    #: Reference: the charge's id. From the upstream's clearing account or the user's wallet.
    CHARGE = "charge"
    #: Reference: the refund's id. Takes a charge, or a captured hold, back.
    REFUND = "refund"
    #: Reference: the top-up's id. From Stripe's clearing account to the wallet.
    TOP_UP = "top_up"
    #: Reference: Stripe's refund. Takes a top-up back.
    TOP_UP_REVERSAL = "top_up_reversal"
    #: Reference: Stripe's dispute. From the wallet to the frozen account.
    DISPUTE_OPENED = "dispute_opened"
    #: Reference: Stripe's dispute. Back to the wallet.
    DISPUTE_WON = "dispute_won"
    #: Reference: Stripe's dispute. From the frozen account to Stripe's clearing account.
    DISPUTE_LOST = "dispute_lost"
    #: Reference: what made the loss. From the operator's loss account.
    WRITE_OFF = "write_off"
    #: Reference: the hold's id, in all three.
    HOLD_PLACED = "hold_placed"
    HOLD_CAPTURED = "hold_captured"
    HOLD_RELEASED = "hold_released"
    #: Reference: the operator's reason, by the item that it closes.
    CORRECTION = "correction"


@dataclass(frozen=True, kw_only=True, slots=True)
class Movement:
    """An amount that leaves ``source`` and arrives at ``destination``."""

    source: AccountName
    destination: AccountName
    amount: int

    def __post_init__(self) -> None:
        if self.source.asset != self.destination.asset:
            msg = "a movement keeps its asset"
            raise ValueError(msg)
        if self.source == self.destination:
            msg = "a movement goes from one account to another"
            raise ValueError(msg)
        if self.amount < 0:
            msg = "a movement the other way has its accounts exchanged, not its sign"
            raise ValueError(msg)


@dataclass(frozen=True, kw_only=True, slots=True)
class TransferWish:
    """One event of money: what it is about, and what moves. A movement of nothing is left out."""

    kind: TransferKind
    reference: str
    movements: tuple[Movement, ...]
    #: The id of the transfer that this one takes back, whole or in part.
    reverses: str | None = None

    def __post_init__(self) -> None:
        moving = tuple(movement for movement in self.movements if movement.amount)
        if not moving:
            msg = "a transfer moves something"
            raise ValueError(msg)
        object.__setattr__(self, "movements", moving)

    @property
    def accounts(self) -> set[AccountName]:
        """Every account that it touches."""
        return {name for movement in self.movements for name in (movement.source, movement.destination)}

    def debits(self) -> dict[AccountName, int]:
        """Return what leaves each account; credits of the same transfer do not count against it."""
        sums: dict[AccountName, int] = {}
        for movement in self.movements:
            sums[movement.source] = sums.get(movement.source, 0) + movement.amount
        return sums


@dataclass(frozen=True, kw_only=True, slots=True)
class Head:
    """What a transfer is given when it is written."""

    id: str
    created_at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Receipt:
    """What a wish became."""

    transfer_id: str
    #: True when it had been recorded before, by the same kind and reference; then nothing moved now.
    replayed: bool
