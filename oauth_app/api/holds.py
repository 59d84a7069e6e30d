"""``/hub/v1/holds``: reserve money of the user's wallet, and take it later, or let it go."""

from datetime import timedelta

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from oauth_app.api.bearer import current_access, current_sight, require_access, require_sight
from oauth_app.api.charges import shown_charge
from oauth_app.api.money_schemas import (
    CaptureRequest,
    ChargeAnswer,
    HoldAnswer,
    HoldQuery,
    HoldRequest,
    VoidRequest,
)
from oauth_app.api.operations import Operation, answer, describes, read_body, read_query
from oauth_app.api.problems import answer_problems
from oauth_app.api.schemas import ListAnswer, PlainQuery
from oauth_app.db import reading, transaction
from oauth_app.hub import current_hub
from oauth_app.services.hold_capturing import CaptureWish, capture
from oauth_app.services.hold_views import HoldView, list_holds, view_hold
from oauth_app.services.holds import Reservation, get_hold, place, void
from oauth_app.services.idempotency import check_key
from oauth_app.services.paging import PageWish
from oauth_app.services.partner_sight import Filter, subjects_of
from oauth_app.services.scopes import Scope
from oauth_app.services.wire_objects import hold_object

bp = Blueprint("holds", __name__, url_prefix="/hub/v1/holds")
answer_problems(bp)


@bp.before_request
def require_caller() -> None:
    """Let the user's money be taken only where a user is named who allows it; for the rest the partner will do."""
    if request.endpoint in {"holds.create", "holds.capture_one"}:
        require_access()
    else:
        require_sight()


@bp.post("")
@describes(
    Operation(
        scope=Scope.CHARGES_WRITE,
        is_idempotent=True,
        body=HoldRequest,
        answers={201: HoldAnswer, 200: HoldAnswer},
        problems=("insufficient_funds", "wallet_frozen", "limit_exceeded", "approval_needed", "unsupported_asset"),
    )
)
def create() -> ResponseReturnValue:
    """Reserve money of the user's wallet: 201, or 200 when it was done before."""
    key = check_key(request.headers.get("Idempotency-Key"))
    body = read_body(HoldRequest)
    wish = Reservation(
        amount=body.amount,
        asset=body.asset,
        description=body.description,
        metadata=body.metadata,
        life=timedelta(seconds=body.expires_in),
        idempotency_key=key,
    )
    receipt = place(current_hub(), current_access(), wish)
    return answer(_shown(receipt.view, current_access().subject), 200 if receipt.replayed else 201)


@bp.get("")
@describes(Operation(scope=Scope.CHARGES_WRITE, query=HoldQuery, answers={200: ListAnswer[HoldAnswer]}))
def index() -> ResponseReturnValue:
    """List what was held for you, newest first."""
    sight, query = current_sight(), read_query(HoldQuery)
    wanted = Filter(status=query.status, created_after=query.created_after, created_before=query.created_before)
    with reading(current_hub().engine) as session:
        page = list_holds(session, sight, PageWish(limit=query.limit, after=query.cursor), wanted)
        subjects = subjects_of(session, sight.partner_id, [view.hold.user_id for view in page.rows])
    data = [_shown(view, subjects[view.hold.user_id]) for view in page.rows]
    return answer(ListAnswer[HoldAnswer](data=data, next_cursor=page.next_cursor))


@bp.get("/<hold_id>")
@describes(Operation(scope=Scope.CHARGES_WRITE, answers={200: HoldAnswer}, problems=("unknown_hold",)))
def show(hold_id: str) -> ResponseReturnValue:
    """Show one hold."""
    read_query(PlainQuery)
    sight = current_sight()
    with reading(current_hub().engine) as session:
        view = view_hold(session, get_hold(session, sight, hold_id).id)
        subject = subjects_of(session, sight.partner_id, [view.hold.user_id])[view.hold.user_id]
    return answer(_shown(view, subject))


@bp.post("/<hold_id>/capture")
@describes(
    Operation(
        scope=Scope.CHARGES_WRITE,
        is_idempotent=True,
        body=CaptureRequest,
        answers={201: ChargeAnswer, 200: ChargeAnswer},
        problems=("unknown_hold", "hold_closed", "capture_too_large"),
    )
)
def capture_one(hold_id: str) -> ResponseReturnValue:
    """Take all or a part of what is held, once, and let the rest go: 201 with the charge, or 200 when done before."""
    key = check_key(request.headers.get("Idempotency-Key"))
    body = read_body(CaptureRequest)
    receipt = capture(
        current_hub(), current_access(), CaptureWish(hold_id=hold_id, amount=body.amount, idempotency_key=key)
    )
    return answer(shown_charge(receipt.charge, current_access().subject), 200 if receipt.replayed else 201)


@bp.post("/<hold_id>/void")
@describes(
    Operation(
        scope=Scope.CHARGES_WRITE,
        is_idempotent=True,
        body=VoidRequest,
        answers={200: HoldAnswer},
        problems=("unknown_hold", "hold_closed"),
    )
)
def void_one(hold_id: str) -> ResponseReturnValue:
    """Let the whole hold go."""
    key = check_key(request.headers.get("Idempotency-Key"))
    read_body(VoidRequest)
    sight = current_sight()
    with transaction(current_hub().engine) as session:
        view = void(session, sight, hold_id, key).view
        subject = subjects_of(session, sight.partner_id, [view.hold.user_id])[view.hold.user_id]
    return answer(_shown(view, subject))


def _shown(view: HoldView, subject: str) -> HoldAnswer:
    return HoldAnswer.model_validate(hold_object(view.hold, view.request, subject, charge_id=view.charge_id))
