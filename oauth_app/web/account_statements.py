"""The user's statements: a page to print, and files for spreadsheets and programs."""

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from oauth_app.db import reading
from oauth_app.hub import current_hub
from oauth_app.models import User
from oauth_app.services.statement_months import Month, months_since
from oauth_app.services.statements import user_statement
from oauth_app.web.guards import signed_in
from oauth_app.web.login_state import user_id
from oauth_app.web.statement_pages import statement_file, statement_page

bp = Blueprint("account_statements", __name__, url_prefix="/account/statements")
bp.before_request(signed_in)


@bp.get("")
def index() -> ResponseReturnValue:
    """List the months since the user came."""
    with reading(current_hub().engine) as session:
        user = session.get_one(User, user_id())
    return render_template("account/statements.html", months=months_since(user.created_at))


@bp.get("/<month>")
def show(month: str) -> ResponseReturnValue:
    """Show a month."""
    wanted = Month.parse(month)
    lent = user_statement(current_hub().engine, user_id(), wanted)
    return statement_page("account/statement.html", lent, month=wanted)


@bp.get("/<month>.<any(csv, json):kind>")
def download(month: str, kind: str) -> ResponseReturnValue:
    """Give a month as a file."""
    wanted = Month.parse(month)
    return statement_file(user_statement(current_hub().engine, user_id(), wanted), wanted, kind)
