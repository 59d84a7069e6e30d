"""``/developers`` itself: what it is for a visitor, the sites for somebody who has signed in."""

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from oauth_app.db import reading
from oauth_app.hub import current_hub
from oauth_app.services.developer_sites import MAX_SITES, list_sites
from oauth_app.web.guards import public
from oauth_app.web.login_state import current_login

bp = Blueprint("developers", __name__, url_prefix="/developers")
bp.before_request(public)


@bp.get("")
def front() -> ResponseReturnValue:
    """Show one's sites; to a visitor, what a site gains and how it begins."""
    login = current_login()
    if login is None:
        return render_template("developers/welcome.html")
    with reading(current_hub().engine) as session:
        return render_template("developers/sites.html", sites=list_sites(session, login.user_id), most=MAX_SITES)
