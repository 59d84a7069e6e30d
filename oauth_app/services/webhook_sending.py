"""One attempt to tell an endpoint of an event; when it is made, and made again, the outbox says."""

import json
from typing import Any

from sqlalchemy.orm import Session

from oauth_app import clock
from oauth_app.db import reading, transaction
from oauth_app.hub import Hub
from oauth_app.models import Event, Partner, WebhookEndpoint
from oauth_app.outbox import Lease, Outcome
from oauth_app.services.webhook_endpoints import disable_gone
from oauth_app.services.webhook_secrets import open_secrets
from oauth_app.services.webhook_signatures import signed_headers

_GONE = 410


def send_webhook(hub: Hub, lease: Lease) -> Outcome:
    """Post the event, signed now. Any 2xx has taken it; 410 switches the endpoint off; no redirect is followed.

    Raises:
        ForbiddenAddressError: the address leads inside, now.
        OutboundFailedError: no answer came.
    """
    with reading(hub.engine) as session:
        event, endpoint = _load(session, lease)
    if event is None or endpoint is None:
        return Outcome(was_taken=False, error="the endpoint is switched off, or not there any more", is_final=True)
    body, now = event_body(event), int(clock.now().timestamp())
    headers = signed_headers(open_secrets(hub.vault, endpoint), event.id, now, body)
    status = hub.outside.post(endpoint.url, body=body, headers={"Content-Type": "application/json", **headers})
    if status == _GONE:
        with transaction(hub.engine) as session:
            disable_gone(session, endpoint.id)
    return _judge(status)


def event_object(event: Event) -> dict[str, Any]:
    """Return the event as it is told, in webhooks and by the partner API alike."""
    return {
        "id": event.id,
        "type": event.type,
        "created_at": clock.rfc3339(event.created_at),
        "data": {"object": event.data},
    }


def event_body(event: Event) -> bytes:
    """Return the bytes that are sent: the same at every attempt, for the names are in order."""
    return json.dumps(event_object(event), ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def _load(session: Session, lease: Lease) -> tuple[Event | None, WebhookEndpoint | None]:
    """Return the event and the endpoint; None for one that may not be told any more."""
    payload, partner_id = lease.message.payload, lease.message.partner_id
    event = session.get(Event, payload["event"])
    endpoint = session.get(WebhookEndpoint, payload["endpoint"])
    partner = session.get(Partner, partner_id)
    if endpoint is None or endpoint.disabled_at is not None or partner is None or partner.disabled_at is not None:
        return event, None
    # Whatever an operator's hand did to the rows: nobody is told of another partner's money.
    is_own = event is not None and event.partner_id == endpoint.partner_id == partner_id
    return (event, endpoint) if is_own else (None, None)


def _judge(status: int) -> Outcome:
    if 200 <= status < 300:
        return Outcome(was_taken=True, status=status)
    return Outcome(was_taken=False, status=status, error=f"answered {status}", is_final=status == _GONE)
