"""``/hub/v1/charges``: take money from the user's OhMyGPT balance."""

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from oauth_app import clock
from oauth_app.api.bearer import current_access, require_access
from oauth_app.api.operations import Operation, answer, describes, read_body, read_query
from oauth_app.api.problems import answer_problems
from oauth_app.api.schemas import ChargeAnswer, ChargeRequest, ListAnswer, ListQuery, PlainQuery
from oauth_app.db import reading
from oauth_app.hub import current_hub
from oauth_app.models import Charge
from oauth_app.services.charge_lists import get_charge, list_charges
from oauth_app.services.charge_states import ChargeStatus
from oauth_app.services.charging import ChargeWish, Receipt, charge
from oauth_app.services.idempotency import check_key
from oauth_app.services.paging import PageWish
from oauth_app.services.scopes import Scope

bp = Blueprint("charges", __name__, url_prefix="/hub/v1/charges")
bp.before_request(require_access)
answer_problems(bp)


@bp.post("")
@describes(
    Operation(
        scope=Scope.CHARGES_WRITE,
        is_idempotent=True,
        body=ChargeRequest,
        answers={201: ChargeAnswer, 200: ChargeAnswer, 202: ChargeAnswer},
        problems=(
            "insufficient_funds",
            "limit_exceeded",
            "connection_lost",
            "unsupported_asset",
            "upstream_refused",
            "upstream_unavailable",
        ),
    )
)
def create() -> ResponseReturnValue:
    """Charge the user: 201, 200 when it was done before, 202 while nobody knows whether it was done."""
    key = check_key(request.headers.get("Idempotency-Key"))
    body = read_body(ChargeRequest)
    wish = ChargeWish(
        amount=body.amount,
        asset=body.asset,
        description=body.description,
        metadata=body.metadata,
        idempotency_key=key,
    )
    receipt = charge(current_hub(), current_access(), wish)
    return answer(_shown(receipt.charge), _status_of(receipt))


@bp.get("")
@describes(Operation(scope=Scope.CHARGES_WRITE, query=ListQuery, answers={200: ListAnswer[ChargeAnswer]}))
def index() -> ResponseReturnValue:
    """List what you charged the user, newest first."""
    access, query = current_access(), read_query(ListQuery)
    access.require(Scope.CHARGES_WRITE)
    with reading(current_hub().engine) as session:
        page = list_charges(session, access, PageWish(limit=query.limit, after=query.cursor))
    return answer(ListAnswer[ChargeAnswer](data=[_shown(row) for row in page.rows], next_cursor=page.next_cursor))


@bp.get("/<charge_id>")
@describes(Operation(scope=Scope.CHARGES_WRITE, answers={200: ChargeAnswer}, problems=("unknown_charge",)))
def show(charge_id: str) -> ResponseReturnValue:
    """Show one charge."""
    access = current_access()
    read_query(PlainQuery)
    access.require(Scope.CHARGES_WRITE)
    with reading(current_hub().engine) as session:
        return answer(_shown(get_charge(session, access, charge_id)))


def _status_of(receipt: Receipt) -> int:
    if receipt.charge.status != ChargeStatus.SUCCEEDED:
        return 202
    return 200 if receipt.replayed else 201


def _shown(row: Charge) -> ChargeAnswer:
    has_succeeded = row.status == ChargeStatus.SUCCEEDED
    return ChargeAnswer(
        id=row.id,
        status=ChargeStatus(row.status),
        amount=row.amount,
        asset=row.asset,
        fee=row.fee,
        description=row.description,
        metadata=row.details,
        failure_code=None if has_succeeded else row.failure_code,
        user=current_access().subject,
        created_at=clock.rfc3339(row.created_at),
        settled_at=clock.rfc3339(row.settled_at) if row.settled_at else None,
    )
