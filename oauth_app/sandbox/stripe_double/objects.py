"""Stripe's objects, kept as the JSON documents they are on the wire.

A field whose name begins with an underscore is the double's own and never
leaves it; ``_account`` is null for the operator's objects. Ids tell the kind of
an object, as Stripe's do.
"""

import json
from collections.abc import Mapping
from typing import Any, Final

from oauth_app.sandbox.clock import now_s
from oauth_app.sandbox.identifiers import alnum
from oauth_app.sandbox.store import Store
from oauth_app.sandbox.stripe_double.errors import refuse_unknown

Document = dict[str, Any]

#: Value of ``object`` -> (prefix of the id, length of what follows, Stripe's word for it in a message).
_KINDS: Final = {
    "customer": ("cus_", 14, "customer"),
    "checkout.session": ("cs_test_", 58, "checkout.session"),
    "payment_intent": ("pi_", 24, "payment_intent"),
    "payment_method": ("pm_", 24, "PaymentMethod"),
    "charge": ("ch_", 24, "charge"),
    "invoice": ("in_", 24, "invoice"),
    "invoiceitem": ("ii_", 24, "invoiceitem"),
    "invoice_payment": ("inpay_", 24, "invoice_payment"),
    "refund": ("re_", 24, "refund"),
    "dispute": ("du_", 24, "dispute"),
    "event": ("evt_", 24, "event"),
    "webhook_endpoint": ("we_", 24, "webhook_endpoint"),
}


def make(kind: str, **fields: object) -> Document:
    """Return a new object of a kind with its id and the fields every object has; nothing is saved."""
    prefix, length, _ = _KINDS[kind]
    common = {"id": prefix + alnum(length), "object": kind, "created": now_s(), "livemode": False, "_account": None}
    return common | fields


def add(store: Store, document: Document) -> Document:
    """Save a new object."""
    store.run(
        "INSERT INTO stripe_object (id, kind, body) VALUES (?, ?, ?)",
        document["id"],
        document["object"],
        json.dumps(document),
    )
    return document


def save(store: Store, document: Document) -> Document:
    """Save the changes of an object."""
    store.run("UPDATE stripe_object SET body = ? WHERE id = ?", json.dumps(document), document["id"])
    return document


def remove(store: Store, document: Document) -> Document:
    """Delete an object without a trace and return what Stripe answers."""
    store.run("DELETE FROM stripe_object WHERE id = ?", document["id"])
    return {"id": document["id"], "object": document["object"], "deleted": True}


def find(store: Store, object_id: str) -> Document | None:
    """Return an object of any kind, or None."""
    row = store.find("SELECT body FROM stripe_object WHERE id = ?", object_id)
    return json.loads(row["body"]) if row else None


def get(store: Store, kind: str, object_id: str, param: str = "id") -> Document:
    """Return an object of one kind.

    Raises:
        StripeError: 404 ``resource_missing``.
    """
    document = find(store, object_id)
    if document is None or document["object"] != kind:
        refuse_unknown(_KINDS[kind][2], object_id, param)
    return document


def all_where(store: Store, kind: str, **fields: object) -> list[Document]:
    """Return the objects whose top-level fields have these values, oldest first."""
    conditions = "".join(f" AND json_extract(body, '$.{name}') IS ?" for name in fields)
    query = f"SELECT body FROM stripe_object WHERE kind = ?{conditions} ORDER BY sequence"  # noqa: S608 - our names
    return [json.loads(row["body"]) for row in store.rows(query, kind, *fields.values())]


def public(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    """Return a value without the double's own fields."""
    if isinstance(value, Mapping):
        return {name: public(inner) for name, inner in value.items() if not name.startswith("_")}
    return [public(item) for item in value] if isinstance(value, list) else value


def whole_list(path: str, items: list[Document]) -> Document:
    """Return a list object that holds all there is."""
    return {"object": "list", "data": items, "has_more": False, "url": path}
