"""How money comes in: the steps that a person or a test takes, and who must learn of them."""

from enum import StrEnum
from typing import Final

from oauth_app.sandbox.stripe_double import intents, invoice_states, objects, sessions
from oauth_app.sandbox.stripe_double.calls import Call
from oauth_app.sandbox.stripe_double.errors import refuse
from oauth_app.sandbox.stripe_double.intents import CARD
from oauth_app.sandbox.stripe_double.objects import Document


class Step(StrEnum):
    """What can be done about a payment."""

    PAY = "pay"
    """Pay by card, at once."""
    FAIL = "fail"
    """Try a card that is declined."""
    LATER = "later"
    """Pay by a method whose outcome comes later."""
    ARRIVE = "arrive"
    """The money of the later method arrives."""
    BOUNCE = "bounce"
    """It does not."""


#: Step -> (status that the intent must have, status that the charge gets).
_STEPS: Final = {
    Step.PAY: ("requires_payment_method", "succeeded"),
    Step.FAIL: ("requires_payment_method", "failed"),
    Step.LATER: ("requires_payment_method", "pending"),
    Step.ARRIVE: ("processing", "succeeded"),
    Step.BOUNCE: ("processing", "failed"),
}

_FOLLOWERS: Final = {"checkout.session": sessions.follow, "invoice": invoice_states.follow}


def take_step(call: Call, intent: Document, step: Step) -> None:
    """Take a step, and let the session or invoice that wants the money follow.

    Raises:
        StripeError: 400, the payment is not where this step begins.
    """
    expected, charge_status = _STEPS[step]
    method = _method(intent, step)
    if intent["status"] != expected or method is None:
        text = f"This PaymentIntent's status is {intent['status']}; '{step}' is not possible."
        refuse(text, code="payment_intent_unexpected_state")
    intents.record_attempt(call, intent, charge_status, method)
    owner = objects.find(call.store, intent["_owner"])
    if owner:
        _FOLLOWERS[owner["object"]](call, owner, charge_status)


def steps_of(owner: Document, intent: Document | None) -> list[Step]:
    """Return the steps that can be taken for a session or an invoice."""
    if owner["status"] not in {"open", "complete"}:
        return []
    status = intent["status"] if intent else "requires_payment_method"
    if owner["status"] == "complete" and status != "processing":
        return []
    methods = intent["payment_method_types"] if intent else owner["payment_method_types"]
    offered = {"payment_method_types": methods}
    return [step for step, (expected, _) in _STEPS.items() if expected == status and _method(offered, step)]


def _method(intent: Document, step: Step) -> str | None:
    """Return the payment method that a step uses, or None when it is not offered."""
    is_card = step in {Step.PAY, Step.FAIL}
    return next((method for method in intent["payment_method_types"] if (method == CARD) is is_card), None)
