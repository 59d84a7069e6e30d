"""Customers."""

from typing import Final

from oauth_app.sandbox.identifiers import alnum
from oauth_app.sandbox.store import Store
from oauth_app.sandbox.stripe_double import api, lists, objects
from oauth_app.sandbox.stripe_double.calls import Call
from oauth_app.sandbox.stripe_double.errors import ParameterError, refuse_unknown
from oauth_app.sandbox.stripe_double.events import emit
from oauth_app.sandbox.stripe_double.lists import Query
from oauth_app.sandbox.stripe_double.objects import Document
from oauth_app.sandbox.stripe_double.params import Params

_TEXTS: Final = ("business_name", "description", "individual_name", "name", "phone")
#: Who pays as a guest on the hosted page gives no address to the double.
UNKNOWN_EMAIL: Final = "payer@example.com"

_ADDRESS: Final = ("city", "country", "line1", "line2", "postal_code", "state")
_IGNORED: Final = frozenset({"invoice_settings", "preferred_locales", "shipping", "tax", "tax_exempt", "tax_id_data"})


def create_customer(call: Call, params: Params) -> Document:
    """Add a customer."""
    return add_customer(call, _changed(_blank(), params))


def add_customer(call: Call, customer: Document) -> Document:
    """Save a new customer and tell of it."""
    objects.add(call.store, customer)
    emit(call, "customer.created", customer)
    return customer


def guest(email: str) -> Document:
    """Return a customer, not saved, of whom only the e-mail address is known."""
    return _blank() | {"email": email}


def _blank() -> Document:
    return dict.fromkeys(_TEXTS) | objects.make(
        "customer",
        address=None,
        balance=0,
        currency=None,
        default_source=None,
        delinquent=False,
        discount=None,
        email=None,
        invoice_prefix=alnum(8).upper(),
        invoice_settings={"custom_fields": None, "default_payment_method": None, "footer": None},
        metadata={},
        next_invoice_sequence=1,
        preferred_locales=[],
        shipping=None,
        tax_exempt="none",
        test_clock=None,
    )


def retrieve_customer(call: Call, _params: Params) -> Document:
    """Return a customer; of a deleted one the id is left."""
    return objects.get(call.store, "customer", call.target)


def update_customer(call: Call, params: Params) -> Document:
    """Change a customer; an empty text unsets a field."""
    before = get_customer(call.store, call.target, "id")
    customer = objects.save(call.store, _changed(dict(before), params))
    if customer != before:
        emit(call, "customer.updated", customer, before)
    return customer


def delete_customer(call: Call, _params: Params) -> Document:
    """Delete a customer for good; the id still answers."""
    customer = get_customer(call.store, call.target, "id")
    emit(call, "customer.deleted", customer)
    return objects.save(call.store, {"id": customer["id"], "object": "customer", "deleted": True})


def list_customers(call: Call, params: Params) -> Document:
    """List customers, with one e-mail address when asked for."""
    query = Query("customer").where("email", params.find_text("email")).where("livemode", value=False)
    return lists.page(call, params, "/v1/customers", query)


def get_customer(store: Store, customer_id: str, param: str = "customer") -> Document:
    """Return a customer that is not deleted.

    Raises:
        StripeError: ``resource_missing``.
    """
    customer = objects.get(store, "customer", customer_id, param)
    if customer.get("deleted"):
        refuse_unknown("customer", customer_id, param)
    return customer


def _changed(customer: Document, params: Params) -> Document:
    """Return a customer with what a call sets."""
    for name in _TEXTS:
        if name in params:
            customer[name] = params.find_text(name)
    if "email" in params:
        customer["email"] = _email(params)
    if "address" in params:
        customer["address"] = _address(params)
    customer["metadata"] = params.metadata(customer["metadata"])
    return customer


def _email(params: Params) -> str | None:
    email = params.find_text("email", longest=512)
    if email and ("@" not in email or any(character <= " " for character in email)):
        text = f"Invalid email address: {email[:80]}"
        raise ParameterError(text, param="email", code="email_invalid")
    return email


def _address(params: Params) -> Document | None:
    address = params.nested("address")
    found = {name: address.find_text(name) for name in _ADDRESS}
    return found if any(found.values()) else None


ROUTES: Final = (
    api.route("POST", "/v1/customers", create_customer, _IGNORED),
    api.route("GET", "/v1/customers", list_customers),
    api.route("GET", "/v1/customers/{id}", retrieve_customer),
    api.route("POST", "/v1/customers/{id}", update_customer, _IGNORED),
    api.route("DELETE", "/v1/customers/{id}", delete_customer),
)
