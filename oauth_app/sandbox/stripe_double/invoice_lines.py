"""Invoice items, and the lines they become on an invoice."""

from typing import Final

from oauth_app.sandbox.clock import now_s
from oauth_app.sandbox.identifiers import alnum
from oauth_app.sandbox.store import Store
from oauth_app.sandbox.stripe_double import api, customers, lists, objects
from oauth_app.sandbox.stripe_double.calls import Call
from oauth_app.sandbox.stripe_double.currencies import LARGEST, read_currency
from oauth_app.sandbox.stripe_double.errors import ParameterError, refuse
from oauth_app.sandbox.stripe_double.events import emit
from oauth_app.sandbox.stripe_double.line_items import read_unit_amount
from oauth_app.sandbox.stripe_double.lists import Query
from oauth_app.sandbox.stripe_double.objects import Document
from oauth_app.sandbox.stripe_double.params import Params

_MOST_PIECES: Final = 999_999


def create_item(call: Call, params: Params) -> Document:
    """Add an item, to a draft or to the next invoice of the customer."""
    customer = customers.get_customer(call.store, params.text("customer"))
    currency = read_currency(params)
    amount, unit_amount, quantity = _amounts(params)
    now = now_s()
    item = objects.make(
        "invoiceitem",
        amount=amount,
        currency=currency,
        customer=customer["id"],
        date=now,
        description=params.find_text("description"),
        discountable=params.flag("discountable", default=True),
        discounts=[],
        invoice=params.find_text("invoice"),
        metadata=params.metadata(),
        net_amount=amount,
        parent=None,
        period={"start": now, "end": now},
        pricing=_pricing(unit_amount),
        proration=False,
        quantity=quantity,
        quantity_decimal=str(quantity),
        tax_rates=[],
        test_clock=None,
        _account=call.account,
    )
    objects.add(call.store, item)
    if item["invoice"]:
        recount(call.store, _draft(call, item))
    emit(call, "invoiceitem.created", item)
    return item


def retrieve_item(call: Call, _params: Params) -> Document:
    """Return an item."""
    return objects.get(call.store, "invoiceitem", call.target)


def delete_item(call: Call, _params: Params) -> Document:
    """Remove an item that is on no finished invoice."""
    item = objects.get(call.store, "invoiceitem", call.target)
    draft = _draft(call, item) if item["invoice"] else None
    removed = objects.remove(call.store, item)
    if draft:
        recount(call.store, draft)
    emit(call, "invoiceitem.deleted", item)
    return removed


def list_items(call: Call, params: Params) -> Document:
    """List items by customer or invoice, or those that are on no invoice yet."""
    query = Query("invoiceitem")
    for name in ("customer", "invoice"):
        query.where(name, params.find_text(name))
    if "pending" in params:
        query.where_null("invoice", is_null=params.flag("pending"))
    return lists.page(call, params, "/v1/invoiceitems", query)


def adopt_pending(call: Call, invoice: Document) -> None:
    """Put the customer's items that wait for an invoice on this one."""
    waiting = {"customer": invoice["customer"], "currency": invoice["currency"], "invoice": None}
    for item in objects.all_where(call.store, "invoiceitem", **waiting):
        objects.save(call.store, item | {"invoice": invoice["id"]})
    recount(call.store, invoice)


def recount(store: Store, invoice: Document) -> Document:
    """Save an invoice with the lines and sums that its items make."""
    items = objects.all_where(store, "invoiceitem", invoice=invoice["id"])
    total = sum(item["amount"] for item in items)
    due = max(total, 0)
    sums = dict.fromkeys(("subtotal", "subtotal_excluding_tax", "total", "total_excluding_tax"), total)
    lines = [_line(invoice["id"], item) for item in items]
    invoice |= {**sums, "amount_due": due, "amount_remaining": due - invoice["amount_paid"]}
    invoice["lines"] = objects.whole_list(f"/v1/invoices/{invoice['id']}/lines", lines)
    return objects.save(store, invoice)


def _draft(call: Call, item: Document) -> Document:
    """Return the invoice of an item, which must still be open to change."""
    invoice = objects.get(call.store, "invoice", item["invoice"], "invoice")
    if invoice["status"] != "draft":
        refuse("This invoice is no longer editable.", code="invoice_not_editable")
    if invoice["customer"] != item["customer"] or invoice["currency"] != item["currency"]:
        refuse("The invoice item and its invoice must have the same customer and currency.", param="invoice")
    return invoice


def _amounts(params: Params) -> tuple[int, int, int]:
    """Return amount, amount of one piece, and number of pieces."""
    if "amount" in params:
        if "quantity" in params or "unit_amount_decimal" in params:
            text = "You may only specify one of these parameters: amount, quantity with unit_amount_decimal."
            raise ParameterError(text, param="amount")
        amount = params.whole("amount", -LARGEST, LARGEST)
        return amount, amount, 1
    if "unit_amount_decimal" not in params:
        text = "You must specify amount or unit_amount_decimal."
        raise ParameterError(text, param="amount", code="parameter_missing")
    pieces = params.find_whole("quantity", 0, _MOST_PIECES)
    quantity = 1 if pieces is None else pieces
    unit_amount = read_unit_amount(params)
    return unit_amount * quantity, unit_amount, quantity


def _pricing(unit_amount: int) -> Document:
    details = {"price": f"price_{alnum(24)}", "product": f"prod_{alnum(14)}"}
    return {"price_details": details, "type": "price_details", "unit_amount_decimal": str(unit_amount)}


def _line(invoice_id: str, item: Document) -> Document:
    shared = ("amount", "currency", "description", "discountable", "metadata", "period", "pricing", "quantity")
    details = {"invoice_item": item["id"], "proration": False, "proration_details": None, "subscription": None}
    return {
        "id": f"il_{item['id'].removeprefix('ii_')}",
        "object": "line_item",
        **{name: item[name] for name in shared},
        "discount_amounts": [],
        "discounts": [],
        "invoice": invoice_id,
        "livemode": False,
        "parent": {"invoice_item_details": details, "subscription_item_details": None, "type": "invoice_item_details"},
        "pretax_credit_amounts": [],
        "quantity_decimal": str(item["quantity"]),
        "subtotal": item["amount"],
        "taxes": [],
    }


ROUTES: Final = (
    api.route("POST", "/v1/invoiceitems", create_item),
    api.route("GET", "/v1/invoiceitems", list_items),
    api.route("GET", "/v1/invoiceitems/{id}", retrieve_item),
    api.route("DELETE", "/v1/invoiceitems/{id}", delete_item),
)
