"""What partners are told of: an event is written with its fact, and so are its deliveries."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from oauth_app import clock
from oauth_app.identifiers import Kind, new_id
from oauth_app.models import Event, EventDelivery, WebhookEndpoint
from oauth_app.outbox import Message, enqueue

#: The kind of message in the outbox.
WEBHOOK = "webhook"


class EventType(StrEnum):
    """What may happen. Partners' programs know these names: never change one."""

    CHARGE_SUCCEEDED = "charge.succeeded"
    CHARGE_DECLINED = "charge.declined"
    CHARGE_FAILED = "charge.failed"
    CHARGE_UNKNOWN = "charge.unknown"
    CHARGE_APPROVAL_REQUIRED = "charge.approval_required"
    CHARGE_REFUNDED = "charge.refunded"
    HOLD_CREATED = "hold.created"
    HOLD_CAPTURED = "hold.captured"
    HOLD_VOIDED = "hold.voided"
    HOLD_EXPIRED = "hold.expired"
    TOP_UP_OPENED = "top_up.opened"
    TOP_UP_PAID = "top_up.paid"
    TOP_UP_EXPIRED = "top_up.expired"
    TOP_UP_FAILED = "top_up.failed"
    TOP_UP_REFUNDED = "top_up.refunded"
    TOP_UP_DISPUTED = "top_up.disputed"
    CONNECTION_LOST = "connection.lost"
    CONSENT_REVOKED = "consent.revoked"


#: Sent to one endpoint, when its partner asks for it: nobody subscribes to it.
PING = "ping"


def record_event(
    session: Session, partner_id: str, event_type: EventType, object_id: str, data: Mapping[str, Any]
) -> str:
    """Write the event, and a delivery to every endpoint that wants it; return its id. The caller commits.

    Args:
        session: the transaction of the fact itself: both happen, or neither.
        partner_id: who is told.
        event_type: what happened.
        object_id: what it happened to, as the partner knows it: a charge's id, a user's ``sub``.
        data: the object as it is now, in the shape of the partner API (``wire_objects``).
    """
    event_id = _insert(session, partner_id, event_type, object_id, data)
    for endpoint in _listeners(session, partner_id, event_type):
        send_to(session, event_id, endpoint)
    return event_id


def record_ping(session: Session, endpoint: WebhookEndpoint) -> str:
    """Write an event that says nothing, for this endpoint alone, and return its id. The caller commits."""
    data = {"object": "webhook_endpoint", "id": endpoint.id}
    event_id = _insert(session, endpoint.partner_id, PING, endpoint.id, data)
    send_to(session, event_id, endpoint)
    return event_id


def send_to(session: Session, event_id: str, endpoint: WebhookEndpoint) -> str:
    """Keep the event to be sent to the endpoint, and return the delivery's id. The caller commits."""
    payload = {"event": event_id, "endpoint": endpoint.id}
    message = Message(kind=WEBHOOK, partner_id=endpoint.partner_id, url=endpoint.url, payload=payload)
    delivery_id = enqueue(session, message)
    link = {"delivery_id": delivery_id, "event_id": event_id, "endpoint_id": endpoint.id}
    session.execute(insert(EventDelivery).values(**link))
    return delivery_id


def wants(endpoint: WebhookEndpoint, event_type: str) -> bool:
    """Tell whether the endpoint asked for events of the type; one that named none asked for all."""
    return not endpoint.event_types or event_type in endpoint.event_types


def _insert(session: Session, partner_id: str, event_type: str, object_id: str, data: Mapping[str, Any]) -> str:
    event_id = new_id(Kind.EVENT)
    values = {"partner_id": partner_id, "type": event_type, "object_id": object_id, "data": dict(data)}
    session.execute(insert(Event).values(id=event_id, created_at=clock.now(), **values))
    return event_id


def _listeners(session: Session, partner_id: str, event_type: EventType) -> list[WebhookEndpoint]:
    enabled = session.scalars(
        select(WebhookEndpoint)
        .where(WebhookEndpoint.partner_id == partner_id, WebhookEndpoint.disabled_at.is_(None))
        .order_by(WebhookEndpoint.id)
    )
    return [endpoint for endpoint in enabled if wants(endpoint, event_type)]
