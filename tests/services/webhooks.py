"""Endpoints and deliveries in one line, for tests that are about something else."""

from collections.abc import Sequence

from sqlalchemy import select

from oauth_app.db import reading, transaction
from oauth_app.hub import Hub
from oauth_app.models import Delivery, Event, EventDelivery
from oauth_app.outbox import Outcome, lease_due, settle
from oauth_app.services.events import EventType, record_event
from oauth_app.services.webhook_endpoints import EndpointWish, Receipt, register_endpoint
from oauth_app.services.webhook_sending import send_webhook

EXAMPLE = "https://shop.example/webhooks"


def make_endpoint(hub: Hub, partner_id: str, url: str = EXAMPLE, event_types: Sequence[str] = ()) -> Receipt:
    """Register an endpoint; nobody looks whether the address is good."""
    with transaction(hub.engine) as session:
        wish = EndpointWish(partner_id=partner_id, url=url, event_types=event_types)
        return register_endpoint(session, hub.vault, wish)


def happen(
    hub: Hub, partner_id: str, event_type: EventType = EventType.CHARGE_SUCCEEDED, object_id: str = "ch_1"
) -> str:
    """Let something happen to the partner."""
    with transaction(hub.engine) as session:
        return record_event(session, partner_id, event_type, object_id, {"id": object_id, "note": "“ü”"})


def send_all(hub: Hub) -> list[Outcome]:
    """Try everything that is due once, as the worker does, and return how it went."""
    with transaction(hub.engine) as session:
        leases = lease_due(session, limit=16)
    outcomes = [send_webhook(hub, lease) for lease in leases]
    with transaction(hub.engine) as session:
        for lease, outcome in zip(leases, outcomes, strict=True):
            settle(session, lease, outcome)
    return outcomes


def told(hub: Hub, endpoint_id: str) -> list[str]:
    """Return the types of the events that are on their way to the endpoint."""
    on_the_way = (
        select(Event.type)
        .join(EventDelivery, EventDelivery.event_id == Event.id)
        .join(Delivery, Delivery.id == EventDelivery.delivery_id)
        .where(EventDelivery.endpoint_id == endpoint_id)
        .order_by(Event.id)
    )
    with reading(hub.engine) as session:
        return list(session.scalars(on_the_way))


def event_types(hub: Hub, partner_id: str) -> list[str]:
    """Return the types of the partner's events, oldest first."""
    with reading(hub.engine) as session:
        return list(session.scalars(select(Event.type).where(Event.partner_id == partner_id).order_by(Event.id)))
