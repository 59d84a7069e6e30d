"""What a partner is told of the orders that it opened."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from oauth_app.models import Consent, TopUp
from oauth_app.services.events import EventType, record_event
from oauth_app.services.wire_objects import top_up_object


def tell_of_top_up(session: Session, top_up: TopUp, event_type: EventType) -> None:
    """Write the event in the transaction of the fact; the user's own orders are nobody else's affair."""
    if top_up.partner_id is None:
        return
    subject = session.scalar(
        select(Consent.subject).where(Consent.partner_id == top_up.partner_id, Consent.user_id == top_up.user_id)
    )
    record_event(session, top_up.partner_id, event_type, top_up.id, top_up_object(top_up, subject or ""))
