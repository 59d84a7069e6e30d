"""What is paid at Stripe and bears our mark, listed there: so a payment is found of which no row is left here."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice

from sqlalchemy import select

from oauth_app import clock
from oauth_app.db import reading
from oauth_app.hub import Hub
from oauth_app.models import ReconciliationRun
from oauth_app.payments import OrderState, OrderStatus, PaymentsError, StripeGateway
from oauth_app.services.reconciliation_findings import Patience, Side

#: The first run looks so far back, and none looks further. Banks let a payment be disputed for some 120 days.
WINDOW = timedelta(days=120)
#: Orders are listed by when they were made: a session is paid in a day, or by a bank in some more; and so far back
#: may a backup reach from which the rows came.
_AT_LEAST = timedelta(days=7)
#: An invoice is due in seven days, and some are paid long after.
_INVOICES_LIVE = timedelta(days=60)
#: Of each list.
_MOST = 10_000
_PATIENCE = timedelta(seconds=60)
_RUNS = 50

#: Said of a list that was too long: the next run looks as far back again.
CUT = "cut"


@dataclass(frozen=True, kw_only=True)
class Listed:
    """Orders that are paid and ours, how many of each kind were read, and what went wrong."""

    paid: Sequence[OrderState]
    counts: dict[str, int]
    problem: str | None


def list_paid(hub: Hub, gateway: StripeGateway) -> Listed:
    """Return what was paid since the last run that saw everything, and some days before. Owns its transactions."""
    since = _since(hub)
    sources: dict[str, Callable[[], Iterator[OrderState]]] = {
        # Before the sessions: of a session and its payment, the one that is read later gives the difference its name.
        "payments_listed": lambda: gateway.payments_since(since),
        "sessions_listed": lambda: gateway.sessions_since(since),
        "invoices_listed": lambda: gateway.paid_invoices_since(max(since - _INVOICES_LIVE, clock.now() - WINDOW)),
    }
    counts, paid, patience = dict.fromkeys(sources, 0), list[OrderState](), Patience(_PATIENCE)
    try:
        for name, read in sources.items():
            for state in islice(read(), _MOST):
                counts[name] += 1
                if _is_paid_and_ours(state, gateway):
                    paid.append(state)
                if patience.is_over or counts[name] == _MOST:
                    return Listed(paid=paid, counts=counts, problem=CUT)
    except PaymentsError as error:
        return Listed(paid=paid, counts=counts, problem=type(error).__name__)
    return Listed(paid=paid, counts=counts, problem=None)


def _is_paid_and_ours(state: OrderState, gateway: StripeGateway) -> bool:
    return state.status is OrderStatus.PAID and bool(state.top_up_id) and state.livemode == gateway.livemode


def _since(hub: Hub) -> datetime:
    now = clock.now()
    ended = select(ReconciliationRun).where(ReconciliationRun.ended_at.is_not(None))
    with reading(hub.engine) as session:
        runs = session.scalars(ended.order_by(ReconciliationRun.started_at.desc()).limit(_RUNS)).all()
    saw_all = (run.started_at for run in runs if _saw_all(run))
    return max(next(saw_all, now - WINDOW) - _AT_LEAST, now - WINDOW)


def _saw_all(run: ReconciliationRun) -> bool:
    # A run of before invoices were listed has not seen them; one without a key of Stripe's has seen nothing.
    summary = run.summary.get(Side.STRIPE, {})
    return "invoices_listed" in summary and summary.get("problem") is None
