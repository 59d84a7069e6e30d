"""``/hub/v1/refunds``: give a user money of a charge back."""

from flask import Blueprint, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from oauth_app.api.bearer import current_sight, require_sight
from oauth_app.api.money_schemas import RefundAnswer, RefundQuery, RefundRequest
from oauth_app.api.operations import Operation, answer, describes, read_body, read_query
from oauth_app.api.problems import answer_problems
from oauth_app.api.schemas import ListAnswer, PlainQuery
from oauth_app.db import reading, transaction
from oauth_app.hub import current_hub
from oauth_app.models import Refund
from oauth_app.services.idempotency import check_key
from oauth_app.services.paging import PageWish
from oauth_app.services.partner_sight import Filter, subjects_of
from oauth_app.services.refunds import RefundWish, get_refund, list_refunds, refund
from oauth_app.services.scopes import Scope
from oauth_app.services.wire_objects import refund_object

bp = Blueprint("refunds", __name__, url_prefix="/hub/v1/refunds")
bp.before_request(require_sight)
answer_problems(bp)


@bp.post("")
@describes(
    Operation(
        scope=Scope.CHARGES_WRITE,
        is_idempotent=True,
        body=RefundRequest,
        answers={201: RefundAnswer, 200: RefundAnswer},
        problems=("unknown_charge", "charge_not_refundable", "refund_too_large", "insufficient_earnings"),
    )
)
def create() -> ResponseReturnValue:
    """Give money of a charge back to the user's wallet: 201, or 200 when it was done before."""
    key = check_key(request.headers.get("Idempotency-Key"))
    body = read_body(RefundRequest)
    wish = RefundWish(charge_id=body.charge, amount=body.amount, reason=body.reason, idempotency_key=key)
    with transaction(current_hub().engine) as session:
        receipt = refund(session, current_sight(), wish)
        shown = _shown(session, [receipt.refund])[0]
    return answer(shown, 200 if receipt.replayed else 201)


@bp.get("")
@describes(Operation(scope=Scope.CHARGES_WRITE, query=RefundQuery, answers={200: ListAnswer[RefundAnswer]}))
def index() -> ResponseReturnValue:
    """List what you gave back, newest first."""
    query = read_query(RefundQuery)
    wanted = Filter(created_after=query.created_after, created_before=query.created_before)
    wish = PageWish(limit=query.limit, after=query.cursor)
    with reading(current_hub().engine) as session:
        page = list_refunds(session, current_sight(), wish, wanted, charge_id=query.charge)
        data = _shown(session, list(page.rows))
    return answer(ListAnswer[RefundAnswer](data=data, next_cursor=page.next_cursor))


@bp.get("/<refund_id>")
@describes(Operation(scope=Scope.CHARGES_WRITE, answers={200: RefundAnswer}, problems=("unknown_refund",)))
def show(refund_id: str) -> ResponseReturnValue:
    """Show one refund."""
    read_query(PlainQuery)
    with reading(current_hub().engine) as session:
        return answer(_shown(session, [get_refund(session, current_sight(), refund_id)])[0])


def _shown(session: Session, rows: list[Refund]) -> list[RefundAnswer]:
    subjects = subjects_of(session, current_sight().partner_id, [row.user_id for row in rows])
    return [RefundAnswer.model_validate(refund_object(row, subjects[row.user_id])) for row in rows]
