"""Membership: a gift of topping up. 20 CNY give a month of VIP, 40 CNY in total give six.

The six months count from the payment that began the accumulation. What Premium takes
is published nowhere, so nobody gets it unless the configuration names a sum.
"""

import calendar
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from oauth_app.sandbox.accounts import Account
from oauth_app.sandbox.clock import now_s
from oauth_app.sandbox.config import Config
from oauth_app.sandbox.money import CENTS_PER_FEN
from oauth_app.sandbox.store import Store

#: Payments add up for that long, counted from the first of them.
_WINDOW_MONTHS: Final = 6


@dataclass(frozen=True)
class Payment:
    """A top-up: when, and how much in hundredths of a CNY."""

    at_s: int
    fen: int


@dataclass(frozen=True)
class Rung:
    """What a sum of payments gives."""

    fen: int
    months: int


VIP: Final = (Rung(2_000, 1), Rung(4_000, _WINDOW_MONTHS))


@dataclass(frozen=True, kw_only=True)
class Membership:
    """Until when an account has its tiers; None means that it never had one."""

    vip_until_s: int | None
    premium_until_s: int | None

    @property
    def tier(self) -> str:
        """The tier at present: Free, VIP or Premium."""
        if (self.premium_until_s or 0) > now_s():
            return "Premium"
        return "VIP" if (self.vip_until_s or 0) > now_s() else "Free"


def membership_of(store: Store, config: Config, account: Account) -> Membership:
    """Return what an account has by its top-ups, or was given by the seed."""
    query = "SELECT created_at_s, cents FROM movement WHERE account_id = ? AND kind = 'top_up' ORDER BY id"
    rows = store.rows(query, account.id)
    payments = [Payment(row["created_at_s"], row["cents"] // CENTS_PER_FEN) for row in rows]
    earned = [until_s for until_s in (account.vip_until_s, earned_until_s(payments, VIP)) if until_s]
    premium = (Rung(config.premium_fen, _WINDOW_MONTHS),) if config.premium_fen else ()
    return Membership(
        vip_until_s=max(earned, default=None),
        premium_until_s=earned_until_s(payments, premium),
    )


def earned_until_s(payments: Iterable[Payment], rungs: Sequence[Rung]) -> int | None:
    """Return until when payments give a tier.

    An accumulation ends six months after its first payment or when it has reached the last
    rung; the next payment begins another. The last rung counts from the first payment, the
    others from the payment that reached them.
    """
    until_s = began_s = total_fen = 0
    for payment in payments if rungs else ():
        if total_fen >= rungs[-1].fen or payment.at_s >= months_after(began_s, _WINDOW_MONTHS):
            began_s, total_fen = payment.at_s, 0
        total_fen += payment.fen
        for rung in rungs:
            if total_fen >= rung.fen:
                start_s = began_s if rung is rungs[-1] else payment.at_s
                until_s = max(until_s, months_after(start_s, rung.months))
    return until_s or None


def months_after(moment_s: int, months: int) -> int:
    """Return the same time of the same day some months later, or the month's last day when it has no such day."""
    moment = datetime.fromtimestamp(moment_s, UTC)
    year, month = divmod(moment.year * 12 + moment.month - 1 + months, 12)
    day = min(moment.day, calendar.monthrange(year, month + 1)[1])
    return int(moment.replace(year=year, month=month + 1, day=day).timestamp())
