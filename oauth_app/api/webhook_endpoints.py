"""``/hub/v1/webhook-endpoints``: where a partner wants to be told of what happens."""

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from oauth_app import clock
from oauth_app.api.client_guard import current_partner_id, require_client
from oauth_app.api.operations import Operation, answer, describes, read_body, read_query
from oauth_app.api.problems import answer_problems
from oauth_app.api.schemas import ListAnswer
from oauth_app.api.webhook_schemas import (
    DeletedAnswer,
    DeliveryAnswer,
    EndpointAnswer,
    EndpointChange,
    EndpointRequest,
    EventAnswer,
    NoQuery,
    OwnListQuery,
)
from oauth_app.db import reading, transaction
from oauth_app.hub import current_hub
from oauth_app.models import WebhookEndpoint
from oauth_app.services import webhook_endpoints as domain
from oauth_app.services.event_lists import DeliveryRecord, get_event, list_deliveries
from oauth_app.services.events import record_ping
from oauth_app.services.idempotency import check_key
from oauth_app.services.paging import PageWish
from oauth_app.services.webhook_sending import event_object

bp = Blueprint("webhook_endpoints", __name__, url_prefix="/hub/v1/webhook-endpoints")
bp.before_request(require_client)
answer_problems(bp)

_UNKNOWN = ("unknown_webhook_endpoint",)


@bp.post("")
@describes(
    Operation(
        is_for_client=True,
        is_idempotent=True,
        body=EndpointRequest,
        answers={201: EndpointAnswer, 200: EndpointAnswer},
        problems=("too_many_endpoints",),
    )
)
def create() -> ResponseReturnValue:
    """Register an endpoint; its secret is in this answer only (and in that of an equal request)."""
    key = check_key(request.headers.get("Idempotency-Key"))
    hub, body = current_hub(), read_body(EndpointRequest)
    domain.check_url(hub.outside, body.url)
    wish = domain.EndpointWish(
        partner_id=current_partner_id(), url=body.url, event_types=body.event_types, idempotency_key=key
    )
    with transaction(hub.engine) as session:
        receipt = domain.register_endpoint(session, hub.vault, wish)
    return answer(_shown(receipt.endpoint, receipt.secret), 200 if receipt.replayed else 201)


@bp.get("")
@describes(Operation(is_for_client=True, query=OwnListQuery, answers={200: ListAnswer[EndpointAnswer]}))
def index() -> ResponseReturnValue:
    """List your endpoints, newest first."""
    query = read_query(OwnListQuery)
    with reading(current_hub().engine) as session:
        page = domain.list_endpoints(session, current_partner_id(), PageWish(limit=query.limit, after=query.cursor))
    return answer(ListAnswer[EndpointAnswer](data=[_shown(row) for row in page.rows], next_cursor=page.next_cursor))


@bp.get("/<endpoint_id>")
@describes(Operation(is_for_client=True, query=NoQuery, answers={200: EndpointAnswer}, problems=_UNKNOWN))
def show(endpoint_id: str) -> ResponseReturnValue:
    """Show one endpoint."""
    read_query(NoQuery)
    with reading(current_hub().engine) as session:
        return answer(_shown(domain.get_endpoint(session, current_partner_id(), endpoint_id)))


@bp.patch("/<endpoint_id>")
@describes(Operation(is_for_client=True, body=EndpointChange, answers={200: EndpointAnswer}, problems=_UNKNOWN))
def change(endpoint_id: str) -> ResponseReturnValue:
    """Change which events it is told of, or switch it off and on."""
    body = read_body(EndpointChange)
    with transaction(current_hub().engine) as session:
        endpoint = domain.get_endpoint(session, current_partner_id(), endpoint_id, is_locked=True)
        if body.event_types is not None:
            domain.change_event_types(endpoint, body.event_types)
        if body.enabled is not None:
            domain.switch_endpoint(endpoint, is_enabled=body.enabled)
    return answer(_shown(endpoint))


@bp.delete("/<endpoint_id>")
@describes(Operation(is_for_client=True, answers={200: DeletedAnswer}, problems=_UNKNOWN))
def delete(endpoint_id: str) -> ResponseReturnValue:
    """Delete it; what still waits for it is given up."""
    with transaction(current_hub().engine) as session:
        domain.delete_endpoint(session, current_partner_id(), endpoint_id)
    return answer(DeletedAnswer(id=endpoint_id))


@bp.post("/<endpoint_id>/rotate-secret")
@describes(Operation(is_for_client=True, answers={200: EndpointAnswer}, problems=_UNKNOWN))
def rotate_secret(endpoint_id: str) -> ResponseReturnValue:
    """Give it a new secret; for 24 hours everything is signed by the old one, too."""
    hub = current_hub()
    with transaction(hub.engine) as session:
        receipt = domain.rotate_endpoint_secret(session, hub.vault, current_partner_id(), endpoint_id)
    return answer(_shown(receipt.endpoint, receipt.secret))


@bp.post("/<endpoint_id>/test")
@describes(Operation(is_for_client=True, answers={202: EventAnswer}, problems=_UNKNOWN))
def test(endpoint_id: str) -> ResponseReturnValue:
    """Send it an event of type ``ping``."""
    with transaction(current_hub().engine) as session:
        endpoint = domain.get_endpoint(session, current_partner_id(), endpoint_id)
        event = get_event(session, endpoint.partner_id, record_ping(session, endpoint))
    return answer(EventAnswer.model_validate(event_object(event)), 202)


@bp.get("/<endpoint_id>/deliveries")
@describes(
    Operation(is_for_client=True, query=OwnListQuery, answers={200: ListAnswer[DeliveryAnswer]}, problems=_UNKNOWN)
)
def deliveries(endpoint_id: str) -> ResponseReturnValue:
    """List what was sent to it in the last 30 days, and what waits, newest first."""
    query = read_query(OwnListQuery)
    wish = PageWish(limit=query.limit, after=query.cursor)
    with reading(current_hub().engine) as session:
        page = list_deliveries(session, current_partner_id(), endpoint_id, wish)
    shown = [_shown_delivery(record) for record in page.rows]
    return answer(ListAnswer[DeliveryAnswer](data=shown, next_cursor=page.next_cursor))


def _shown(row: WebhookEndpoint, secret: str | None = None) -> EndpointAnswer:
    return EndpointAnswer(
        id=row.id,
        url=row.url,
        event_types=row.event_types,
        enabled=row.disabled_at is None,
        secret=secret,
        created_at=clock.rfc3339(row.created_at),
    )


def _shown_delivery(record: DeliveryRecord) -> DeliveryAnswer:
    row, is_done = record.delivery, record.delivery.done_at is not None
    return DeliveryAnswer(
        id=row.id,
        event=record.event.id,
        type=record.event.type,
        status="waiting" if not is_done else "taken" if row.was_taken else "given_up",
        attempts=row.attempts,
        last_status=row.last_status,
        last_error=row.last_error,
        next_attempt_at=None if is_done else clock.rfc3339(row.next_attempt_at),
        created_at=clock.rfc3339(row.created_at),
        done_at=clock.rfc3339(row.done_at) if row.done_at else None,
    )
