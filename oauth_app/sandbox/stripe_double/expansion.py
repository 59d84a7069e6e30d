"""``expand[]``: ids become the objects they stand for, and lists that are left out come in."""

from collections.abc import Callable
from typing import Any, Final

from oauth_app.sandbox.store import Store
from oauth_app.sandbox.stripe_double import objects
from oauth_app.sandbox.stripe_double.errors import ParameterError
from oauth_app.sandbox.stripe_double.objects import Document

_DEEPEST: Final = 4


def _line_items(_store: Store, session: Document) -> Document:
    return objects.whole_list(f"/v1/checkout/sessions/{session['id']}/line_items", session["_line_items"])


def _payments(store: Store, invoice: Document) -> Document:
    found = objects.all_where(store, "invoice_payment", invoice=invoice["id"])
    return objects.whole_list("/v1/invoice_payments", found)


def _refunds(store: Store, charge: Document) -> Document:
    found = objects.all_where(store, "refund", charge=charge["id"])
    return objects.whole_list(f"/v1/charges/{charge['id']}/refunds", found[::-1])


#: (object, field) -> the list that stands there only when it is asked for.
_INCLUDABLE: Final[dict[tuple[str, str], Callable[[Store, Document], Document]]] = {
    ("checkout.session", "line_items"): _line_items,
    ("invoice", "payments"): _payments,
    ("charge", "refunds"): _refunds,
}


def expand(store: Store, document: Document, paths: list[str]) -> Document:
    """Expand a document in place along paths such as ``data.payment_intent.latest_charge``.

    Raises:
        ParameterError: 400, a path is too deep or leads to something that is not an object.
    """
    for path in paths:
        steps = path.split(".")
        if len(steps) > _DEEPEST + (steps[0] == "data"):
            text = f"You cannot expand more than {_DEEPEST} levels of a property ({path})."
            raise ParameterError(text, param="expand")
        _walk(store, document, steps, path)
    return document


def _walk(store: Store, value: Any, steps: list[str], path: str) -> None:  # noqa: ANN401 - any JSON value
    if isinstance(value, list):
        for item in value:
            _walk(store, item, steps, path)
    elif steps and value is not None:
        if not isinstance(value, dict) or steps[0].startswith("_"):
            raise _not_expandable(path)
        value[steps[0]] = _expanded(store, value, steps[0], path)
        _walk(store, value[steps[0]], steps[1:], path)


def _expanded(store: Store, owner: Document, field: str, path: str) -> Any:  # noqa: ANN401 - any JSON value
    include = _INCLUDABLE.get((owner.get("object", ""), field))
    if include:
        return include(store, owner)
    inner = owner.get(field)
    if isinstance(inner, str):
        inner = objects.find(store, inner)
    is_null = field in owner and owner[field] is None
    if not is_null and not isinstance(inner, dict | list):
        raise _not_expandable(path)
    return inner


def _not_expandable(path: str) -> ParameterError:
    return ParameterError(f"This property cannot be expanded ({path[:80]}).", param="expand")
