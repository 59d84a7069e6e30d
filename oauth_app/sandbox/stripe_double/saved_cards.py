"""Cards that a customer let be kept, and payments by them while the customer is away."""

from typing import Final

from oauth_app.sandbox.stripe_double import api, customers, intents, lists, objects
from oauth_app.sandbox.stripe_double.calls import Call
from oauth_app.sandbox.stripe_double.currencies import check_chargeable, read_currency
from oauth_app.sandbox.stripe_double.errors import ParameterError, StripeError, refuse
from oauth_app.sandbox.stripe_double.intents import CARD, Wish
from oauth_app.sandbox.stripe_double.lists import Query
from oauth_app.sandbox.stripe_double.objects import Document
from oauth_app.sandbox.stripe_double.params import Params

_ACCEPTED: Final = "accepted"
#: What a bank may say of a card -> Stripe's words for it.
_REFUSALS: Final = {
    "card_declined": "Your card was declined.",
    "authentication_required": "Your card was declined. This transaction requires authentication.",
}


def create_intent(call: Call, params: Params) -> Document | StripeError:
    """Charge a card on file, off session and at once."""
    _check_manner(params)
    customer = customers.get_customer(call.store, params.text("customer"))
    card = objects.get(call.store, "payment_method", params.text("payment_method"), "payment_method")
    if card["customer"] != customer["id"]:
        refuse("The provided PaymentMethod does not belong to this Customer.", param="payment_method")
    amount, currency = params.whole("amount", 1), read_currency(params)
    check_chargeable(amount, currency)
    wish = Wish(
        owner="",
        amount=amount,
        currency=currency,
        customer=customer["id"],
        description=params.find_text("description"),
        metadata=params.metadata(),
    )
    intent = intents.open_intent(call, wish) | {"payment_method": card["id"]}
    code = card["_outcome"]
    intents.record_attempt(call, intent, "succeeded" if code == _ACCEPTED else "failed", CARD)
    return intent if code == _ACCEPTED else _refusal(code, intent)


def retrieve_card(call: Call, _params: Params) -> Document:
    """Return a payment method."""
    return objects.get(call.store, "payment_method", call.target)


def list_cards(call: Call, params: Params) -> Document:
    """List the payment methods of a customer."""
    customer = customers.get_customer(call.store, call.target, "id")
    params.find_choice("type", (CARD,))
    query = Query("payment_method").where("customer", customer["id"])
    return lists.page(call, params, f"/v1/customers/{customer['id']}/payment_methods", query)


def change_card(call: Call, params: Params) -> Document:
    """Say what the bank will answer: ``accepted``, ``card_declined`` or ``authentication_required``."""
    card = objects.get(call.store, "payment_method", call.target)
    outcome = params.find_choice("outcome", (_ACCEPTED, *_REFUSALS)) or _ACCEPTED
    return objects.save(call.store, card | {"_outcome": outcome})


def _check_manner(params: Params) -> None:
    # An intent that somebody confirms in a browser needs Stripe's script, which the double has not.
    for name in ("confirm", "off_session"):
        if not params.flag(name):
            text = f"Invalid {name}: the double emulates payments by a saved card only, with confirm and off_session."
            raise ParameterError(text, param=name)


def _refusal(code: str, intent: Document) -> StripeError:
    decline = "generic_decline" if code == "card_declined" else code
    details = {"code": code, "decline_code": decline, "charge": intent["latest_charge"]}
    return StripeError(402, _REFUSALS[code], kind="card_error", **details)


_OF_CUSTOMER: Final = "/v1/customers/{id}/payment_methods"

ROUTES: Final = (
    api.route("POST", "/v1/payment_intents", create_intent),
    api.route("GET", "/v1/payment_methods/{id}", retrieve_card),
    api.route("GET", _OF_CUSTOMER, list_cards),
)
