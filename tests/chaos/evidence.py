"""What is compared: the hub's rows, what partners were told, and the sandbox's own account of what it did."""

import json
import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from oauth_app.db import reading
from oauth_app.hub import Hub
from oauth_app.models import Charge, Hold, HoldRequest, Refund, StripeEvent, TopUp, User
from tests.chaos.driving import Promises

_ORDERS = ("checkout.session", "invoice")
_BACK = (("refund", "payment_intent"), ("dispute", "payment_intent"))
_NEVER_WENT = {"failed", "canceled"}


@dataclass(frozen=True, kw_only=True)
class Movement:
    """A line of an account's statement at OhMyGPT."""

    email: str
    kind: str
    cents: int
    order_id: str
    remark: str


@dataclass(kw_only=True)
class AtStripe:
    """What became of the money of an order at Stripe that bears the hub's mark."""

    #: (amount, asset), as often as it was paid.
    paid: list[tuple[int, str]] = field(default_factory=list)
    refunds: int = 0
    refunded: int = 0
    disputes: int = 0
    #: What banks have taken back, and not returned.
    disputed: int = 0
    dispute_is_open: bool = False
    #: All that ever was on its way back, also what returned.
    ever_asked: int = 0

    @property
    def amount(self) -> int:
        """What came in."""
        return sum(amount for amount, _ in self.paid)

    @property
    def gone(self) -> int:
        """What went back, of what came in."""
        return min(self.amount, self.refunded + self.disputed)


@dataclass(frozen=True, kw_only=True)
class Outside:
    """What the sandbox itself has in its books."""

    movements: tuple[Movement, ...]
    #: Paid units by address.
    balances: dict[str, int]
    #: By the top-up whose mark the order bears, those that were paid.
    stripe: dict[str, AtStripe]
    #: That mark, by every object at Stripe that has to do with it.
    marks: dict[str, str]
    #: How webhooks fared: delivered, lost, and so on.
    deliveries: dict[str, int]
    #: Events that were delivered more than once.
    doubled: int


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """Everything that is compared."""

    hub: Hub
    outside: Outside
    promises: Promises
    charges: tuple[Charge, ...]
    top_ups: tuple[TopUp, ...]
    refunds: tuple[Refund, ...]
    holds: tuple[tuple[Hold, HoldRequest], ...]
    alarms: tuple[StripeEvent, ...]
    emails: dict[str, str]


def gather(hub: Hub, sandbox_file: Path, promises: Promises) -> Evidence:
    """Read both sides."""
    with reading(hub.engine) as session:
        return Evidence(
            hub=hub,
            outside=read_outside(sandbox_file),
            promises=promises,
            charges=tuple(session.scalars(select(Charge).order_by(Charge.id))),
            top_ups=tuple(session.scalars(select(TopUp).order_by(TopUp.id))),
            refunds=tuple(session.scalars(select(Refund).order_by(Refund.id))),
            holds=_holds(session),
            alarms=tuple(session.scalars(select(StripeEvent).where(StripeEvent.needs_look).order_by(StripeEvent.id))),
            emails={user.id: user.email for user in session.scalars(select(User))},
        )


def read_outside(file: Path) -> Outside:
    """Return what the sandbox has written down."""
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as database:
        lines = database.execute(
            "SELECT email, kind, cents, reference, remark FROM movement JOIN account ON account.id = account_id"
        ).fetchall()
        balances = dict(database.execute("SELECT email, paid_cents FROM account").fetchall())
        objects = database.execute("SELECT kind, body FROM stripe_object ORDER BY sequence").fetchall()
        deliveries = dict(database.execute("SELECT status, count(*) FROM stripe_delivery GROUP BY status").fetchall())
        doubled = database.execute(
            "SELECT count(*) FROM (SELECT 1 FROM stripe_delivery WHERE status = 'delivered'"
            " GROUP BY event_id HAVING count(*) > 1)"
        ).fetchone()[0]
    movements = tuple(
        Movement(email=email, kind=kind, cents=cents, order_id=order, remark=remark)
        for email, kind, cents, order, remark in lines
    )
    by_kind: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for kind, body in objects:
        by_kind[kind].append(json.loads(body))
    marks = _marks(by_kind)
    return Outside(
        movements=movements,
        balances=balances,
        stripe=_at_stripe(by_kind, marks),
        marks=marks,
        deliveries=deliveries,
        doubled=doubled,
    )


def _holds(session: Session) -> tuple[tuple[Hold, HoldRequest], ...]:
    rows = session.execute(select(Hold, HoldRequest).join(HoldRequest).order_by(Hold.id)).all()
    return tuple((row[0], row[1]) for row in rows)


def _marks(by_kind: Mapping[str, Iterable[dict[str, Any]]]) -> dict[str, str]:
    marks: dict[str, str] = {}
    for order in (order for kind in _ORDERS for order in by_kind[kind]):
        if mark := (order.get("metadata") or {}).get("hub_top_up"):
            marks[order["id"]] = mark
    # Each follows one that was named before.
    for kind, leads_to in (("payment_intent", "_owner"), ("charge", "payment_intent"), *_BACK):
        marks |= {one["id"]: marks[one[leads_to]] for one in by_kind[kind] if one.get(leads_to) in marks}
    return marks


def _at_stripe(by_kind: Mapping[str, Iterable[dict[str, Any]]], marks: Mapping[str, str]) -> dict[str, AtStripe]:
    paid: dict[str, AtStripe] = defaultdict(AtStripe)
    for order in (order for kind in _ORDERS for order in by_kind[kind]):
        if order["id"] in marks and "paid" in {order.get("payment_status"), order.get("status")}:
            amount = order.get("amount_total") or order.get("amount_paid")
            paid[marks[order["id"]]].paid.append((amount, order["currency"].upper()))
    for kind, _ in _BACK:
        for one in by_kind[kind]:
            if one["id"] in marks:
                _count(paid[marks[one["id"]]], one)
    return dict(paid)


def _count(order: AtStripe, back: dict[str, Any]) -> None:
    order.ever_asked += back["amount"]
    if back["object"] == "refund":
        order.refunds += 1
        order.refunded += 0 if back["status"] in _NEVER_WENT else back["amount"]
        return
    order.disputes += 1
    order.disputed += 0 if back["status"] == "won" else back["amount"]
    order.dispute_is_open |= back["status"] not in {"won", "lost"}
