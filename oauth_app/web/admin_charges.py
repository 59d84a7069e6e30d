"""One charge as the operator sees it, and the decision on one whose outcome nobody else can tell."""

from flask import Blueprint, abort, redirect, render_template, request
from flask.typing import ResponseReturnValue

from oauth_app import clock
from oauth_app.db import reading, transaction
from oauth_app.hub import current_hub
from oauth_app.services.charge_errors import ChargeSettledError
from oauth_app.services.charge_evidence import find_movements
from oauth_app.services.charge_resolution import Resolution, resolve_charge
from oauth_app.services.charge_states import ChargeStatus
from oauth_app.services.connections import ConnectionLostError
from oauth_app.services.oversight_money import find_charge
from oauth_app.services.oversight_timelines import charge_timeline
from oauth_app.services.upstream_calls import ask_for_user
from oauth_app.upstream import UpstreamError
from oauth_app.web.guards import operator
from oauth_app.web.login_state import current_login

bp = Blueprint("admin_charges", __name__, url_prefix="/admin/charges")
bp.before_request(operator)

_DECISIONS = {"taken": True, "not-taken": False}
_MAX_REASON_CHARS = 500


@bp.get("/<charge_id>")
def show(charge_id: str) -> ResponseReturnValue:
    """Show a charge, and for one of unknown outcome the evidence."""
    return _page(charge_id)


@bp.post("/<charge_id>")
def resolve(charge_id: str) -> ResponseReturnValue:
    """Settle a charge of unknown outcome by the operator's word; a reason is needed."""
    login, reason = current_login(), request.form.get("reason", "").strip()
    was_taken = _DECISIONS.get(request.form.get("decision", ""))
    if was_taken is None or login is None or not 0 < len(reason) <= _MAX_REASON_CHARS:
        return _page(charge_id, is_incomplete=True), 422
    wish = Resolution(charge_id=charge_id, was_taken=was_taken, operator=login.email, reason=reason)
    try:
        with transaction(current_hub().engine) as session:
            resolve_charge(session, wish)
    except ChargeSettledError:
        return _page(charge_id), 409  # it shows how the charge stands by now
    return redirect(f"/admin/charges/{charge_id}")


def _page(charge_id: str, *, is_incomplete: bool = False) -> str:
    with reading(current_hub().engine) as session:
        found = find_charge(session, charge_id.replace("\0", "")) or abort(404)
        charge, email, partner, fee = found
        timeline = charge_timeline(session, charge)
        is_unknown = charge.status == ChargeStatus.UNKNOWN
        others = find_movements(session, current_hub(), charge, clock.now()) if is_unknown else ()
    return render_template(
        "admin/charge.html",
        charge=charge,
        email=email,
        partner=partner,
        fee=fee,
        timeline=timeline,
        others=others,
        balance_now=_balance_now(charge.user_id) if is_unknown else None,
        is_incomplete=is_incomplete,
        name="charges",
    )


def _balance_now(user_id: str) -> int | None:
    hub = current_hub()
    try:
        return ask_for_user(hub, user_id, hub.upstream.balance, reason="operator").paid
    except (ConnectionLostError, UpstreamError):
        return None
