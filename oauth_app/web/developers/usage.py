"""The AI calls of a site's users, by month."""

from flask import Blueprint
from flask.typing import ResponseReturnValue

from oauth_app.db import reading
from oauth_app.hub import current_hub
from oauth_app.services.developer_sites import get_own_site
from oauth_app.services.usage_reports import usage_of_partner
from oauth_app.web.developers.own_sites import site_page
from oauth_app.web.guards import signed_in
from oauth_app.web.login_state import user_id
from oauth_app.web.usage_pages import asked_month, report_values

bp = Blueprint("developer_usage", __name__, url_prefix="/developers/sites/<partner_id>/usage")
bp.before_request(signed_in)


@bp.get("")
def show(partner_id: str) -> ResponseReturnValue:
    """Show a month of all the site's users together; single users are not told apart here."""
    month = asked_month()
    with reading(current_hub().engine) as session:
        site = get_own_site(session, user_id(), partner_id)
        report = usage_of_partner(session, site.id, month)
    return site_page("usage", site, **report_values(report, month, {}))
