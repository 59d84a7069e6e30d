"""Partners as the operator looks after them: register, let live, switch off and on, set the fee and the limits."""

import re

from flask import Blueprint, abort, redirect, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from oauth_app.db import reading, transaction
from oauth_app.hub import current_hub
from oauth_app.models import Partner
from oauth_app.services import fees
from oauth_app.services.consent import InvalidLimitsError
from oauth_app.services.partner_errors import UnknownPartnerError
from oauth_app.services.partner_modes import go_live, switch_off, switch_on
from oauth_app.services.partners import create_partner, get_partner
from oauth_app.services.scopes import ALL_SCOPES
from oauth_app.services.site_limits import set_site_limits
from oauth_app.web.developers.forms import FormError, read_new_site
from oauth_app.web.developers.kinds import Kind
from oauth_app.web.guards import operator
from oauth_app.web.login_state import current_login
from oauth_app.web.scope_words import scope_words
from oauth_app.web.site_limits_form import read_site_limits, sent_site_limit_fields, site_limit_fields

bp = Blueprint("admin_partners", __name__, url_prefix="/admin/partners")
bp.before_request(operator)

_PERCENT = re.compile(r"([0-9]{1,3})(?:\.([0-9]{1,2}))?")
_CHANGES = {"approve": go_live, "disable": switch_off, "enable": switch_on}


@bp.get("/new")
def ask_new() -> ResponseReturnValue:
    """Ask what is to be registered."""
    return _new_page()


@bp.post("/new")
def create() -> ResponseReturnValue:
    """Register a site that belongs to no account; it is live at once. Its secret is shown this once."""
    hub = current_hub()
    try:
        with transaction(hub.engine) as session:
            credentials = create_partner(session, read_new_site())
    except FormError as error:
        return _new_page(problem=str(error)), 422
    with reading(hub.engine) as session:
        return _page(session, get_partner(session, credentials.client_id), secret=credentials.client_secret), 201


@bp.get("/<partner_id>")
def show(partner_id: str) -> ResponseReturnValue:
    """Show one partner, and what can be done about it."""
    with reading(current_hub().engine) as session:
        return _page(session, _known(session, partner_id))


@bp.post("/<partner_id>/<any(approve, disable, enable):change>")
def decide(partner_id: str, change: str) -> ResponseReturnValue:
    """Let the partner live, switch it off, or on again."""
    hub = current_hub()
    with transaction(hub.engine) as session:
        _CHANGES[change](_known(session, partner_id))
    hub.callers.forget_all()
    return redirect(f"/admin/partners/{partner_id}")


@bp.post("/<partner_id>/fee")
def set_fee(partner_id: str) -> ResponseReturnValue:
    """Let a new version of the operator's part count from now on, in per cent with two decimals."""
    fee, login, hub = _basis_points(request.form.get("fee", "").strip()), current_login(), current_hub()
    if fee is None or login is None:
        with reading(hub.engine) as session:
            return _page(session, _known(session, partner_id), has_wrong_fee=True), 422
    with transaction(hub.engine) as session:
        fees.set_fee(session, _known(session, partner_id).id, fee, set_by=login.email)
    return redirect(f"/admin/partners/{partner_id}")


@bp.post("/<partner_id>/limits")
def set_limits(partner_id: str) -> ResponseReturnValue:
    """Set what AI calls the site and each of its access tokens may make, from the next call on."""
    hub = current_hub()
    with transaction(hub.engine) as session:
        partner = _known(session, partner_id)
        try:
            set_site_limits(session, partner.id, read_site_limits())
        except InvalidLimitsError:
            return _page(session, partner, wrong_limits=sent_site_limit_fields()), 422
    hub.callers.forget_all()
    return redirect(f"/admin/partners/{partner_id}")


def _basis_points(percent: str) -> int | None:
    """Return hundredths of a per cent; None for what is no share."""
    found = _PERCENT.fullmatch(percent)
    if found is None:
        return None
    points = int(found[1]) * 100 + int((found[2] or "").ljust(2, "0"))
    return points if points <= fees.MOST_BASIS_POINTS else None


def _known(session: Session, partner_id: str) -> Partner:
    try:
        return get_partner(session, partner_id if partner_id.isidentifier() else "")
    except UnknownPartnerError:
        abort(404)


def _page(
    session: Session,
    partner: Partner,
    *,
    secret: str | None = None,
    has_wrong_fee: bool = False,
    wrong_limits: dict[str, str] | None = None,
) -> str:
    return render_template(
        "admin/partner.html",
        partner=partner,
        fees=fees.list_fees(session, partner.id),
        secret=secret,
        has_wrong_fee=has_wrong_fee,
        site_limits=wrong_limits or site_limit_fields(partner),
        limits_are_wrong=wrong_limits is not None,
        name="partners",
    )


def _new_page(*, problem: str | None = None) -> str:
    return render_template(
        "admin/new_partner.html",
        problem=problem,
        sent=request.form,
        kind=request.form.get("kind", Kind.SERVER),
        chosen=request.form.getlist("scopes") if request.form else ALL_SCOPES,
        scopes=ALL_SCOPES,
        scope_words=scope_words(),
        name="partners",
    )
