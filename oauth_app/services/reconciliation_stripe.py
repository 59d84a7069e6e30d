"""Compare top-ups with Stripe: what is paid there is credited here, what is credited is paid, what went back is taken.

Bounded in number and in time; how much was looked at stands in the run. Beyond the bound chance decides, so that
everything has its turn.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import func, select

from oauth_app import clock
from oauth_app.db import reading
from oauth_app.hub import Hub
from oauth_app.models import Difference, TopUp
from oauth_app.payments import OrderKind, OrderState, OrderStatus, PaymentsError, PaymentsRefusedError, StripeGateway
from oauth_app.services.reconciliation_findings import Found, Patience, Report, Side
from oauth_app.services.reconciliation_stripe_lists import WINDOW, list_paid
from oauth_app.services.stripe_looking import Look, ask, name_of
from oauth_app.services.top_up_states import CREDITED
from oauth_app.services.top_up_wishes import STRIPE

#: A payment so young may be on its way into the books.
YOUNG = timedelta(minutes=15)
_MOST_ASKED = 300
_PATIENCE = timedelta(seconds=60)
#: Stripe's word for an object that it does not have.
_NOT_THERE = "resource_missing"


def compare_stripe(hub: Hub) -> Report:
    """Return where top-ups and Stripe disagree. Owns its transactions; none is open while Stripe is asked."""
    if hub.payments is None:
        return Report(side=Side.STRIPE, found=(), summary={"note": "not used: no key of Stripe's is set"})
    listed = list_paid(hub, hub.payments)
    subjects, found = set(_names(listed.paid)), _judge_listed(hub, listed.paid)
    chosen, patience = _choose(hub), Patience(_PATIENCE)
    asked = 0
    for top_up, look in _ask_all(hub.payments, chosen, patience):
        asked += 1
        if _has_moved(hub, top_up):
            continue
        subjects.add(top_up.id)
        found.update({(each.kind, each.subject): each for each in _judge(top_up, look)})
    summary = {**listed.counts, "top_ups": len(chosen), "asked": asked, "problem": listed.problem}
    return Report(side=Side.STRIPE, found=tuple(found.values()), summary=summary, subjects=frozenset(subjects))


def _names(states: Sequence[OrderState]) -> set[str]:
    return {state.top_up_id[:64] for state in states if state.top_up_id}


def _judge_listed(hub: Hub, paid: Sequence[OrderState]) -> dict[tuple[str, str], Found]:
    with reading(hub.engine) as session:
        rows = session.scalars(select(TopUp).where(TopUp.id.in_(_names(paid)))).all()
    known = {row.id: row for row in rows}
    pairs = ((known.get(state.top_up_id or ""), state) for state in paid)
    judged = (_judge_paid(row, state) for row, state in pairs if not _is_money_of_another_order(row, state))
    return {(found.kind, found.subject): found for found in judged if found}


def _is_money_of_another_order(top_up: TopUp | None, state: OrderState) -> bool:
    """Tell whether the payment is how a session was paid, which is judged as the session: both bear our mark."""
    return state.kind is OrderKind.SAVED_CARD and top_up is not None and top_up.kind != OrderKind.SAVED_CARD


def _judge_paid(top_up: TopUp | None, state: OrderState) -> Found | None:
    """Compare an order that is paid at Stripe with our row of it."""
    subject, details = str(state.top_up_id)[:64], {"order": state.order_id, "status": top_up.status if top_up else None}
    wrong = Found(
        kind="paid_not_credited",
        subject=subject,
        asset=state.asset[:8],
        expected=state.amount,
        found=0,
        details=details,
    )
    if top_up is None or top_up.provider != STRIPE:
        return wrong
    if top_up.status not in CREDITED:
        return None if clock.now() - top_up.created_at < YOUNG else wrong
    if (top_up.amount, top_up.asset, top_up.stripe_order_id) == (state.amount, state.asset, state.order_id):
        return None
    credited = {"credited_asset": top_up.asset, "credited_order": top_up.stripe_order_id}
    return Found(
        kind="credited_otherwise",
        subject=subject,
        asset=state.asset[:8],
        expected=state.amount,
        found=top_up.amount,
        details=details | credited,
    )


def _choose(hub: Hub) -> Sequence[TopUp]:
    """Return the orders to ask for: all that have an open difference, and by chance of the others."""
    recent = (TopUp.provider == STRIPE, TopUp.stripe_order_id.is_not(None))
    with reading(hub.engine) as session:
        is_open = (Difference.side == Side.STRIPE, Difference.closed_at.is_(None))
        open_ones = session.scalars(select(Difference.subject).where(*is_open)).all()
        return session.scalars(
            select(TopUp)
            .where(*recent, (TopUp.created_at >= clock.now() - WINDOW) | TopUp.id.in_(open_ones))
            .order_by(TopUp.id.in_(open_ones).desc(), func.random())
            .limit(_MOST_ASKED)
        ).all()


def _ask_all(
    gateway: StripeGateway, chosen: Sequence[TopUp], patience: Patience
) -> Iterator[tuple[TopUp, Look | None]]:
    """Yield each order as Stripe has it, None for one that it does not have; stop at the first failure."""
    for top_up in chosen:
        order = name_of(top_up)
        if patience.is_over or order is None:
            return
        try:
            look = ask(gateway, order)
            # A key shows the orders of its own mode only; play money is none of the other's.
            yield top_up, look if look.state.livemode == gateway.livemode else None
        except PaymentsRefusedError as error:
            if error.code != _NOT_THERE:
                return  # the key, for one: that says nothing about the order
            yield top_up, None
        except PaymentsError:
            return


def _has_moved(hub: Hub, top_up: TopUp) -> bool:
    """Tell whether the hub has booked something of the order since the row was read: then nothing fits together."""
    with reading(hub.engine) as session:
        return session.scalar(select(TopUp.looks).where(TopUp.id == top_up.id)) != top_up.looks


def _judge(top_up: TopUp, look: Look | None) -> Iterator[Found]:
    """Compare our row with the order at Stripe."""
    if look is not None and look.state.status is OrderStatus.PAID:
        if found := _judge_paid(top_up, look.state):
            yield found
    elif top_up.status in CREDITED:
        details = {"order": top_up.stripe_order_id, "at_stripe": look.state.status if look else "unknown"}
        yield _credited(top_up, "credited_not_paid", 0, top_up.amount, details)
    if top_up.status in CREDITED and look is not None and look.facts is not None:
        gone = min(look.facts.refunded + look.facts.disputed, top_up.amount)
        if gone != top_up.reversed:
            parts = {"refunded": look.facts.refunded, "disputed": look.facts.disputed}
            yield _credited(top_up, "reversed_otherwise", gone, top_up.reversed, parts)


def _credited(top_up: TopUp, kind: str, expected: int, found: int, details: Mapping[str, Any]) -> Found:
    return Found(kind=kind, subject=top_up.id, asset=top_up.asset, expected=expected, found=found, details=details)
