"""``/hub/v1/events``: what happened, to look at and to be told once more."""

from flask import Blueprint
from flask.typing import ResponseReturnValue

from oauth_app.api.client_guard import current_partner_id, require_client
from oauth_app.api.operations import Operation, answer, describes, read_body, read_query
from oauth_app.api.problems import answer_problems
from oauth_app.api.schemas import ListAnswer
from oauth_app.api.webhook_schemas import EventAnswer, EventListQuery, NoQuery, ResendRequest, ResentAnswer
from oauth_app.db import reading, transaction
from oauth_app.hub import current_hub
from oauth_app.models import Event
from oauth_app.services.event_lists import EventFilter, get_event, list_events, resend_event, resend_range
from oauth_app.services.paging import PageWish
from oauth_app.services.webhook_sending import event_object

bp = Blueprint("events", __name__, url_prefix="/hub/v1/events")
bp.before_request(require_client)
answer_problems(bp)


@bp.get("")
@describes(Operation(is_for_client=True, query=EventListQuery, answers={200: ListAnswer[EventAnswer]}))
def index() -> ResponseReturnValue:
    """List what happened to your money and users, newest first."""
    query = read_query(EventListQuery)
    wanted = EventFilter(
        partner_id=current_partner_id(),
        type=query.type,
        object_id=query.object,
        since=query.since,
        until=query.until,
    )
    with reading(current_hub().engine) as session:
        page = list_events(session, wanted, PageWish(limit=query.limit, after=query.cursor))
    return answer(ListAnswer[EventAnswer](data=[_shown(row) for row in page.rows], next_cursor=page.next_cursor))


@bp.get("/<event_id>")
@describes(Operation(is_for_client=True, query=NoQuery, answers={200: EventAnswer}, problems=("unknown_event",)))
def show(event_id: str) -> ResponseReturnValue:
    """Show one event."""
    read_query(NoQuery)
    with reading(current_hub().engine) as session:
        return answer(_shown(get_event(session, current_partner_id(), event_id)))


@bp.post("/<event_id>/resend")
@describes(Operation(is_for_client=True, answers={202: ResentAnswer}, problems=("unknown_event",)))
def resend(event_id: str) -> ResponseReturnValue:
    """Send one event once more, to every endpoint that wants it; its id stays the same."""
    with transaction(current_hub().engine) as session:
        count = resend_event(session, get_event(session, current_partner_id(), event_id))
    return answer(ResentAnswer(deliveries=count, next_after=None), 202)


@bp.post("/resend")
@describes(
    Operation(
        is_for_client=True, body=ResendRequest, answers={202: ResentAnswer}, problems=("unknown_webhook_endpoint",)
    )
)
def resend_many() -> ResponseReturnValue:
    """Send the events since a moment once more, oldest first, 500 for each call."""
    body = read_body(ResendRequest)
    wanted = EventFilter(partner_id=current_partner_id(), type=body.type, since=body.since, until=body.until)
    with transaction(current_hub().engine) as session:
        resent = resend_range(session, wanted, after=body.after, endpoint_id=body.endpoint)
    return answer(ResentAnswer(deliveries=resent.deliveries, next_after=resent.next_after), 202)


def _shown(row: Event) -> EventAnswer:
    return EventAnswer.model_validate(event_object(row))
