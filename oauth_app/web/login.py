"""Signing in with OhMyGPT, and out again."""

from flask import Blueprint, redirect, render_template, request
from flask.typing import ResponseReturnValue

from oauth_app.db import transaction
from oauth_app.hub import current_hub
from oauth_app.services.browser_sessions import end_session
from oauth_app.services.sign_in import Answer, begin_sign_in, close_attempt, complete_sign_in
from oauth_app.web.authorize import give_up_path
from oauth_app.web.guards import public
from oauth_app.web.login_state import (
    browser_id,
    current_login,
    forget_login,
    local_path,
    remember_login,
    session_token,
    sign_in_url,
)

bp = Blueprint("login", __name__)
bp.before_request(public)


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
        again, give_up = sign_in_url(return_to, again=True), give_up_path(return_to)
        return render_template("sign_in_denied.html", again=again, give_up=give_up), 403
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


@bp.post("/logout")
def leave() -> ResponseReturnValue:
    """End the session of this browser."""
    if token := session_token():
        with transaction(current_hub().engine) as session:
            end_session(session, token)
    forget_login()
    return redirect("/")


def _begin(return_to: str) -> str:
    with transaction(current_hub().engine) as session:
        return begin_sign_in(session, browser_id(), return_to)


def _finish(state: str, code: str) -> ResponseReturnValue:
    signed_in = complete_sign_in(current_hub(), Answer(state=state, browser=browser_id(), code=code))
    if earlier := session_token():
        with transaction(current_hub().engine) as session:
            end_session(session, earlier)
    remember_login(signed_in.session_token)
    return redirect(signed_in.return_to)
