"""``/hub/v1/top-ups``: let the user add money at OhMyGPT, or by Stripe to the wallet here."""

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from oauth_app.api.bearer import current_access, require_access
from oauth_app.api.money_schemas import TopUpQuery
from oauth_app.api.operations import Operation, answer, describes, read_body, read_query
from oauth_app.api.problems import answer_problems
from oauth_app.api.schemas import ListAnswer, PlainQuery, TopUpAnswer, TopUpRequest
from oauth_app.db import reading
from oauth_app.hub import current_hub
from oauth_app.models import TopUp
from oauth_app.services.idempotency import check_key
from oauth_app.services.paging import PageWish
from oauth_app.services.partner_sight import Filter
from oauth_app.services.scopes import Scope
from oauth_app.services.top_up import get_top_up, list_top_ups, open_top_up
from oauth_app.services.top_up_watching import look_at_top_up
from oauth_app.services.top_up_wishes import TopUpKind, TopUpWish
from oauth_app.services.wire_objects import top_up_object

bp = Blueprint("top_ups", __name__, url_prefix="/hub/v1/top-ups")
bp.before_request(require_access)
answer_problems(bp)


@bp.post("")
@describes(
    Operation(
        scope=Scope.TOPUPS_WRITE,
        is_idempotent=True,
        body=TopUpRequest,
        answers={201: TopUpAnswer, 200: TopUpAnswer},
        problems=("connection_lost", "provider_not_enabled", "upstream_unavailable"),
    )
)
def create() -> ResponseReturnValue:
    """Open an order that the user pays at ``url``: 201, or 200 when it was opened before."""
    key = check_key(request.headers.get("Idempotency-Key"))
    access, body = current_access(), read_body(TopUpRequest)
    access.require(Scope.TOPUPS_WRITE)
    wish = TopUpWish(
        user_id=access.user_id,
        partner_id=access.partner_id,
        idempotency_key=key,
        provider=body.provider,
        kind=TopUpKind(body.kind),
        amount=body.amount,
        asset=body.asset,
        return_url=body.return_url,
    )
    receipt = open_top_up(current_hub(), wish)
    return answer(_shown(receipt.top_up), 200 if receipt.replayed else 201)


@bp.get("")
@describes(Operation(scope=Scope.TOPUPS_WRITE, query=TopUpQuery, answers={200: ListAnswer[TopUpAnswer]}))
def index() -> ResponseReturnValue:
    """List the orders you opened for the user, newest first."""
    access, query = current_access(), read_query(TopUpQuery)
    access.require(Scope.TOPUPS_WRITE)
    wanted = Filter(status=query.status, created_after=query.created_after, created_before=query.created_before)
    wish = PageWish(limit=query.limit, after=query.cursor)
    with reading(current_hub().engine) as session:
        page = list_top_ups(session, access, wish, wanted, provider=query.provider)
    return answer(ListAnswer[TopUpAnswer](data=[_shown(row) for row in page.rows], next_cursor=page.next_cursor))


@bp.get("/<top_up_id>")
@describes(Operation(scope=Scope.TOPUPS_WRITE, answers={200: TopUpAnswer}, problems=("unknown_top_up",)))
def show(top_up_id: str) -> ResponseReturnValue:
    """Show one order as it stands at this moment."""
    access, hub = current_access(), current_hub()
    read_query(PlainQuery)
    access.require(Scope.TOPUPS_WRITE)
    with reading(hub.engine) as session:
        get_top_up(session, access, top_up_id)
    return answer(_shown(look_at_top_up(hub, top_up_id)))


def _shown(row: TopUp) -> TopUpAnswer:
    return TopUpAnswer(**top_up_object(row, current_access().subject))
