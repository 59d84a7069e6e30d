"""Events to look at and to send once more, and what became of each delivery."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from oauth_app.models import Delivery, Event, EventDelivery, WebhookEndpoint
from oauth_app.services.events import send_to, wants
from oauth_app.services.paging import Page, PageWish, read_page
from oauth_app.services.webhook_endpoints import get_endpoint
from oauth_app.services.webhook_errors import EndpointOffError, UnknownDeliveryError, UnknownEventError

#: At most so many in one transaction; the answer says where to go on.
RESEND_BATCH = 500


@dataclass(frozen=True, kw_only=True)
class EventFilter:
    """Which events; None is any."""

    partner_id: str | None
    type: str | None = None
    object_id: str | None = None
    since: datetime | None = None
    until: datetime | None = None

    def apply(self) -> Select[Event]:
        """Return the query for them."""
        wanted = select(Event)
        for column, value in (
            (Event.partner_id, self.partner_id),
            (Event.type, self.type),
            (Event.object_id, self.object_id),
        ):
            wanted = wanted if value is None else wanted.where(column == value)
        if self.since is not None:
            wanted = wanted.where(Event.created_at >= self.since)
        return wanted if self.until is None else wanted.where(Event.created_at < self.until)


@dataclass(frozen=True, kw_only=True)
class Resent:
    """How many deliveries were made; ``next_after`` is the event to go on after, None when all are done."""

    deliveries: int
    next_after: str | None


@dataclass(frozen=True, kw_only=True)
class DeliveryRecord:
    """One delivery, and the event that it carries."""

    delivery: Delivery
    event: Event


def get_event(session: Session, partner_id: str, event_id: str) -> Event:
    """Return an event of the partner.

    Raises:
        UnknownEventError: there is none; one of another partner is none, too.
    """
    event = read_event(session, event_id)
    if event.partner_id != partner_id:
        raise UnknownEventError(event_id)
    return event


def read_event(session: Session, event_id: str) -> Event:
    """Return an event of any partner, for the operator.

    Raises:
        UnknownEventError: there is none.
    """
    event = session.get(Event, event_id)
    if event is None:
        raise UnknownEventError(event_id)
    return event


def read_events(session: Session, wanted: EventFilter) -> Sequence[Event]:
    """Return all of the events, oldest first."""
    return session.scalars(wanted.apply().order_by(Event.id)).all()


def list_events(session: Session, wanted: EventFilter, wish: PageWish) -> Page[Event]:
    """Return the events, newest first."""
    return read_page(session, wanted.apply(), Event.id, wish)


def resend_event(session: Session, event: Event, endpoint_id: str | None = None) -> int:
    """Send the event once more, to every endpoint that wants it or to one; return to how many. The caller commits.

    Raises:
        UnknownEndpointError: the partner has no such endpoint.
    """
    targets = _targets(session, event.partner_id, endpoint_id)
    wanting = [endpoint for endpoint in targets if wants(endpoint, event.type)]
    for endpoint in wanting:
        send_to(session, event.id, endpoint)
    return len(wanting)


def resend_delivery(session: Session, endpoint: WebhookEndpoint, delivery_id: str) -> str:
    """Send the event of one delivery to its endpoint once more; return the new delivery's id. The caller commits.

    Raises:
        UnknownDeliveryError: it is none of the endpoint's.
        EndpointOffError: the endpoint is switched off.
    """
    link = session.get(EventDelivery, delivery_id)
    if link is None or link.endpoint_id != endpoint.id:
        raise UnknownDeliveryError(delivery_id)
    if endpoint.disabled_at is not None:
        raise EndpointOffError(endpoint.id)
    return send_to(session, link.event_id, endpoint)


def resend_range(
    session: Session, wanted: EventFilter, *, after: str | None = None, endpoint_id: str | None = None
) -> Resent:
    """Send the events once more, oldest first, a batch for each call. The caller commits.

    Raises:
        UnknownEndpointError: the partner has no such endpoint.
    """
    statement = wanted.apply().order_by(Event.id).limit(RESEND_BATCH + 1)
    if after is not None:
        statement = statement.where(Event.id > after)
    found = session.scalars(statement).all()
    batch = found[:RESEND_BATCH]
    count = sum(resend_event(session, event, endpoint_id) for event in batch)
    return Resent(deliveries=count, next_after=batch[-1].id if len(found) > RESEND_BATCH else None)


def list_deliveries(session: Session, partner_id: str, endpoint_id: str, wish: PageWish) -> Page[DeliveryRecord]:
    """Return what was sent, or waits to be sent, to an endpoint, newest first.

    Raises:
        UnknownEndpointError: the partner has no such endpoint.
    """
    endpoint = get_endpoint(session, partner_id, endpoint_id)
    own = select(EventDelivery).where(EventDelivery.endpoint_id == endpoint.id)
    page = read_page(session, own, EventDelivery.delivery_id, wish)
    ids = [link.delivery_id for link in page.rows]
    events = {event.id: event for event in session.scalars(select(Event).where(Event.id.in_(_events_of(ids))))}
    deliveries = {row.id: row for row in session.scalars(select(Delivery).where(Delivery.id.in_(ids)))}
    records = [DeliveryRecord(delivery=deliveries[link.delivery_id], event=events[link.event_id]) for link in page.rows]
    return Page(rows=records, next_cursor=page.next_cursor)


def _events_of(delivery_ids: Sequence[str]) -> Select[str]:
    return select(EventDelivery.event_id).where(EventDelivery.delivery_id.in_(delivery_ids))


def _targets(session: Session, partner_id: str, endpoint_id: str | None) -> Sequence[WebhookEndpoint]:
    if endpoint_id is not None:
        endpoint = get_endpoint(session, partner_id, endpoint_id)
        return [endpoint] if endpoint.disabled_at is None else []
    return session.scalars(
        select(WebhookEndpoint).where(WebhookEndpoint.partner_id == partner_id, WebhookEndpoint.disabled_at.is_(None))
    ).all()
