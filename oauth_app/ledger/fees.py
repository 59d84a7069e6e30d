"""How a charge is shared between partner and operator. The rounding rule stands here and nowhere else.

The operator's fee is ``amount × basis points / 10 000``, rounded down; the partner gets the rest. A refund
gives back ``fee × refunded / amount``, rounded down, of all that was refunded so far, less what was given
back before. So no unit is lost or made: shares add up to the amount, and refunds of the whole to the whole.
"""

from dataclasses import dataclass

from oauth_app.ledger.accounts import AccountKind, AccountName
from oauth_app.ledger.movements import Movement

_WHOLE_BASIS_POINTS = 10_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Split:
    """An amount and how it is shared."""

    partner: int
    fee: int

    @property
    def amount(self) -> int:
        """The whole."""
        return self.partner + self.fee


def split_amount(amount: int, basis_points: int) -> Split:
    """Return the shares of an amount: the fee is rounded down, the fraction of a unit is the partner's."""
    fee = amount * basis_points // _WHOLE_BASIS_POINTS
    return Split(partner=amount - fee, fee=fee)


def split_refund(charged: Split, *, refunded_before: int, amount: int) -> Split:
    """Return who gives back how much of a refund, so that any sequence of refunds ends with the shares charged.

    Args:
        charged: the shares of the charge.
        refunded_before: the sum of all its earlier refunds.
        amount: what is refunded now; with the earlier ones at most the whole.
    """
    before = charged.fee * refunded_before // charged.amount
    fee = charged.fee * (refunded_before + amount) // charged.amount - before
    return Split(partner=amount - fee, fee=fee)


def share_out(source: AccountName, partner_id: str, split: Split) -> tuple[Movement, ...]:
    """Return the movements that pay a charge from ``source`` to partner and operator."""
    earnings = AccountName.earnings(partner_id, source.asset)
    fees = AccountName(kind=AccountKind.PLATFORM_FEES, asset=source.asset)
    return (
        Movement(source=source, destination=earnings, amount=split.partner),
        Movement(source=source, destination=fees, amount=split.fee),
    )


def take_back(destination: AccountName, partner_id: str, split: Split) -> tuple[Movement, ...]:
    """Return the movements that refund a charge from partner and operator to ``destination``."""
    return tuple(
        Movement(source=share.destination, destination=share.source, amount=share.amount)
        for share in share_out(destination, partner_id, split)
    )
