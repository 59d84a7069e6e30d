"""The front page."""

from flask import Blueprint, redirect, render_template
from flask.typing import ResponseReturnValue

from oauth_app.web.guards import public
from oauth_app.web.login_state import current_login

bp = Blueprint("home", __name__)
bp.before_request(public)


@bp.get("/")
def front() -> ResponseReturnValue:
    """Say what this is; a signed-in person is taken to the account."""
    return redirect("/account") if current_login() else render_template("home.html")
