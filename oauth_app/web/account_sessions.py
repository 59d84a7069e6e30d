"""Signing out of one's browsers, from the list on the account page."""

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from oauth_app.db import transaction
from oauth_app.hub import current_hub
from oauth_app.services.browser_sessions import end_all_sessions, end_own_session
from oauth_app.services.partner_sessions import forget_callers
from oauth_app.web.guards import signed_in
from oauth_app.web.login_state import current_login, forget_login, user_id
from oauth_app.web.logout import left_page

bp = Blueprint("account_sessions", __name__, url_prefix="/account/sessions")
bp.before_request(signed_in)


@bp.post("/<session_id>/end")
def end_one(session_id: str) -> ResponseReturnValue:
    """Sign one browser out; it may be this one."""
    hub, login = current_hub(), current_login()
    with transaction(hub.engine) as session:
        ended = end_own_session(session, user_id(), session_id)
    forget_callers(hub, ended)
    if login is not None and login.session_id == session_id:
        forget_login()
        return left_page(ended)
    return render_template("account/session_ended.html", told=ended.told)


@bp.post("/end-all")
def end_all() -> ResponseReturnValue:
    """Sign out everywhere, here included."""
    hub = current_hub()
    with transaction(hub.engine) as session:
        ended = end_all_sessions(session, user_id())
    forget_callers(hub, ended)
    forget_login()
    return left_page(ended)
