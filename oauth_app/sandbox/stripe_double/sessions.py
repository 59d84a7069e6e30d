"""Checkout sessions of mode ``payment`` on the hosted page."""

from typing import Final

from oauth_app.sandbox.clock import now_s
from oauth_app.sandbox.stripe_double import api, customers, intents, lists, objects
from oauth_app.sandbox.stripe_double.calls import Call
from oauth_app.sandbox.stripe_double.currencies import check_chargeable
from oauth_app.sandbox.stripe_double.errors import ParameterError, refuse
from oauth_app.sandbox.stripe_double.events import emit
from oauth_app.sandbox.stripe_double.intents import Wish
from oauth_app.sandbox.stripe_double.line_items import read_line_items
from oauth_app.sandbox.stripe_double.lists import Query
from oauth_app.sandbox.stripe_double.objects import Document
from oauth_app.sandbox.stripe_double.params import Params

PAGE: Final = "/stripe/c/pay"

_SHORTEST_S: Final = 1_800
_LONGEST_S: Final = 86_400

#: The second one reports its outcome later.
_METHODS: Final = ("card", "us_bank_account")

#: What changes the looks of the page, or asks for more of the person, but not the money.
_IGNORED: Final = frozenset(
    {
        "allow_promotion_codes",
        "billing_address_collection",
        "branding_settings",
        "consent_collection",
        "custom_fields",
        "custom_text",
        "customer_update",
        "locale",
        "name_collection",
        "payment_method_configuration",
        "payment_method_options",
        "phone_number_collection",
        "submit_type",
        "wallet_options",
    }
)


def create_session(call: Call, params: Params) -> Document:
    """Open a session."""
    _check_mode(params)
    items = read_line_items(params)
    total, currency = sum(item["amount_total"] for item in items), items[0]["currency"]
    check_chargeable(total, currency)
    session = objects.make(
        "checkout.session",
        **_blank(),
        amount_subtotal=total,
        amount_total=total,
        cancel_url=params.find_url("cancel_url"),
        client_reference_id=params.find_text("client_reference_id", 200),
        currency=currency,
        customer_creation=params.find_choice("customer_creation", ("always", "if_required")) or "if_required",
        **_customer(call, params),
        expires_at=_expiry_s(params),
        metadata=params.metadata(),
        payment_method_types=params.texts("payment_method_types") or list(_METHODS),
        success_url=_success_url(params),
        _account=call.account,
        _line_items=items,
        **_for_the_intent(params),
    )
    session["url"] = f"{call.origin}{PAGE}/{session['id']}"
    return objects.add(call.store, session)


def retrieve_session(call: Call, _params: Params) -> Document:
    """Return a session."""
    return current(call, objects.get(call.store, "checkout.session", call.target))


def list_sessions(call: Call, params: Params) -> Document:
    """List sessions by customer, payment intent or status."""
    query = Query("checkout.session")
    for name in ("customer", "payment_intent", "status"):
        query.where(name, params.find_text(name))
    return lists.page(call, params, "/v1/checkout/sessions", query)


def list_line_items(call: Call, params: Params) -> Document:
    """List what a session sells, in order."""
    session = objects.get(call.store, "checkout.session", call.target)
    params.find_whole("limit", 1, 100)
    return objects.whole_list(f"/v1/checkout/sessions/{session['id']}/line_items", session["_line_items"])


def expire_session(call: Call, _params: Params) -> Document:
    """Close an open session."""
    session = current(call, objects.get(call.store, "checkout.session", call.target))
    if session["status"] != "open":
        refuse(f'Only Checkout Sessions with a status in ["open"] can be expired. This one is {session["status"]}.')
    return _expire(call, session)


def current(call: Call, session: Document) -> Document:
    """Return a session as it is now: an open one whose time is over expires when somebody looks at it."""
    is_over = session["status"] == "open" and session["expires_at"] <= now_s()
    return _expire(call, session) if is_over else session


def intent_of(call: Call, session: Document) -> Document:
    """Return the payment intent of a session; as at Stripe there is none before the first attempt to pay."""
    if session["payment_intent"]:
        return objects.get(call.store, "payment_intent", session["payment_intent"])
    needs_customer = session["customer_creation"] == "always" or session["_future_usage"]
    if needs_customer and not session["customer"]:
        guest = customers.guest(session["customer_email"] or customers.UNKNOWN_EMAIL)
        session["customer"] = customers.add_customer(call, guest | {"_account": session["_account"]})["id"]
    wish = Wish(
        owner=session["id"],
        amount=session["amount_total"],
        currency=session["currency"],
        customer=session["customer"],
        account=session["_account"],
        description=session["_intent_description"],
        metadata=session["_intent_metadata"],
        methods=tuple(session["payment_method_types"]),
        future_usage=session["_future_usage"],
    )
    intent = intents.open_intent(call, wish)
    session["payment_intent"] = intent["id"]
    objects.save(call.store, session)
    return intent


def follow(call: Call, session: Document, charge_status: str) -> None:
    """Let a session follow what became of its payment."""
    was_open = session["status"] == "open"
    if charge_status == "succeeded":
        session["payment_status"] = "paid"
    if charge_status != "failed" and was_open:
        session |= {"status": "complete", "url": None, "customer_details": _details(call, session)}
        _save_and_tell(call, session, "completed")
    elif not was_open:
        outcome = "succeeded" if charge_status == "succeeded" else "failed"
        _save_and_tell(call, session, f"async_payment_{outcome}")
    if charge_status == "succeeded":
        call.on_paid(call.store, session)


def _expire(call: Call, session: Document) -> Document:
    intents.cancel_intent(call, session["payment_intent"], "expired")
    session |= {"status": "expired", "url": None}
    _save_and_tell(call, session, "expired")
    return session


def _save_and_tell(call: Call, session: Document, what: str) -> None:
    emit(call, f"checkout.session.{what}", objects.save(call.store, session))


def _blank() -> Document:
    """Return the fields that are the same on every new session."""
    return {
        **dict.fromkeys(("client_secret", "customer_details", "invoice", "locale", "payment_intent", "payment_link")),
        "automatic_tax": {"enabled": False, "liability": None, "provider": None, "status": None},
        "custom_fields": [],
        "custom_text": {},
        "mode": "payment",
        "payment_status": "unpaid",
        "shipping_options": [],
        "status": "open",
        "total_details": {"amount_discount": 0, "amount_shipping": 0, "amount_tax": 0},
        "ui_mode": "hosted_page",
    }


def _check_mode(params: Params) -> None:
    mode = params.text("mode")
    if mode != "payment":
        text = f"Invalid mode: the double emulates payment, not {mode[:40]}."
        raise ParameterError(text, param="mode")
    if params.find_text("ui_mode") not in {None, "hosted_page"}:
        text = "Invalid ui_mode: the double emulates hosted_page."
        raise ParameterError(text, param="ui_mode")


def _success_url(params: Params) -> str:
    params.text("success_url")
    return params.find_url("success_url") or ""


def _customer(call: Call, params: Params) -> Document:
    customer_id, email = params.find_text("customer"), params.find_text("customer_email", 512)
    if customer_id and email:
        text = "You may only specify one of these parameters: customer, customer_email."
        raise ParameterError(text)
    if customer_id:
        customers.get_customer(call.store, customer_id)
    return {"customer": customer_id, "customer_email": email}


def _expiry_s(params: Params) -> int:
    wanted = params.find_whole("expires_at")
    if wanted is not None and not _SHORTEST_S <= wanted - now_s() <= _LONGEST_S:
        text = "The `expires_at` timestamp must be from 30 minutes to 24 hours after the session is made."
        raise ParameterError(text, param="expires_at")
    return wanted or now_s() + _LONGEST_S


def _for_the_intent(params: Params) -> Document:
    """Return what the payment intent is to get, once there is one."""
    data = params.nested("payment_intent_data")
    for name in ("receipt_email", "statement_descriptor", "statement_descriptor_suffix"):
        data.find_text(name)
    data.find_choice("capture_method", ("automatic", "automatic_async"))
    return {
        "_future_usage": data.find_choice("setup_future_usage", ("off_session", "on_session")),
        "_intent_description": data.find_text("description"),
        "_intent_metadata": data.metadata(),
    }


def _details(call: Call, session: Document) -> Document:
    customer = objects.find(call.store, session["customer"]) if session["customer"] else None
    known = customer or {"email": session["customer_email"]}
    return {
        "address": known.get("address"),
        "email": known.get("email") or customers.UNKNOWN_EMAIL,
        "name": known.get("name"),
        "phone": known.get("phone"),
        "tax_exempt": "none",
        "tax_ids": [],
    }


_PATH: Final = "/v1/checkout/sessions"

ROUTES: Final = (
    api.route("POST", _PATH, create_session, _IGNORED),
    api.route("GET", _PATH, list_sessions),
    api.route("GET", f"{_PATH}/{{id}}", retrieve_session),
    api.route("GET", f"{_PATH}/{{id}}/line_items", list_line_items),
    api.route("POST", f"{_PATH}/{{id}}/expire", expire_session),
)
