"""The log of Stripe's events, and the alarms in it: what the operator must look at."""

import logging

from sqlalchemy.orm import Session

from oauth_app import clock
from oauth_app.db import insert_into
from oauth_app.models import StripeEvent
from oauth_app.payments import VerifiedEvent
from oauth_app.services.stripe_booking import Outcome

_log = logging.getLogger(__name__)

#: The type of an alarm that no event has told of: the hub found it by looking.
FOUND_BY_LOOKING = "hub.found_by_looking"


def find_outcome(session: Session, event_id: str) -> Outcome | None:
    """Return what the event did; None if it has done nothing yet that is final."""
    earlier = session.get(StripeEvent, event_id)
    outcome = Outcome(earlier.outcome) if earlier else None
    # Its order may appear yet: the row of an order that died while it was made, or was restored from a backup.
    return None if outcome is Outcome.UNKNOWN_ORDER else outcome


def note_event(session: Session, event: VerifiedEvent, outcome: Outcome) -> None:
    """Write what the event did, in the transaction in which it did it. The caller commits."""
    _write(session, (event.id, event.type, event.object_id), outcome, {"created_at": event.created_at})


def raise_alarm(session: Session, object_id: str, outcome: Outcome) -> None:
    """Write for the operator what was found without an event; the same finding twice is one. The caller commits."""
    name = (f"{outcome}:{object_id}", FOUND_BY_LOOKING, object_id)
    if session.get(StripeEvent, name[0]) is not None:
        return  # the poller looks again and again; it has been told
    _write(session, name, outcome, {"created_at": clock.now()})


def _write(session: Session, name: tuple[str, str, str], outcome: Outcome, more: dict[str, object]) -> None:
    event_id, event_type, object_id = name
    if outcome.needs_look:
        _log.error("alarm: %s about Stripe's %s (%s, %s)", outcome, object_id, event_id, event_type)
    values = {
        "id": event_id,
        "type": event_type[:64],
        "object_id": object_id,
        "outcome": outcome,
        "needs_look": outcome.needs_look,
        "received_at": clock.now(),
    }
    insert = insert_into(session, StripeEvent).values(**values, **more)
    change = {"outcome": outcome, "needs_look": outcome.needs_look}
    session.execute(insert.on_conflict_do_update(index_elements=[StripeEvent.id], set_=change))
