"""Amounts and numbers out of a form."""

from flask import request

from oauth_app.services.consent import InvalidLimitsError
from oauth_app.upstream.amounts import parse_amount

_MAX_DIGITS = 6


def read_amount(name: str, most: int) -> int:
    """Return an amount of CNY that was sent, in hundredths.

    Raises:
        InvalidLimitsError: no amount, not above zero, or more than ``most``.
    """
    try:
        amount = parse_amount(request.form.get(name, "").strip())
    except ValueError:
        raise InvalidLimitsError(name) from None
    if not 0 < amount <= most:
        raise InvalidLimitsError(name)
    return amount


def read_number(name: str, most: int) -> int:
    """Return a whole number from 1 to ``most`` that was sent.

    Raises:
        InvalidLimitsError: no such number.
    """
    text = request.form.get(name, "").strip()
    if not (text.isascii() and text.isdigit() and len(text) <= _MAX_DIGITS and 1 <= int(text) <= most):
        raise InvalidLimitsError(name)
    return int(text)
