"""What a Checkout session sells: prices that are made on the spot."""

import re
from typing import Final

from oauth_app.sandbox.clock import now_s
from oauth_app.sandbox.identifiers import alnum
from oauth_app.sandbox.stripe_double.currencies import LARGEST, read_currency
from oauth_app.sandbox.stripe_double.errors import ParameterError, refuse_unknown
from oauth_app.sandbox.stripe_double.objects import Document
from oauth_app.sandbox.stripe_double.params import Params

_MOST_ITEMS: Final = 100
_MOST_PIECES: Final = 999_999

#: Eight digits at most, as in LARGEST.
_WHOLE_DECIMAL: Final = re.compile(r"[0-9]{1,8}(\.0+)?", re.ASCII)


def read_line_items(params: Params) -> list[Document]:
    """Return the line items of a session, all in one currency.

    Raises:
        ParameterError: 400, there is none, too many, or one makes no sense.
    """
    items = [_read_item(item) for item in params.objects("line_items")]
    if not 0 < len(items) <= _MOST_ITEMS:
        text = f"line_items must have from 1 to {_MOST_ITEMS} items."
        raise ParameterError(text, param="line_items", code=None if items else "parameter_missing")
    if len({item["currency"] for item in items}) > 1:
        text = "All prices of a Checkout Session must be in the same currency."
        raise ParameterError(text, param="line_items")
    return items


def read_unit_amount(params: Params) -> int:
    """Return ``unit_amount``, or ``unit_amount_decimal`` where it is a whole number.

    Raises:
        ParameterError: 400, both or neither, or a fraction of the smallest unit.
    """
    decimal = params.find_text("unit_amount_decimal", longest=24)
    if decimal is None:
        return params.whole("unit_amount", 0, LARGEST)
    if not _WHOLE_DECIMAL.fullmatch(decimal) or "unit_amount" in params:
        text = "Invalid decimal: give a whole number of the smallest unit, and not unit_amount as well."
        raise ParameterError(text, param=params.name("unit_amount_decimal"))
    return int(decimal.partition(".")[0])


def _read_item(item: Params) -> Document:
    if "price" in item:
        refuse_unknown("price", item.text("price"), item.name("price"))
    if "price_data" not in item:
        text = f"You must specify {item.name('price_data')}."
        raise ParameterError(text, param=item.name("price_data"), code="parameter_missing")
    data = item.nested("price_data")
    price, name = _read_price(data)
    quantity = item.whole("quantity", 1, _MOST_PIECES)
    total = price["unit_amount"] * quantity
    return {
        "id": f"li_{alnum(24)}",
        "object": "item",
        "amount_discount": 0,
        "amount_subtotal": total,
        "amount_tax": 0,
        "amount_total": total,
        "currency": price["currency"],
        "description": name,
        "metadata": item.metadata(),
        "price": price,
        "quantity": quantity,
    }


def _read_price(data: Params) -> tuple[Document, str]:
    """Return a price and the name of its product."""
    product = data.nested("product_data")
    name = product.text("name", 250)
    for text in ("description", "tax_code", "unit_label"):
        product.find_text(text)
    product.texts("images")
    product.metadata()
    amount = read_unit_amount(data)
    price = {
        "id": f"price_{alnum(24)}",
        "object": "price",
        "active": False,
        "billing_scheme": "per_unit",
        "created": now_s(),
        "currency": read_currency(data),
        "custom_unit_amount": None,
        "livemode": False,
        "lookup_key": None,
        "metadata": {},
        "nickname": None,
        "product": f"prod_{alnum(14)}",
        "recurring": None,
        "tax_behavior": data.find_choice("tax_behavior", ("exclusive", "inclusive", "unspecified")) or "unspecified",
        "tiers_mode": None,
        "transform_quantity": None,
        "type": "one_time",
        "unit_amount": amount,
        "unit_amount_decimal": str(amount),
    }
    return price, name
