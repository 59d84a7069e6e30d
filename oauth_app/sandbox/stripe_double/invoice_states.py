"""The life of an invoice: draft, open, then paid, void or uncollectible."""

from typing import Final

from oauth_app.sandbox.clock import now_s
from oauth_app.sandbox.stripe_double import intents, objects
from oauth_app.sandbox.stripe_double.calls import Call
from oauth_app.sandbox.stripe_double.currencies import LARGEST, written
from oauth_app.sandbox.stripe_double.errors import refuse
from oauth_app.sandbox.stripe_double.events import emit
from oauth_app.sandbox.stripe_double.intents import Wish
from oauth_app.sandbox.stripe_double.objects import Document

PAGE: Final = "/stripe/i"

DAY_S: Final = 86_400

#: The second one reports its outcome later.
_METHODS: Final = ("card", "us_bank_account")


def finalize(call: Call, invoice: Document) -> Document:
    """Close the contents of a draft and let it be paid; nothing to pay means paid."""
    if invoice["status"] != "draft":
        refuse("This invoice is already finalized, you can't re-finalize a non-draft invoice.")
    if invoice["amount_due"] > LARGEST:
        refuse(f"An invoice can be for {written(LARGEST, invoice['currency'])} at most.", code="amount_too_large")
    now = now_s()
    page = f"{call.origin}{PAGE}/{invoice['_page']}"
    invoice |= {
        "effective_at": now,
        "hosted_invoice_url": page,
        "invoice_pdf": f"{page}/pdf",
        "number": _next_number(call, invoice["customer"]),
        "status": "open",
    }
    if invoice["_days_until_due"] is not None:
        invoice["due_date"] = now + invoice["_days_until_due"] * DAY_S
    invoice["status_transitions"]["finalized_at"] = now
    _tell(call, invoice, "finalized")
    if invoice["amount_due"] == 0:
        return mark_paid(call, invoice)
    _ask_for_payment(call, invoice)
    return invoice


def send(call: Call, invoice: Document) -> Document:
    """Send an invoice to its customer, finalizing a draft first; no mail leaves the double."""
    if invoice["collection_method"] != "send_invoice":
        refuse("You can only manually send an invoice if its collection method is 'send_invoice'.")
    if invoice["status"] == "draft":
        finalize(call, invoice)
    _check_status(invoice, "sent", "open", "paid")
    _tell(call, invoice, "sent")
    return invoice


def void(call: Call, invoice: Document) -> Document:
    """Declare an invoice for nothing."""
    _check_status(invoice, "voided", "open", "uncollectible")
    intent = intent_of(call, invoice)
    if intent and intent["status"] == "processing":
        refuse("You cannot void an invoice while a payment of it is processing.")
    _give_up_payment(call, invoice)
    _move(call, invoice, "void", "voided_at", "voided")
    return invoice


def mark_uncollectible(call: Call, invoice: Document) -> Document:
    """Give an invoice up for the books; it can still be voided."""
    _check_status(invoice, "marked uncollectible", "open")
    _move(call, invoice, "uncollectible", "marked_uncollectible_at", "marked_uncollectible")
    return invoice


def overdue(call: Call, invoice: Document) -> Document:
    """Say that the due date of an open invoice has passed; it can still be paid."""
    _check_status(invoice, "overdue", "open")
    invoice["_is_overdue"] = True
    _tell(call, invoice, "overdue")
    return invoice


def mark_paid(call: Call, invoice: Document, *, off_stripe: bool = False) -> Document:
    """Note that all of an invoice is paid; money that came another way closes the payment intent."""
    due = invoice["amount_due"]
    if off_stripe:
        _give_up_payment(call, invoice)
    invoice |= {
        "amount_paid": due,
        "amount_paid_off_stripe": due if off_stripe else 0,
        "amount_remaining": 0,
        "attempted": True,
    }
    _move(call, invoice, "paid", "paid_at", "paid")
    _tell(call, invoice, "payment_succeeded")
    call.on_paid(call.store, invoice)
    return invoice


def follow(call: Call, invoice: Document, charge_status: str) -> None:
    """Let an invoice follow what became of its payment; one that is pending changes nothing."""
    if charge_status != "pending":
        invoice |= {"attempted": True, "attempt_count": invoice["attempt_count"] + 1}
    if charge_status == "failed":
        _tell(call, invoice, "payment_failed")
    if charge_status == "succeeded":
        payment = objects.get(call.store, "invoice_payment", invoice["_payment"])
        payment |= {"amount_paid": invoice["amount_due"], "status": "paid"}
        payment["status_transitions"]["paid_at"] = now_s()
        emit(call, "invoice_payment.paid", objects.save(call.store, payment))
        mark_paid(call, invoice)


def intent_of(call: Call, invoice: Document) -> Document | None:
    """Return the payment intent of an invoice, or None while there is nothing to pay."""
    if not invoice["_payment"]:
        return None
    payment = objects.get(call.store, "invoice_payment", invoice["_payment"])
    return objects.get(call.store, "payment_intent", payment["payment"]["payment_intent"])


def _ask_for_payment(call: Call, invoice: Document) -> None:
    wish = Wish(
        owner=invoice["id"],
        amount=invoice["amount_due"],
        currency=invoice["currency"],
        customer=invoice["customer"],
        account=invoice["_account"],
        description=invoice["description"] or f"Payment for Invoice {invoice['number']}",
        methods=_METHODS,
    )
    payment = objects.make(
        "invoice_payment",
        amount_paid=None,
        amount_requested=invoice["amount_due"],
        currency=invoice["currency"],
        invoice=invoice["id"],
        is_default=True,
        payment={"type": "payment_intent", "payment_intent": intents.open_intent(call, wish)["id"]},
        status="open",
        status_transitions={"canceled_at": None, "paid_at": None},
        _account=invoice["_account"],
    )
    objects.add(call.store, payment)
    objects.save(call.store, invoice | {"_payment": payment["id"]})
    invoice["_payment"] = payment["id"]


def _give_up_payment(call: Call, invoice: Document) -> None:
    if not invoice["_payment"]:
        return
    payment = objects.get(call.store, "invoice_payment", invoice["_payment"])
    payment["status"] = "canceled"
    payment["status_transitions"]["canceled_at"] = now_s()
    objects.save(call.store, payment)
    intents.cancel_intent(call, payment["payment"]["payment_intent"], "void_invoice")


def _next_number(call: Call, customer_id: str) -> str:
    customer = objects.get(call.store, "customer", customer_id)
    if customer.get("deleted"):
        refuse("The customer of this invoice was deleted.", code="resource_missing")
    number = f"{customer['invoice_prefix']}-{customer['next_invoice_sequence']:04d}"
    customer["next_invoice_sequence"] += 1
    objects.save(call.store, customer)
    return number


def _check_status(invoice: Document, done: str, *allowed: str) -> None:
    if invoice["status"] not in allowed:
        refuse(f"Only an invoice that is {' or '.join(allowed)} can be {done}. This one is {invoice['status']}.")


def _move(call: Call, invoice: Document, status: str, moment: str, event: str) -> None:
    invoice["status"] = status
    invoice["status_transitions"][moment] = now_s()
    _tell(call, invoice, event)


def _tell(call: Call, invoice: Document, what: str) -> None:
    emit(call, f"invoice.{what}", objects.save(call.store, invoice))
