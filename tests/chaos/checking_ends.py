"""The checks of what comes after: holds to their end, refunds, and money that went back at Stripe."""

from collections import Counter, defaultdict
from collections.abc import Iterator

from sqlalchemy import select

from oauth_app import clock
from oauth_app.db import reading
from oauth_app.ledger import AccountName, get_balance
from oauth_app.models import Posting, Transfer
from tests.chaos.evidence import AtStripe, Evidence

#: What a hold's transfers are, by what became of it; a capture in part also releases the rest.
_TRANSFERS = {
    "pending": {"hold_placed"},
    "captured": {"hold_placed", "hold_captured"},
    "voided": {"hold_placed", "hold_released"},
    "expired": {"hold_placed", "hold_released"},
}


def holds_have_one_end(evidence: Evidence) -> Iterator[str]:
    """A hold is captured as one charge of that amount, or given back whole; none outlives its time, none is early."""
    kinds: dict[str, Counter[str]] = defaultdict(Counter)
    with reading(evidence.hub.engine) as session:
        rows = select(Transfer.reference, Transfer.kind).where(Transfer.kind.startswith("hold_"))
        for reference, kind in session.execute(rows):
            kinds[reference][kind] += 1
    charged: dict[str | None, list[int]] = defaultdict(list)
    for charge in evidence.charges:
        charged[charge.hold_id].append(charge.amount)
    for hold, _ in evidence.holds:
        wanted = Counter(_TRANSFERS[hold.status])
        if hold.status == "captured" and hold.captured_amount < hold.amount:
            wanted["hold_released"] = 1
        if kinds[hold.id] != wanted:
            yield f"{hold.id} is {hold.status}, with the transfers {dict(kinds[hold.id])}"
        if charged.get(hold.id, []) != ([hold.captured_amount] if hold.status == "captured" else []):
            yield f"{hold.id} is {hold.status} with {hold.captured_amount}, and charged as {charged.get(hold.id)}"


def holds_end_in_time(evidence: Evidence) -> Iterator[str]:
    """A hold whose time is over has expired, not before, and is not captured after."""
    # The jobs were done at a later hour than this.
    now = clock.now()
    for hold, _ in evidence.holds:
        is_late = hold.status == "pending" and hold.expires_at < now
        if is_late or (hold.status == "expired" and hold.settled_at < hold.expires_at):
            yield f"{hold.id} is {hold.status}, and its time was over at {hold.expires_at}"
        if hold.status == "captured" and hold.settled_at >= hold.expires_at:
            yield f"{hold.id} was captured at {hold.settled_at}, after its time"


def held_money_is_of_open_holds(evidence: Evidence) -> Iterator[str]:
    """To the unit: what is reserved of a user's money is what their open holds say."""
    should: Counter[tuple[str, str]] = Counter()
    for hold, _ in evidence.holds:
        should[hold.user_id, hold.asset] += hold.amount if hold.status == "pending" else 0
    with reading(evidence.hub.engine) as session:
        for (user_id, asset), amount in should.items():
            held = get_balance(session, AccountName.held(user_id, asset))
            if held != amount:
                yield f"{user_id} has {held} {asset} reserved, and open holds of {amount}"


def nothing_is_unasked(evidence: Evidence) -> Iterator[str]:
    """Each charge, hold and refund was asked for under its key, with this amount; each key did one thing."""
    made = [(row.idempotency_key, row.id, row.amount) for row in (*evidence.charges, *evidence.refunds)]
    made += [(request.idempotency_key, hold.id, hold.amount) for hold, request in evidence.holds]
    for key, row_id, amount in made:
        wish = evidence.promises.asked.get(key)
        if wish is None or wish.get("amount", amount) != amount:
            yield f"{row_id} of {amount} came of {key}, which asked for {wish}"
    for key, times in Counter(key for key, _, _ in made).items():
        if times > 1:
            yield f"{key} did {times} things"


def refunds_are_paid_once(evidence: Evidence) -> Iterator[str]:
    """Each refund has moved its amount once; of no charge more is given back than it took."""
    moved: Counter[str] = Counter()
    with reading(evidence.hub.engine) as session:
        rows = (
            select(Transfer.reference, Posting.amount)
            .join(Posting, Posting.transfer_id == Transfer.id)
            .where(Transfer.kind == "refund")
        )
        for reference, amount in session.execute(rows):
            moved[reference] += amount
    given_back: Counter[str] = Counter()
    for refund in evidence.refunds:
        given_back[refund.charge_id] += refund.amount
        if moved.pop(refund.id, 0) != refund.amount:
            yield f"{refund.id} of {refund.amount} has moved another amount"
    for reference in moved:
        yield f"{reference} was refunded, and there is no row of it"
    for charge in evidence.charges:
        if not given_back[charge.id] == charge.refunded <= charge.amount:
            yield f"{charge.id} of {charge.amount} has refunds of {given_back[charge.id]}, noted {charge.refunded}"


def what_went_back_is_taken_back(evidence: Evidence) -> Iterator[str]:
    """To the unit: what refunds and disputes took at Stripe is taken from the user here, and nothing else is."""
    for top_up in evidence.top_ups:
        order = evidence.outside.stripe.get(top_up.id, AtStripe())
        if top_up.provider == "stripe" and top_up.reversed != order.gone:
            yield f"{top_up.id} has {top_up.reversed} taken back, and at Stripe {order.gone} went back"
        if order.paid and top_up.status != _status_of(order):
            yield f"{top_up.id} is {top_up.status}, and at Stripe it is {_status_of(order)}"


def alarms_are_right(evidence: Evidence) -> Iterator[str]:
    """The operator is alarmed of what is owed, and of more going back than came in; everything else was placed."""
    orders = evidence.outside.stripe
    said = {evidence.outside.marks.get(alarm.object_id, "") for alarm in evidence.alarms if alarm.outcome == "mismatch"}
    for alarm in evidence.alarms:
        if alarm.outcome not in {"owed", "mismatch"}:
            yield f"{alarm.id} of {alarm.object_id} was not placed: {alarm.outcome}"
    for mark, order in orders.items():
        if order.refunded + order.disputed > order.amount and mark not in said:
            yield f"nobody was told that {order.refunded} + {order.disputed} of {order.amount} went back for {mark}"
    for mark in said:
        if mark not in orders or orders[mark].ever_asked <= orders[mark].amount:
            yield f"a mismatch was told of {mark}, and there is none"


def _status_of(order: AtStripe) -> str:
    if order.dispute_is_open:
        return "disputed"
    return "refunded" if order.gone == order.amount else "paid"


ENDS = (
    holds_have_one_end,
    holds_end_in_time,
    held_money_is_of_open_holds,
    nothing_is_unasked,
    refunds_are_paid_once,
    what_went_back_is_taken_back,
    alarms_are_right,
)
