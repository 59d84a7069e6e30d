"""Disputes: a control opens them, as only banks can; the API accepts them, a control decides them."""

from typing import Final

from oauth_app.sandbox.clock import now_s
from oauth_app.sandbox.stripe_double import api, lists, objects
from oauth_app.sandbox.stripe_double.calls import Call
from oauth_app.sandbox.stripe_double.errors import refuse
from oauth_app.sandbox.stripe_double.events import emit
from oauth_app.sandbox.stripe_double.lists import Query
from oauth_app.sandbox.stripe_double.objects import Document
from oauth_app.sandbox.stripe_double.params import Params
from oauth_app.sandbox.stripe_double.refunds import charge_of

_REASONS: Final = ("duplicate", "fraudulent", "general", "product_not_received", "product_unacceptable", "unrecognized")
_ANSWER_WITHIN_S: Final = 7 * 86_400


def open_dispute(call: Call, params: Params) -> Document:
    """Let the bank of a payer take a payment back, or a part of it."""
    charge = charge_of(call, params)
    if charge["disputed"]:
        refuse("This charge is disputed already.")
    dispute = objects.make(
        "dispute",
        amount=params.find_whole("amount", 1, charge["amount"]) or charge["amount"],
        balance_transactions=[],
        charge=charge["id"],
        currency=charge["currency"],
        enhanced_eligibility_types=[],
        evidence={},
        evidence_details={
            "due_by": now_s() + _ANSWER_WITHIN_S,
            "enhanced_eligibility": {},
            "has_evidence": False,
            "past_due": False,
            "submission_count": 0,
        },
        is_charge_refundable=False,
        metadata={},
        payment_intent=charge["payment_intent"],
        reason=params.find_choice("reason", _REASONS) or "fraudulent",
        status="needs_response",
        _account=charge["_account"],
    )
    objects.add(call.store, dispute)
    objects.save(call.store, charge | {"disputed": True})
    emit(call, "charge.dispute.created", dispute)
    emit(call, "charge.dispute.funds_withdrawn", dispute)
    return dispute


def retrieve_dispute(call: Call, _params: Params) -> Document:
    """Return a dispute."""
    return objects.get(call.store, "dispute", call.target)


def list_disputes(call: Call, params: Params) -> Document:
    """List disputes, of one charge or payment intent when asked for."""
    query = Query("dispute")
    for name in ("charge", "payment_intent"):
        query.where(name, params.find_text(name))
    return lists.page(call, params, "/v1/disputes", query)


def close_dispute(call: Call, _params: Params) -> Document:
    """Accept a dispute: it is lost."""
    return decide(call, call.target, "lost")


def decide(call: Call, dispute_id: str, status: str) -> Document:
    """End a dispute as ``won``, which brings the money back, or ``lost``.

    Raises:
        StripeError: there is no such dispute, or it has ended.
    """
    dispute = objects.get(call.store, "dispute", dispute_id)
    if dispute["status"] in {"won", "lost"}:
        refuse("This dispute is already closed.")
    objects.save(call.store, dispute | {"status": status})
    dispute["status"] = status
    emit(call, "charge.dispute.closed", dispute)
    if status == "won":
        emit(call, "charge.dispute.funds_reinstated", dispute)
    return dispute


ROUTES: Final = (
    api.route("GET", "/v1/disputes", list_disputes),
    api.route("GET", "/v1/disputes/{id}", retrieve_dispute),
    api.route("POST", "/v1/disputes/{id}/close", close_dispute),
)
