"""The user's wallet: what is in it, adding money by Stripe, and automatic top-ups."""

from dataclasses import dataclass

from flask import Blueprint, abort, g, redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from oauth_app.db import reading, transaction
from oauth_app.hub import current_hub
from oauth_app.ledger import get_wallets
from oauth_app.services.auto_top_up import (
    AutoTopUpWish,
    InvalidAutoTopUpError,
    NoCardError,
    agree,
    list_standing_orders,
    stop,
)
from oauth_app.services.stripe_customers import find_customer
from oauth_app.services.top_up import open_top_up
from oauth_app.services.top_up_errors import InvalidTopUpError, TopUpFailedError, TopUpUnclearError
from oauth_app.services.top_up_wishes import ASSETS, STRIPE, TopUpKind, TopUpWish
from oauth_app.services.wallet_freeze import is_frozen
from oauth_app.upstream.amounts import parse_amount
from oauth_app.web.guards import signed_in
from oauth_app.web.login_state import user_id

bp = Blueprint("account_wallet", __name__, url_prefix="/account/wallet")
bp.before_request(signed_in)


@dataclass(frozen=True, kw_only=True)
class _Problem:
    """What is wrong with a form, and which."""

    form: str
    text: str


@bp.get("")
def show() -> ResponseReturnValue:
    """Show what is in the wallet, and how to add to it."""
    return _page()


@bp.post("/top-ups")
def top_up() -> ResponseReturnValue:
    """Open an order at Stripe and send the browser to its payment page."""
    form = request.form
    amount, kind, asset = _hundredths("amount"), form.get("kind", ""), form.get("asset", "")
    if kind not in set(TopUpKind) or asset not in ASSETS[STRIPE]:
        abort(400)
    wish = {"user_id": user_id(), "provider": STRIPE, "asset": asset, "kind": TopUpKind(kind)}
    try:
        # A card is kept only by who asked for it, and only where one is: an invoice may be paid by anything.
        keep_card = form.get("keep_card") == "yes" and kind == TopUpKind.CHECKOUT
        order = open_top_up(current_hub(), TopUpWish(amount=amount, keep_card=keep_card, **wish)).top_up  # type: ignore[arg-type]
    except InvalidTopUpError:
        return _page(_Problem(form="top_up", text=_("An amount from 1.00 to 100000.00, such as 20.00."))), 422
    except (TopUpFailedError, TopUpUnclearError) as error:
        return redirect(f"/account/top-ups/{error.top_up_id}")
    return redirect(order.url or f"/account/top-ups/{order.id}")


@bp.post("/automatic")
def set_automatic() -> ResponseReturnValue:
    """Set the standing order, and let it begin."""
    hub = current_hub()
    names = ("threshold", "amount", "monthly_ceiling")
    if hub.payments is None:
        abort(400)
    try:
        wish = AutoTopUpWish(
            user_id=user_id(), asset=request.form.get("asset", ""), **{name: _hundredths(name) for name in names}
        )
        with transaction(hub.engine) as session:
            agree(session, wish, livemode=hub.payments.livemode)
    except InvalidAutoTopUpError:
        text = _("Amounts such as 10.00: at least 1.00 is added, and the monthly ceiling is not less than that.")
        return _page(_Problem(form="automatic", text=text)), 422
    except NoCardError:
        return _page(_Problem(form="automatic", text=_("Pay once and let the card be kept first."))), 422
    return redirect("/account/wallet")


@bp.post("/automatic/stop")
def stop_automatic() -> ResponseReturnValue:
    """Stop the standing order."""
    with transaction(current_hub().engine) as session:
        stop(session, user_id(), request.form.get("asset", ""))
    return redirect("/account/wallet")


def _page(problem: _Problem | None = None) -> str:
    g.csp_form_action = None  # the form's answer is a redirect to the payment page, which is on another site
    hub = current_hub()
    with reading(hub.engine) as session:
        customer = find_customer(session, user_id(), livemode=hub.payments.livemode) if hub.payments else None
        return render_template(
            "account/wallet.html",
            wallets=get_wallets(session, user_id()),
            frozen=is_frozen(session, user_id()),
            is_enabled=hub.payments is not None,
            assets=ASSETS[STRIPE],
            has_card=bool(customer and customer.payment_method_id),
            standing_orders=list_standing_orders(session, user_id()),
            problem=problem,
            form=request.form,
        )


def _hundredths(name: str) -> int:
    """Return the amount in a field; what is none is less than anything that is taken."""
    try:
        return parse_amount(request.form.get(name, "").strip())
    except ValueError:
        return -1
