"""The comparisons of the books with the outside, and the differences that an operator closes."""

from collections.abc import Callable

from flask import Blueprint, Response, jsonify, redirect, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from oauth_app.db import reading, transaction
from oauth_app.hub import current_hub
from oauth_app.services.reconciliation import reconcile
from oauth_app.services.reconciliation_closing import (
    AlreadyClosedError,
    Closing,
    ReasonMissingError,
    close_difference,
    put_alarm_away,
    read_overview,
)
from oauth_app.services.reconciliation_wire import alarm_object, difference_object, run_object
from oauth_app.web.guards import operator
from oauth_app.web.login_state import current_login

bp = Blueprint("admin_reconciliation", __name__, url_prefix="/admin")
bp.before_request(operator)

_PAGE = "/admin/reconciliation"


@bp.get("/reconciliation")
def show() -> ResponseReturnValue:
    """Show the latest runs, and what is open."""
    return _page()


@bp.get("/reconciliation.json")
def show_json() -> Response:
    """Tell the same to a program."""
    with reading(current_hub().engine) as session:
        overview = read_overview(session)
    return jsonify(
        runs=[run_object(row) for row in overview.runs],
        differences=[difference_object(row) for row in overview.differences],
        closed=[difference_object(row) for row in overview.closed],
        alarms=[alarm_object(row) for row in overview.alarms],
    )


@bp.post("/reconciliation")
def run_now() -> ResponseReturnValue:
    """Compare all sides now, and show what came of it."""
    reconcile(current_hub(), started_by=_operator())
    return redirect(_PAGE, 303)


@bp.post("/reconciliation/differences/<item_id>")
def close(item_id: str) -> ResponseReturnValue:
    """Close a difference; a reason is needed."""
    return _close(close_difference, item_id)


@bp.post("/reconciliation/alarms")
def put_away() -> ResponseReturnValue:
    """Put an alarm away; a reason is needed. Its name comes in the form, for it is Stripe's and may be anything."""
    return _close(put_alarm_away, request.form.get("item", ""))


def _close(action: Callable[[Session, Closing], None], item_id: str) -> ResponseReturnValue:
    try:
        wish = Closing(item_id=item_id, operator=_operator(), reason=request.form.get("reason", ""))
        with transaction(current_hub().engine) as session:
            action(session, wish)
    except ReasonMissingError:
        return _page(incomplete=item_id), 422
    except AlreadyClosedError:
        return _page(), 409  # it shows how things stand by now
    return redirect(_PAGE, 303)


def _operator() -> str:
    login = current_login()
    return login.email if login else ""  # the guard lets nobody else come here


def _page(*, incomplete: str | None = None) -> str:
    with reading(current_hub().engine) as session:
        return render_template(
            "admin/reconciliation.html",
            overview=read_overview(session),
            incomplete=incomplete,
            name="reconciliation",
        )
