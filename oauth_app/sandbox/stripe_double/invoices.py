"""Invoices and their payments."""

from typing import Final

from oauth_app.sandbox.clock import now_s
from oauth_app.sandbox.identifiers import alnum
from oauth_app.sandbox.stripe_double import api, collecting, customers, invoice_lines, invoice_states, lists, objects
from oauth_app.sandbox.stripe_double.calls import Call
from oauth_app.sandbox.stripe_double.collecting import Step
from oauth_app.sandbox.stripe_double.currencies import read_currency
from oauth_app.sandbox.stripe_double.errors import ParameterError, StripeError, refuse
from oauth_app.sandbox.stripe_double.events import emit
from oauth_app.sandbox.stripe_double.lists import Query
from oauth_app.sandbox.stripe_double.objects import Document
from oauth_app.sandbox.stripe_double.params import Params

_METHODS: Final = ("charge_automatically", "send_invoice")
_TRANSITIONS: Final = ("finalized_at", "marked_uncollectible_at", "paid_at", "voided_at")
_LATEST_DUE_DAYS: Final = 3_650

_IGNORED: Final = frozenset({"custom_fields", "payment_settings", "rendering", "statement_descriptor"})

#: Stripe's test payment methods that the double knows -> what happens when an invoice is paid with them.
_TEST_METHODS: Final = {
    "pm_card_visa": Step.PAY,
    "pm_card_chargeDeclined": Step.FAIL,
    "pm_usBankAccount": Step.LATER,
}


def create_invoice(call: Call, params: Params) -> Document:
    """Draft an invoice; items come after it, or from those that wait for one."""
    customer = customers.get_customer(call.store, params.text("customer"))
    invoice = objects.make(
        "invoice",
        **_blank(),
        auto_advance=params.flag("auto_advance"),
        collection_method=params.find_choice("collection_method", _METHODS) or "charge_automatically",
        currency=read_currency(params) if "currency" in params else "usd",
        customer=customer["id"],
        **{f"customer_{name}": customer[name] for name in ("address", "email", "name", "phone", "tax_exempt")},
        **_texts(params, {}),
        metadata=params.metadata(),
        _account=call.account,
    )
    invoice |= _due(params, invoice)
    objects.add(call.store, invoice)
    invoice_lines.recount(call.store, invoice)
    if params.find_choice("pending_invoice_items_behavior", ("include", "exclude")) == "include":
        invoice_lines.adopt_pending(call, invoice)
    emit(call, "invoice.created", invoice)
    return invoice


def retrieve_invoice(call: Call, _params: Params) -> Document:
    """Return an invoice."""
    return objects.get(call.store, "invoice", call.target)


def update_invoice(call: Call, params: Params) -> Document:
    """Change a draft; of a finalized invoice only metadata and texts."""
    before = objects.get(call.store, "invoice", call.target)
    is_due_changed = "days_until_due" in params or "due_date" in params
    if is_due_changed and before["status"] != "draft":
        refuse("Finalized invoices can't be updated in this way.", code="invoice_not_editable")
    invoice = before | _texts(params, before) | {"metadata": params.metadata(before["metadata"])}
    invoice["auto_advance"] = params.flag("auto_advance", default=before["auto_advance"])
    if is_due_changed:
        invoice |= _due(params, invoice)
    emit(call, "invoice.updated", objects.save(call.store, invoice), before)
    return invoice


def delete_invoice(call: Call, _params: Params) -> Document:
    """Delete a draft and its items."""
    invoice = objects.get(call.store, "invoice", call.target)
    if invoice["status"] != "draft":
        refuse("You can only delete draft invoices.", code="invoice_not_editable")
    for item in objects.all_where(call.store, "invoiceitem", invoice=invoice["id"]):
        objects.remove(call.store, item)
    emit(call, "invoice.deleted", invoice)
    return objects.remove(call.store, invoice)


def list_invoices(call: Call, params: Params) -> Document:
    """List invoices by customer, status or collection method."""
    query = Query("invoice")
    for name in ("customer", "status", "collection_method"):
        query.where(name, params.find_text(name))
    return lists.page(call, params, "/v1/invoices", query)


def list_lines(call: Call, params: Params) -> Document:
    """List the lines of an invoice."""
    params.find_whole("limit", 1, 100)
    lines: Document = retrieve_invoice(call, params)["lines"]
    return lines


def finalize_invoice(call: Call, params: Params) -> Document:
    """Finalize a draft."""
    params.flag("auto_advance")
    return invoice_states.finalize(call, retrieve_invoice(call, params))


def send_invoice(call: Call, params: Params) -> Document:
    """Send an invoice."""
    return invoice_states.send(call, retrieve_invoice(call, params))


def void_invoice(call: Call, params: Params) -> Document:
    """Void an invoice."""
    return invoice_states.void(call, retrieve_invoice(call, params))


def mark_invoice_uncollectible(call: Call, params: Params) -> Document:
    """Give an invoice up."""
    return invoice_states.mark_uncollectible(call, retrieve_invoice(call, params))


def pay_invoice(call: Call, params: Params) -> Document | StripeError:
    """Pay an open invoice, with one of Stripe's test payment methods or outside of Stripe."""
    invoice = retrieve_invoice(call, params)
    intent = invoice_states.intent_of(call, invoice)
    if invoice["status"] != "open" or intent is None:
        refuse(f"Invoice is not open: its status is {invoice['status']}.")
    if params.flag("paid_out_of_band"):
        return invoice_states.mark_paid(call, invoice, off_stripe=True)
    method = params.find_text("payment_method")
    if method is None:
        refuse("There is no default payment method set on this Customer or Invoice.", code="resource_missing")
    if method not in _TEST_METHODS:
        refuse(f"No such PaymentMethod: '{method[:80]}'", param="payment_method", code="resource_missing")
    collecting.take_step(call, intent, _TEST_METHODS[method])
    failure = intent["last_payment_error"]
    if failure:
        details = {name: failure[name] for name in ("charge", "code", "decline_code")}
        return StripeError(402, failure["message"], kind="card_error", **details)
    return retrieve_invoice(call, params)


def retrieve_payment(call: Call, _params: Params) -> Document:
    """Return what ties an invoice to a payment intent."""
    return objects.get(call.store, "invoice_payment", call.target)


def list_payments(call: Call, params: Params) -> Document:
    """List such ties by invoice, status, or payment intent."""
    query = Query("invoice_payment")
    for name in ("invoice", "status"):
        query.where(name, params.find_text(name))
    payment = params.nested("payment")
    if payment.find_choice("type", ("payment_intent",)):
        query.where("payment.payment_intent", payment.text("payment_intent"))
    return lists.page(call, params, "/v1/invoice_payments", query)


def _blank() -> Document:
    """Return the fields that are the same on every new invoice."""
    return {
        **dict.fromkeys(("amount_due", "amount_overpaid", "amount_paid", "amount_remaining", "amount_shipping"), 0),
        **dict.fromkeys(("effective_at", "hosted_invoice_url", "invoice_pdf", "number", "parent")),
        "amount_paid_off_stripe": 0,
        "attempt_count": 0,
        "attempted": False,
        "automatic_tax": {"enabled": False, "liability": None, "provider": None, "status": None},
        "billing_reason": "manual",
        "discounts": [],
        "issuer": {"type": "self"},
        "period_end": now_s(),
        "period_start": now_s(),
        "starting_balance": 0,
        "status": "draft",
        "status_transitions": dict.fromkeys(_TRANSITIONS),
        "_is_overdue": False,
        "_page": alnum(48),
        "_payment": None,
    }


def _texts(params: Params, before: Document) -> Document:
    names = ("description", "footer")
    return {name: params.find_text(name) if name in params else before.get(name) for name in names}


def _due(params: Params, invoice: Document) -> Document:
    """Return when an invoice is due, for good and, where days are counted from finalizing, for now."""
    days = params.find_whole("days_until_due", 0, _LATEST_DUE_DAYS)
    due_date = params.find_whole("due_date", now_s())
    is_sent = invoice["collection_method"] == "send_invoice"
    if is_sent != ((days is None) is not (due_date is None)):
        text = "Give either days_until_due or due_date with collection_method send_invoice, and neither without it."
        raise ParameterError(text, param="days_until_due")
    return {"_days_until_due": days, "due_date": due_date if days is None else now_s() + days * invoice_states.DAY_S}


_ONE: Final = "/v1/invoices/{id}"

ROUTES: Final = (
    api.route("POST", "/v1/invoices", create_invoice, _IGNORED),
    api.route("GET", "/v1/invoices", list_invoices),
    api.route("GET", _ONE, retrieve_invoice),
    api.route("POST", _ONE, update_invoice, _IGNORED),
    api.route("DELETE", _ONE, delete_invoice),
    api.route("GET", f"{_ONE}/lines", list_lines),
    api.route("POST", f"{_ONE}/finalize", finalize_invoice),
    api.route("POST", f"{_ONE}/send", send_invoice),
    api.route("POST", f"{_ONE}/void", void_invoice),
    api.route("POST", f"{_ONE}/mark_uncollectible", mark_invoice_uncollectible),
    api.route("POST", f"{_ONE}/pay", pay_invoice),
    api.route("GET", "/v1/invoice_payments", list_payments),
    api.route("GET", "/v1/invoice_payments/{id}", retrieve_payment),
)
