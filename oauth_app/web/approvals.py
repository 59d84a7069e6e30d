"""The user decides about a charge above their step-up limit, and sets that limit for each site."""

from flask import Blueprint, abort, redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from oauth_app import clock
from oauth_app.db import reading, transaction
from oauth_app.hub import current_hub
from oauth_app.services import approvals
from oauth_app.services.exchange import rates_of
from oauth_app.services.self_service import get_site
from oauth_app.upstream.amounts import format_amount, parse_amount
from oauth_app.web.guards import signed_in
from oauth_app.web.login_state import user_id

bp = Blueprint("approvals", __name__, url_prefix="/account")
bp.before_request(signed_in)

_MAX_FEN = 10_000_000


@bp.get("/approvals/<charge_id>")
def show(charge_id: str) -> ResponseReturnValue:
    """Show who wants how much for what, and ask; or what became of it."""
    with reading(current_hub().engine) as session:
        charge, partner = approvals.get_own_charge(session, user_id(), charge_id)
    is_in_time = charge.approval_ends_at is not None and charge.approval_ends_at > clock.now()
    is_waiting = charge.status == "approval_required" and is_in_time
    return render_template("account/approval.html", charge=charge, partner=partner, is_waiting=is_waiting)


@bp.post("/approvals/<charge_id>")
def decide(charge_id: str) -> ResponseReturnValue:
    """Carry the charge out, or decline it; whoever presses twice decides once."""
    decision = request.form.get("decision", "")
    if decision == "approve":
        approvals.approve(current_hub(), user_id(), charge_id)
    elif decision == "deny":
        with transaction(current_hub().engine) as session:
            approvals.deny(session, user_id(), charge_id)
    else:
        abort(400)
    return redirect(f"/account/approvals/{charge_id}")


@bp.get("/sites/<consent_id>/approval-limit")
def ask_limit(consent_id: str) -> ResponseReturnValue:
    """Ask above which amount the site's charges should wait for the user."""
    with reading(current_hub().engine) as session:
        site = get_site(session, user_id(), consent_id, rates_of(current_hub()))
    above = site.consent.step_up_above
    amount = "" if above is None else format_amount(above // current_hub().upstream.units_per_cny)
    return render_template("account/approval_limit.html", site=site, amount=amount)


@bp.post("/sites/<consent_id>/approval-limit")
def set_limit(consent_id: str) -> ResponseReturnValue:
    """Keep the amount; an empty field is never to be asked."""
    text = request.form.get("amount", "").strip()[:20]
    try:
        above = _units(text) if text else None
    except ValueError:
        problem = _("An amount from 0.00 to 100000.00, such as 20.00; or nothing.")
        with reading(current_hub().engine) as session:
            site = get_site(session, user_id(), consent_id, rates_of(current_hub()))
        return render_template("account/approval_limit.html", site=site, amount=text, problem=problem), 422
    with transaction(current_hub().engine) as session:
        approvals.set_step_up(session, user_id(), consent_id, above)
    return redirect("/account")


def _units(text: str) -> int:
    """Return hundredths of a unit for an amount in CNY.

    Raises:
        ValueError: no amount, or one that is out of bounds.
    """
    fen = parse_amount(text)
    if not 0 <= fen <= _MAX_FEN:
        raise ValueError(text)
    return fen * current_hub().upstream.units_per_cny
