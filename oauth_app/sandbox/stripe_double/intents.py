"""Payment intents and their charges, as the objects that need money refer to them."""

from dataclasses import dataclass, field
from typing import Final

from oauth_app.sandbox.clock import now_s
from oauth_app.sandbox.identifiers import alnum
from oauth_app.sandbox.stripe_double import api, lists, objects
from oauth_app.sandbox.stripe_double.calls import Call
from oauth_app.sandbox.stripe_double.events import emit
from oauth_app.sandbox.stripe_double.lists import Query
from oauth_app.sandbox.stripe_double.objects import Document
from oauth_app.sandbox.stripe_double.params import Params

CARD: Final = "card"

_DETAILS: Final[dict[str, Document]] = {
    CARD: {"brand": "visa", "country": "US", "exp_month": 12, "exp_year": 2099, "funding": "credit", "last4": "4242"},
    "us_bank_account": {"account_type": "checking", "bank_name": "STRIPE TEST BANK", "last4": "6789"},
}

_DECLINE: Final = {"code": "card_declined", "decline_code": "generic_decline", "type": "card_error"}
_DECLINED: Final = "Your card was declined."
_BOUNCED: Final = "The bank did not carry out the payment."


@dataclass(frozen=True, kw_only=True)
class Wish:
    """Money to be collected for an object, the `owner`."""

    owner: str
    amount: int
    currency: str
    customer: str | None
    account: str | None = None
    description: str | None = None
    metadata: dict[str, str] = field(default_factory=dict)
    methods: tuple[str, ...] = (CARD,)
    future_usage: str | None = None
    """For what the card is kept, such as ``off_session``; None: it is not."""


def open_intent(call: Call, wish: Wish) -> Document:
    """Add a payment intent that waits for somebody to pay."""
    intent = objects.make(
        "payment_intent",
        amount=wish.amount,
        amount_capturable=0,
        amount_received=0,
        application=None,
        automatic_payment_methods=None,
        canceled_at=None,
        cancellation_reason=None,
        capture_method="automatic_async",
        client_secret=f"pi_{alnum(24)}_secret_{alnum(25)}",
        confirmation_method="automatic",
        currency=wish.currency,
        customer=wish.customer,
        description=wish.description,
        last_payment_error=None,
        latest_charge=None,
        metadata=wish.metadata,
        next_action=None,
        payment_method=None,
        payment_method_types=list(wish.methods),
        receipt_email=None,
        setup_future_usage=wish.future_usage,
        status="requires_payment_method",
        _account=wish.account,
        _owner=wish.owner,
    )
    objects.add(call.store, intent)
    emit(call, "payment_intent.created", intent)
    return intent


def record_attempt(call: Call, intent: Document, status: str, method: str) -> None:
    """Record an attempt to pay, or what became of the one that is pending; both objects are saved.

    Args:
        call: the call that works.
        intent: what is paid; it is changed.
        status: of the charge, ``succeeded``, ``pending`` or ``failed``.
        method: type of the payment method.
    """
    charge = _charge(call, intent, status, method)
    failure = {**_DECLINE, "charge": charge["id"], "message": charge["failure_message"]} if status == "failed" else None
    paid = status == "succeeded"
    intent |= {
        "status": {"succeeded": "succeeded", "pending": "processing"}.get(status, "requires_payment_method"),
        "amount_received": intent["amount"] if paid else 0,
        "last_payment_error": failure,
        "latest_charge": charge["id"],
        "payment_method": None if status == "failed" else charge["payment_method"],
    }
    objects.save(call.store, intent)
    if paid and intent["setup_future_usage"] and method == CARD:
        _keep_card(call, charge)
    emit(call, f"charge.{status}", charge)
    event = {"succeeded": "succeeded", "pending": "processing"}.get(status, "payment_failed")
    emit(call, f"payment_intent.{event}", intent)


def cancel_intent(call: Call, intent_id: str | None, reason: str) -> None:
    """Close a payment intent that nobody will pay; None and one that is closed already are left alone."""
    intent = objects.get(call.store, "payment_intent", intent_id) if intent_id else None
    if intent and intent["status"] not in {"succeeded", "canceled"}:
        intent |= {"status": "canceled", "canceled_at": now_s(), "cancellation_reason": reason}
        emit(call, "payment_intent.canceled", objects.save(call.store, intent))


def retrieve_intent(call: Call, _params: Params) -> Document:
    """Return a payment intent."""
    return objects.get(call.store, "payment_intent", call.target)


def list_intents(call: Call, params: Params) -> Document:
    """List payment intents, of one customer when asked for."""
    query = Query("payment_intent").where("customer", params.find_text("customer"))
    return lists.page(call, params, "/v1/payment_intents", query)


def retrieve_charge(call: Call, _params: Params) -> Document:
    """Return a charge."""
    return objects.get(call.store, "charge", call.target)


def list_charges(call: Call, params: Params) -> Document:
    """List charges, of one customer or payment intent when asked for."""
    query = Query("charge")
    for name in ("customer", "payment_intent"):
        query.where(name, params.find_text(name))
    return lists.page(call, params, "/v1/charges", query)


def _charge(call: Call, intent: Document, status: str, method: str) -> Document:
    latest = objects.find(call.store, intent["latest_charge"]) if intent["latest_charge"] else None
    pending = latest if latest and latest["status"] == "pending" else None
    charge = pending or objects.add(call.store, _new_charge(intent, method))
    reason = None if status != "failed" else _BOUNCED if pending else _DECLINED
    charge |= {
        "status": status,
        "paid": status == "succeeded",
        "captured": status != "failed",
        "amount_captured": intent["amount"] if status == "succeeded" else 0,
        "failure_code": "card_declined" if reason == _DECLINED else "payment_failed" if reason else None,
        "failure_message": reason,
    }
    return objects.save(call.store, charge)


def _keep_card(call: Call, charge: Document) -> None:
    card = objects.make(
        "payment_method",
        billing_details=charge["billing_details"],
        card=_DETAILS[CARD],
        customer=charge["customer"],
        metadata={},
        type=CARD,
        _outcome="accepted",
    )
    emit(call, "payment_method.attached", objects.add(call.store, card | {"id": charge["payment_method"]}))


def _new_charge(intent: Document, method: str) -> Document:
    return objects.make(
        "charge",
        amount=intent["amount"],
        amount_refunded=0,
        balance_transaction=None,
        billing_details={"address": None, "email": None, "name": None, "phone": None, "tax_id": None},
        currency=intent["currency"],
        customer=intent["customer"],
        description=intent["description"],
        disputed=False,
        metadata=intent["metadata"],
        payment_intent=intent["id"],
        payment_method=intent["payment_method"] or f"pm_{alnum(24)}",
        payment_method_details={"type": method, method: _DETAILS.get(method, {})},
        receipt_email=None,
        receipt_url=None,
        refunded=False,
        _account=intent["_account"],
    )


ROUTES: Final = (
    api.route("GET", "/v1/payment_intents", list_intents),
    api.route("GET", "/v1/payment_intents/{id}", retrieve_intent),
    api.route("GET", "/v1/charges", list_charges),
    api.route("GET", "/v1/charges/{id}", retrieve_charge),
)
