"""Refunds: never more than was paid; by card at once, by bank when a control says so."""

from typing import Final

from oauth_app.sandbox.stripe_double import api, lists, objects
from oauth_app.sandbox.stripe_double.calls import Call
from oauth_app.sandbox.stripe_double.currencies import written
from oauth_app.sandbox.stripe_double.errors import ParameterError, refuse
from oauth_app.sandbox.stripe_double.events import emit
from oauth_app.sandbox.stripe_double.intents import CARD
from oauth_app.sandbox.stripe_double.lists import Query
from oauth_app.sandbox.stripe_double.objects import Document
from oauth_app.sandbox.stripe_double.params import Params

_REASONS: Final = ("duplicate", "fraudulent", "requested_by_customer")


def create_refund(call: Call, params: Params) -> Document:
    """Give back a payment, or a part of it."""
    charge = charge_of(call, params)
    left = charge["amount"] - charge["amount_refunded"]
    wanted = params.find_whole("amount", 1)
    _check_refundable(charge, left if wanted is None else wanted, left)
    refund = objects.make(
        "refund",
        amount=left if wanted is None else wanted,
        balance_transaction=None,
        charge=charge["id"],
        currency=charge["currency"],
        destination_details={"type": charge["payment_method_details"]["type"]},
        metadata=params.metadata(),
        payment_intent=charge["payment_intent"],
        reason=params.find_choice("reason", _REASONS),
        receipt_number=None,
        status="succeeded" if charge["payment_method_details"]["type"] == CARD else "pending",
        _account=charge["_account"],
    )
    objects.add(call.store, refund)
    charge["amount_refunded"] += refund["amount"]
    charge["refunded"] = charge["amount_refunded"] == charge["amount"]
    objects.save(call.store, charge)
    emit(call, "refund.created", refund)
    emit(call, "charge.refunded", charge)
    return refund


def retrieve_refund(call: Call, _params: Params) -> Document:
    """Return a refund."""
    return objects.get(call.store, "refund", call.target)


def update_refund(call: Call, params: Params) -> Document:
    """Change the metadata of a refund."""
    before = objects.get(call.store, "refund", call.target)
    return _update(call, before, {"metadata": params.metadata(before["metadata"])})


def list_refunds(call: Call, params: Params) -> Document:
    """List refunds, of one charge or payment intent when asked for."""
    query = Query("refund")
    for name in ("charge", "payment_intent"):
        query.where(name, params.find_text(name))
    return lists.page(call, params, "/v1/refunds", query)


def finish_refund(call: Call, refund_id: str, *, succeeds: bool) -> Document:
    """Let a pending refund arrive, or come back so that the charge counts as paid again.

    Raises:
        StripeError: there is no such refund, or it is not pending.
    """
    before = objects.get(call.store, "refund", refund_id)
    if before["status"] != "pending":
        refuse(f"This refund is {before['status']}, not pending.")
    if succeeds:
        return _update(call, before, {"status": "succeeded"})
    charge = objects.get(call.store, "charge", before["charge"])
    charge |= {"amount_refunded": charge["amount_refunded"] - before["amount"], "refunded": False}
    objects.save(call.store, charge)
    refund = _update(call, before, {"status": "failed", "failure_reason": "unknown"})
    emit(call, "refund.failed", refund)
    return refund


def charge_of(call: Call, params: Params) -> Document:
    """Return the charge that ``charge`` or ``payment_intent`` names.

    Raises:
        StripeError: both or neither, unknown, or nothing was paid.
    """
    charge_id, intent_id = params.find_text("charge"), params.find_text("payment_intent")
    if (charge_id is None) is (intent_id is None):
        text = "One of the following params should be provided for this request: payment_intent or charge."
        raise ParameterError(text, code="parameter_missing")
    if intent_id:
        charge_id = objects.get(call.store, "payment_intent", intent_id, "payment_intent")["latest_charge"]
    charge = objects.get(call.store, "charge", charge_id, "charge") if charge_id else None
    if charge is None or charge["status"] != "succeeded":
        refuse("This payment has no successful charge.")
    return charge


def _check_refundable(charge: Document, amount: int, left: int) -> None:
    if charge["disputed"]:
        refuse(f"Charge {charge['id']} has been charged back; cannot issue a refund.", code="charge_disputed")
    if left == 0:
        refuse(f"Charge {charge['id']} has already been refunded.", code="charge_already_refunded")
    if amount > left:
        asked, rest = written(amount, charge["currency"]), written(left, charge["currency"])
        refuse(f"Refund amount ({asked}) is greater than unrefunded amount on charge ({rest})", param="amount")


def _update(call: Call, before: Document, change: Document) -> Document:
    refund = objects.save(call.store, before | change)
    emit(call, "refund.updated", refund, before)
    emit(call, "charge.refund.updated", refund, before)
    return refund


ROUTES: Final = (
    api.route("POST", "/v1/refunds", create_refund),
    api.route("GET", "/v1/refunds", list_refunds),
    api.route("GET", "/v1/refunds/{id}", retrieve_refund),
    api.route("POST", "/v1/refunds/{id}", update_refund),
)
