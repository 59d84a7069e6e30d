"""Currencies: which there are, the least that can be charged, how amounts are written."""

from typing import Final

from oauth_app.sandbox.stripe_double.errors import ParameterError
from oauth_app.sandbox.stripe_double.params import Params

#: Amounts have eight digits at most.
LARGEST: Final = 99_999_999

_NAMES: Final = (
    "aed aud bgn brl cad chf cny czk dkk eur gbp hkd huf idr ils inr jpy krw mxn myr nok nzd php pln ron sar sek sgd "
    "thb try twd usd vnd zar"
)
_CURRENCIES: Final = frozenset(_NAMES.split())

#: Their amounts are whole units, not hundredths.
_WITHOUT_MINOR_UNIT: Final = frozenset({"jpy", "krw", "vnd"})

#: What Stripe lists; where it lists nothing, one.
_LEAST: Final = {"aud": 50, "cad": 50, "chf": 50, "eur": 50, "gbp": 30, "hkd": 400, "jpy": 50, "sgd": 50, "usd": 50}


def read_currency(params: Params) -> str:
    """Return the required ``currency`` in lower case.

    Raises:
        ParameterError: 400, missing or not supported.
    """
    currency = params.text("currency").lower()
    if currency not in _CURRENCIES:
        text = f"Invalid currency: {currency[:20]}. The double supports: {', '.join(sorted(_CURRENCIES))}"
        raise ParameterError(text, param=params.name("currency"))
    return currency


def check_chargeable(amount: int, currency: str) -> None:
    """Refuse an amount that is too small or too large for one payment.

    Raises:
        ParameterError: 400 ``amount_too_small`` or ``amount_too_large``.
    """
    least = _LEAST.get(currency, 1)
    if amount < least:
        text = f"The total amount due must add up to at least {written(least, currency)}."
        raise ParameterError(text, code="amount_too_small")
    if amount > LARGEST:
        text = f"The total amount due must be no more than {written(LARGEST, currency)}."
        raise ParameterError(text, code="amount_too_large")


def written(amount: int, currency: str) -> str:
    """Return an amount for people, such as ``1,234.50 USD``."""
    if currency in _WITHOUT_MINOR_UNIT:
        return f"{amount:,} {currency.upper()}"
    sign = "-" if amount < 0 else ""
    return f"{sign}{abs(amount) // 100:,}.{abs(amount) % 100:02d} {currency.upper()}"
