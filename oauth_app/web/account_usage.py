"""The user's AI calls: a page for each month, and the same for a spreadsheet."""

from flask import Blueprint, Response, render_template, request
from flask.typing import ResponseReturnValue

from oauth_app.db import reading
from oauth_app.hub import current_hub
from oauth_app.services.exchange import rates_of
from oauth_app.services.self_service import connected_sites, get_site
from oauth_app.services.usage_reports import names_of_sites, usage_csv, usage_of_user
from oauth_app.web.guards import signed_in
from oauth_app.web.login_state import user_id
from oauth_app.web.usage_pages import asked_month, report_values

bp = Blueprint("account_usage", __name__, url_prefix="/account")
bp.before_request(signed_in)


@bp.get("/usage")
def show() -> ResponseReturnValue:
    """Show a month, of all sites or of one."""
    month, chosen, rates = asked_month(), request.args.get("site") or None, rates_of(current_hub())
    with reading(current_hub().engine) as session:
        if chosen is not None:
            get_site(session, user_id(), chosen, rates)  # or there is no such page
        report = usage_of_user(session, user_id(), month, chosen)
        names = names_of_sites(session, (line.key for line in report.by_site))
        sites = connected_sites(session, user_id(), rates)
    return render_template("account/usage.html", sites=sites, chosen=chosen, **report_values(report, month, names))


@bp.get("/usage.csv")
def download() -> ResponseReturnValue:
    """Give a month as a file."""
    month = asked_month()
    with reading(current_hub().engine) as session:
        text = "".join(usage_csv(session, user_id(), month))
    answer = Response(text, content_type="text/csv; charset=utf-8; header=present")
    answer.headers["Content-Disposition"] = f'attachment; filename="ai-calls-{month}.csv"'
    answer.headers["Cache-Control"] = "no-store"
    return answer
