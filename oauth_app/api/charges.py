"""``/hub/v1/charges``: take money from the user's OhMyGPT balance, or from their wallet."""

from collections.abc import Sequence

from flask import Blueprint, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from oauth_app.api.bearer import current_access, current_sight, require_access_to_write
from oauth_app.api.money_schemas import ChargeAnswer, ChargeQuery, ChargeRequest, OneChargeQuery
from oauth_app.api.operations import Operation, answer, describes, read_body, read_query
from oauth_app.api.problems import answer_problems
from oauth_app.api.schemas import ListAnswer
from oauth_app.db import reading
from oauth_app.hub import current_hub
from oauth_app.models import Charge
from oauth_app.services.charge_lists import get_charge, list_charges, refunds_of
from oauth_app.services.charge_states import ChargeStatus
from oauth_app.services.charge_telling import approval_url
from oauth_app.services.charging import ChargeWish, Receipt, charge
from oauth_app.services.hold_views import view_hold
from oauth_app.services.idempotency import check_key
from oauth_app.services.paging import PageWish
from oauth_app.services.partner_sight import Filter, subjects_of
from oauth_app.services.scopes import Scope
from oauth_app.services.wire_objects import WireObject, charge_object, hold_object, refund_object

bp = Blueprint("charges", __name__, url_prefix="/hub/v1/charges")
bp.before_request(require_access_to_write)
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
            "wallet_frozen",
            "limit_exceeded",
            "approval_denied",
            "approval_expired",
            "connection_lost",
            "unsupported_asset",
            "upstream_refused",
            "upstream_unavailable",
        ),
    )
)
def create() -> ResponseReturnValue:
    """Charge the user: 201, 200 when it was done before, 202 while the user is asked or nobody knows."""
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
    return answer(shown_charge(receipt.charge, current_access().subject), _status_of(receipt))


@bp.get("")
@describes(Operation(scope=Scope.CHARGES_WRITE, query=ChargeQuery, answers={200: ListAnswer[ChargeAnswer]}))
def index() -> ResponseReturnValue:
    """List what you charged, newest first."""
    sight, query = current_sight(), read_query(ChargeQuery)
    wanted = Filter(status=query.status, created_after=query.created_after, created_before=query.created_before)
    with reading(current_hub().engine) as session:
        page = list_charges(session, sight, PageWish(limit=query.limit, after=query.cursor), wanted)
        data = _shown(session, page.rows, query.expand)
    return answer(ListAnswer[ChargeAnswer](data=data, next_cursor=page.next_cursor))


@bp.get("/<charge_id>")
@describes(
    Operation(
        scope=Scope.CHARGES_WRITE, query=OneChargeQuery, answers={200: ChargeAnswer}, problems=("unknown_charge",)
    )
)
def show(charge_id: str) -> ResponseReturnValue:
    """Show one charge."""
    query = read_query(OneChargeQuery)
    with reading(current_hub().engine) as session:
        row = get_charge(session, current_sight(), charge_id)
        return answer(_shown(session, [row], query.expand)[0])


def shown_charge(row: Charge, subject: str, **more: object) -> ChargeAnswer:
    """Return the charge as it is shown; ``more`` replaces ids by what they stand for."""
    url = approval_url(row, current_hub().settings.hub_issuer)
    return ChargeAnswer.model_validate(charge_object(row, subject, approval_url=url) | more)


def _status_of(receipt: Receipt) -> int:
    if receipt.charge.status != ChargeStatus.SUCCEEDED:
        return 202
    return 200 if receipt.replayed else 201


def _shown(session: Session, rows: Sequence[Charge], expand: str | None) -> list[ChargeAnswer]:
    names = set((expand or "").split(","))
    refunds = refunds_of(session, [row.id for row in rows]) if "refunds" in names else {}
    subjects = subjects_of(session, current_sight().partner_id, [row.user_id for row in rows])
    shown = []
    for row in rows:
        subject = subjects[row.user_id]
        more: WireObject = {}
        if "refunds" in names:
            more["refunds"] = [refund_object(one, subject) for one in refunds[row.id]]
        if "hold" in names and row.hold_id is not None:
            view = view_hold(session, row.hold_id)
            more["hold"] = hold_object(view.hold, view.request, subject, charge_id=row.id)
        shown.append(shown_charge(row, subject, **more))
    return shown
