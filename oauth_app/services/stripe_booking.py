"""Book what Stripe says of an order: only money that is there, once, and only if the order is ours in every detail.

What is booked depends on the state at Stripe alone, never on which event told of it: in whatever order events
come, and however often, the books end the same. No function here asks Stripe, and none commits.
"""

import logging
from enum import StrEnum

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.orm import Session

from oauth_app import clock
from oauth_app.models import AutoTopUp, StripeCustomer, TopUp
from oauth_app.payments import OrderState, OrderStatus, PaymentFacts
from oauth_app.services.events import EventType
from oauth_app.services.top_up_news import tell_of_top_up
from oauth_app.services.top_up_states import CREDITED, WAITING, TopUpStatus
from oauth_app.services.top_up_wishes import STRIPE
from oauth_app.services.wallet import credit_top_up, give_back, take_back

_log = logging.getLogger(__name__)


class Outcome(StrEnum):
    """What an answer of Stripe's did."""

    CREDITED = "credited"
    #: It went on, without money: opened, under way, expired or failed.
    NOTED = "noted"
    UNCHANGED = "unchanged"
    REVERSED = "reversed"
    GIVEN_BACK = "given_back"
    #: Not the hub's: the operator sells other things by Stripe, too.
    FOREIGN = "foreign"
    #: The hub's own mark is on it, but no order of this name is here.
    UNKNOWN_ORDER = "unknown_order"
    #: Amount, currency, mode or order are not those of the row.
    MISMATCH = "mismatch"
    #: The operator told Stripe that an invoice was paid by another way; whether that is so, only they know.
    PAID_ELSEWHERE = "paid_elsewhere"
    #: Stripe does not show what the event is about.
    UNREADABLE = "unreadable"
    #: Money went back that the wallet had no more of; the user owes it.
    OWED = "owed"

    @property
    def needs_look(self) -> bool:
        """Whether money may be at stake that nobody but the operator can place."""
        return self in _NEED_LOOK


_NEED_LOOK = frozenset(
    {Outcome.UNKNOWN_ORDER, Outcome.MISMATCH, Outcome.PAID_ELSEWHERE, Outcome.UNREADABLE, Outcome.OWED}
)

_STATUS_OF: dict[OrderStatus, TopUpStatus] = {
    OrderStatus.OPEN: TopUpStatus.OPEN,
    OrderStatus.PROCESSING: TopUpStatus.PROCESSING,
    OrderStatus.PAID_ELSEWHERE: TopUpStatus.PROCESSING,
    OrderStatus.EXPIRED: TopUpStatus.EXPIRED,
    OrderStatus.FAILED: TopUpStatus.FAILED,
}
_EVENT_OF: dict[TopUpStatus, EventType] = {
    TopUpStatus.OPEN: EventType.TOP_UP_OPENED,
    TopUpStatus.EXPIRED: EventType.TOP_UP_EXPIRED,
    TopUpStatus.FAILED: EventType.TOP_UP_FAILED,
}


def apply_order_state(session: Session, state: OrderState, *, livemode: bool) -> Outcome:
    """Let our row follow the order at Stripe; what is paid is credited, once. The caller commits.

    Args:
        session: the transaction.
        state: the order, as Stripe has just told it.
        livemode: whether our key moves real money; an order of the other mode is not ours.
    """
    by_name = TopUp.id == state.top_up_id if state.top_up_id else TopUp.stripe_order_id == state.order_id
    top_up = _lock(session, by_name)
    if top_up is None:
        return Outcome.UNKNOWN_ORDER if state.top_up_id else Outcome.FOREIGN
    if state.status is OrderStatus.DRAFT:
        return Outcome.UNCHANGED  # whoever makes it is not done: there is nothing to compare, and nothing to pay
    return _apply(session, top_up, state, livemode=livemode)


def apply_payment_facts(session: Session, facts: PaymentFacts) -> Outcome:
    """Take from the wallet what went back at Stripe, and put back what returned. The caller commits.

    Facts are not told in order: the caller sees to it that these are no older than those applied last
    (``TopUp.looks``).
    """
    top_up = _lock(session, TopUp.stripe_payment_intent_id == facts.payment_intent_id)
    if top_up is None:
        return Outcome.UNKNOWN_ORDER if facts.top_up_id else Outcome.FOREIGN
    _count_look(top_up)
    if top_up.status not in CREDITED:
        return Outcome.UNCHANGED
    gone = facts.refunded + facts.disputed
    moved = _move_to(session, top_up, min(gone, top_up.amount))
    outcome = _follow_payment(session, top_up, facts, moved)
    if gone > top_up.amount:
        _log.error("alarm: more went back at Stripe than came in for the top-up %s", top_up.id)
        return Outcome.MISMATCH
    return outcome


def mark_failed(session: Session, top_up_id: str, code: str) -> None:
    """Note that Stripe refused the order: nothing was made, or nothing was paid. The caller commits."""
    top_up = _lock(session, TopUp.id == top_up_id)
    if top_up is not None and top_up.status in WAITING:
        _count_look(top_up)
        top_up.failure_code = code[:64]
        _follow(session, top_up, TopUpStatus.FAILED)


def _apply(session: Session, top_up: TopUp, state: OrderState, *, livemode: bool) -> Outcome:
    _count_look(top_up)
    if not _is_same_order(top_up, state) or state.livemode != livemode:
        _log.error("alarm: Stripe's %s does not fit the top-up %s", state.order_id, top_up.id)
        return Outcome.MISMATCH
    top_up.stripe_order_id = state.order_id
    top_up.url = top_up.url or state.url
    if state.status is OrderStatus.PAID:
        return _credit(session, top_up, state)
    noted = _follow(session, top_up, _STATUS_OF[state.status])
    is_told_paid = state.status is OrderStatus.PAID_ELSEWHERE and top_up.status not in CREDITED
    return Outcome.PAID_ELSEWHERE if is_told_paid else noted


def _lock(session: Session, condition: ColumnElement[bool]) -> TopUp | None:
    query = select(TopUp).where(condition, TopUp.provider == STRIPE).with_for_update()
    return session.scalar(query.execution_options(populate_existing=True))


def _count_look(top_up: TopUp) -> None:
    top_up.looks += 1
    top_up.looked_at = clock.now()


def _is_same_order(top_up: TopUp, state: OrderState) -> bool:
    ours = (top_up.kind, top_up.amount, top_up.asset, top_up.stripe_order_id or state.order_id)
    return ours == (state.kind, state.amount, state.asset, state.order_id)


def _credit(session: Session, top_up: TopUp, state: OrderState) -> Outcome:
    # Money that came after all counts, even if the order had been given up here.
    if top_up.status in CREDITED:
        return Outcome.UNCHANGED
    top_up.status, top_up.settled_at, top_up.failure_code = TopUpStatus.PAID, clock.now(), None
    top_up.stripe_payment_intent_id = state.payment_intent_id
    session.flush()
    credit_top_up(session, top_up)
    _keep_card(session, top_up, state)
    _release(session, top_up, None)
    tell_of_top_up(session, top_up, EventType.TOP_UP_PAID)
    return Outcome.CREDITED


def _follow(session: Session, top_up: TopUp, status: TopUpStatus) -> Outcome:
    # An order that has ended here begins again by a payment only; and what is under way is not open any more.
    known = top_up.status == status or top_up.status not in WAITING
    if known or (status is TopUpStatus.OPEN and top_up.status != TopUpStatus.CREATING):
        return Outcome.UNCHANGED
    top_up.status = status
    if status not in WAITING:
        top_up.settled_at = clock.now()
        top_up.failure_code = top_up.failure_code or ("payment_failed" if status is TopUpStatus.FAILED else None)
        _release(session, top_up, top_up.failure_code or status)
    session.flush()
    if status in _EVENT_OF:
        tell_of_top_up(session, top_up, _EVENT_OF[status])
    return Outcome.NOTED


def _move_to(session: Session, top_up: TopUp, target: int) -> Outcome | None:
    """Take or give what is missing to the target; None if nothing is."""
    difference, reference = target - top_up.reversed, f"{top_up.id}.{top_up.looks}"
    top_up.reversed = target
    session.flush()
    if difference < 0:
        give_back(session, top_up, -difference, reference=reference)
        return Outcome.GIVEN_BACK
    if difference == 0:
        return None
    if owed := take_back(session, top_up, difference, reference=reference):
        _log.error("alarm: of the top-up %s %s went back that the wallet has no more", top_up.id, owed)
        return Outcome.OWED
    return Outcome.REVERSED


def _follow_payment(session: Session, top_up: TopUp, facts: PaymentFacts, moved: Outcome | None) -> Outcome:
    before = top_up.status
    top_up.status = _status_after(top_up, facts)
    is_lost = facts.disputed > 0 and not facts.dispute_is_open
    top_up.failure_code = "dispute_lost" if is_lost else None
    session.flush()
    if moved is None and before == top_up.status:
        return Outcome.UNCHANGED
    tell_of_top_up(session, top_up, _news(top_up, before, moved))
    return moved or Outcome.NOTED


def _news(top_up: TopUp, before: str, moved: Outcome | None) -> EventType:
    if top_up.status == TopUpStatus.DISPUTED != before:
        return EventType.TOP_UP_DISPUTED
    # Given back: a dispute was won, or a refund did not arrive.
    return EventType.TOP_UP_PAID if moved is Outcome.GIVEN_BACK else EventType.TOP_UP_REFUNDED


def _status_after(top_up: TopUp, facts: PaymentFacts) -> TopUpStatus:
    if facts.dispute_is_open:
        return TopUpStatus.DISPUTED
    return TopUpStatus.REFUNDED if top_up.reversed == top_up.amount else TopUpStatus.PAID


def _keep_card(session: Session, top_up: TopUp, state: OrderState) -> None:
    if state.payment_method_id:
        mine = (StripeCustomer.user_id == top_up.user_id, StripeCustomer.livemode == state.livemode)
        session.execute(update(StripeCustomer).where(*mine).values(payment_method_id=state.payment_method_id))


def _release(session: Session, top_up: TopUp, why_stopped: str | None) -> None:
    """Let the automatic top-up that waits for this order go on, or stop it."""
    change = {"top_up_id": None} | ({"stopped_reason": why_stopped} if why_stopped else {})
    session.execute(update(AutoTopUp).where(AutoTopUp.top_up_id == top_up.id).values(**change))
