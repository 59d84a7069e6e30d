"""What a site earned, by month: a page to print, and files for spreadsheets and programs."""

from flask import Blueprint
from flask.typing import ResponseReturnValue

from oauth_app.hub import current_hub
from oauth_app.services.statement_months import Month, months_since
from oauth_app.services.statements import partner_statement
from oauth_app.web.developers.own_sites import own_site, site_page, site_path
from oauth_app.web.guards import signed_in
from oauth_app.web.statement_pages import statement_file, statement_page

bp = Blueprint("developer_statements", __name__, url_prefix="/developers/sites/<partner_id>/statements")
bp.before_request(signed_in)


@bp.get("")
def index(partner_id: str) -> ResponseReturnValue:
    """List the months since the site was made."""
    site = own_site(partner_id)
    return site_page("statements", site, months=months_since(site.created_at))


@bp.get("/<month>")
def show(partner_id: str, month: str) -> ResponseReturnValue:
    """Show a month, and lead to the others."""
    site, wanted = own_site(partner_id), Month.parse(month)
    lent, months = partner_statement(current_hub().engine, site.id, wanted), months_since(site.created_at)
    shown = {"site": site, "path": site_path(site.id), "month": wanted, "months": months}
    return statement_page("developers/statement.html", lent, **shown)


@bp.get("/<month>.<any(csv, json):kind>")
def download(partner_id: str, month: str, kind: str) -> ResponseReturnValue:
    """Give a month as a file."""
    site, wanted = own_site(partner_id), Month.parse(month)
    return statement_file(partner_statement(current_hub().engine, site.id, wanted), wanted, kind)
