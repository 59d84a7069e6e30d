"""Topping up on the hub's own pages."""

from flask import Blueprint, abort, g, redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from oauth_app.db import reading
from oauth_app.hub import current_hub
from oauth_app.services.self_service import get_own_top_up
from oauth_app.services.top_up import open_top_up
from oauth_app.services.top_up_errors import TopUpFailedError
from oauth_app.services.top_up_watching import look_at_top_up
from oauth_app.services.top_up_wishes import MAX_AMOUNT, MIN_AMOUNT, TopUpKind, TopUpWish
from oauth_app.upstream.amounts import parse_amount
from oauth_app.web.guards import signed_in
from oauth_app.web.login_state import user_id

bp = Blueprint("account_top_ups", __name__, url_prefix="/account")
bp.before_request(signed_in)


@bp.get("/top-up")
def ask() -> ResponseReturnValue:
    """Ask how much; partners send here who has too little."""
    _leads_to_payment()
    return render_template("account/top_up_page.html")


@bp.post("/top-ups")
def create() -> ResponseReturnValue:
    """Open an order and send the browser to its payment page."""
    _leads_to_payment()
    amount, kind = _fen(request.form.get("amount", "")), request.form.get("kind", "")
    if kind not in set(TopUpKind):
        abort(400)
    if amount is None:
        problem = _("An amount from 1.00 to 100000.00, such as 20.00.")
        text = request.form.get("amount", "")
        return render_template("account/top_up_page.html", amount=text, amount_problem=problem), 422
    try:
        order = open_top_up(current_hub(), TopUpWish(user_id=user_id(), amount=amount, kind=TopUpKind(kind))).top_up
    except TopUpFailedError as error:
        return redirect(f"/account/top-ups/{error.top_up_id}")
    return redirect(order.url or f"/account/top-ups/{order.id}")


@bp.get("/top-ups/<top_up_id>")
def show(top_up_id: str) -> ResponseReturnValue:
    """Show how an order stands by asking OhMyGPT, whatever the browser was told elsewhere."""
    hub = current_hub()
    with reading(hub.engine) as session:
        get_own_top_up(session, user_id(), top_up_id)
    return render_template("account/top_up.html", order=look_at_top_up(hub, top_up_id))


def _leads_to_payment() -> None:
    # The form's answer is a redirect to the payment page, which is on another site.
    g.csp_form_action = None


def _fen(text: str) -> int | None:
    """Return hundredths of a CNY, or None for what is no amount that can be topped up."""
    try:
        fen = parse_amount(text.strip())
    except ValueError:
        return None
    return fen if MIN_AMOUNT <= fen <= MAX_AMOUNT else None
