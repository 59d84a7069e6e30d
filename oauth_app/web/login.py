"""Signing in with OhMyGPT."""

from flask import Blueprint, redirect, render_template, request
from flask.typing import ResponseReturnValue

from oauth_app.db import transaction
from oauth_app.hub import current_hub
from oauth_app.services.sign_in import Answer, begin_sign_in, close_attempt, complete_sign_in
from oauth_app.web.guards import public
from oauth_app.web.login_state import (
    browser_id,
    current_login,
    local_path,
    remember_login,
    session_token,
)
from oauth_app.web.sign_in_errors import register_sign_in_errors, show_denied

bp = Blueprint("login", __name__)
bp.before_request(public)
register_sign_in_errors(bp)


@bp.get("/login")
def start() -> ResponseReturnValue:
    """Send the browser to OhMyGPT's authorize page; somebody signed in already goes on at once."""
    return_to = local_path(request.args.get("next"))
    if current_login() is not None and "again" not in request.args:
        return redirect(return_to)
    hub = current_hub()
    state = _begin(return_to)
    return redirect(hub.upstream.authorize_url(state=state, redirect_uri=f"{hub.settings.hub_issuer}/login/callback"))


@bp.get("/login/callback")
def callback() -> ResponseReturnValue:
    """Take OhMyGPT's answer: a code, or a refusal."""
    state, code = request.args.get("state", ""), request.args.get("code", "")
    if "error" in request.args or not code:
        with transaction(current_hub().engine) as session:
            return_to = close_attempt(session, state, browser_id())
        return show_denied(return_to)
    return _finish(state, code)


@bp.get("/login/code")
def code_form() -> ResponseReturnValue:
    """Offer to paste the code from OhMyGPT's code page, for browsers that cannot be redirected back."""
    state = _begin(local_path(request.args.get("next")))
    upstream = current_hub().upstream
    address = upstream.authorize_url(state=state, redirect_uri=upstream.code_page)
    return render_template("sign_in_code.html", address=address, state=state)


@bp.post("/login/code")
def code() -> ResponseReturnValue:
    """Take a pasted code."""
    return _finish(request.form.get("state", ""), request.form.get("code", "").strip())


def _begin(return_to: str) -> str:
    with transaction(current_hub().engine) as session:
        return begin_sign_in(session, browser_id(), return_to)


def _finish(state: str, code: str) -> ResponseReturnValue:
    answer = Answer(
        state=state,
        browser=browser_id(),
        code=code,
        earlier_session=session_token(),
        user_agent=request.user_agent.string,
    )
    signed_in = complete_sign_in(current_hub(), answer)
    remember_login(signed_in.session_token)
    return redirect(signed_in.return_to)
