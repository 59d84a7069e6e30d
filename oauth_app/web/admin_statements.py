"""What a partner earned in a month, for the operator."""

from flask import Blueprint, redirect
from flask.typing import ResponseReturnValue

from oauth_app import clock
from oauth_app.db import reading
from oauth_app.hub import current_hub
from oauth_app.models import Partner
from oauth_app.services.partners import get_partner
from oauth_app.services.statement_months import Month, months_since
from oauth_app.services.statements import partner_statement
from oauth_app.web.guards import operator
from oauth_app.web.statement_pages import statement_file, statement_page

bp = Blueprint("admin_statements", __name__, url_prefix="/admin/partners/<partner_id>/statements")
bp.before_request(operator)


@bp.get("")
def latest(partner_id: str) -> ResponseReturnValue:
    """Lead to the present month."""
    month = Month.of(clock.now())
    return redirect(f"/admin/partners/{_partner(partner_id).id}/statements/{month}")


@bp.get("/<month>")
def show(partner_id: str, month: str) -> ResponseReturnValue:
    """Show a month of a partner, and lead to the others."""
    partner, wanted = _partner(partner_id), Month.parse(month)
    lent = partner_statement(current_hub().engine, partner.id, wanted)
    months = months_since(partner.created_at)
    return statement_page("admin/statement.html", lent, month=wanted, partner=partner, months=months)


@bp.get("/<month>.<any(csv, json):kind>")
def download(partner_id: str, month: str, kind: str) -> ResponseReturnValue:
    """Give a month of a partner as a file."""
    partner, wanted = _partner(partner_id), Month.parse(month)
    return statement_file(partner_statement(current_hub().engine, partner.id, wanted), wanted, kind)


def _partner(partner_id: str) -> Partner:
    with reading(current_hub().engine) as session:
        return get_partner(session, partner_id)
