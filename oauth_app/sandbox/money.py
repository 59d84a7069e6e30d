"""Amounts: whole numbers inside, decimal strings with two digits on the wire.

Two currencies meet here. The provider's own unit is kept in *cents*, hundredths
of a unit; what a person pays is kept in *fen*, hundredths of one CNY.
"""

import re
from typing import Final

#: 34 000 units are one CNY (observed in three unrelated clients), so one fen is
#: 340 units, which is 34 000 cents.
CENTS_PER_FEN: Final = 34_000

#: 250 000 units per USD is only consistent arithmetic (inferred); vendors quote USD.
CENTS_PER_USD: Final = 25_000_000

#: Far above any real amount, far below what a 64-bit column can hold.
LARGEST: Final = 10**15

_AMOUNT: Final = re.compile(r"[0-9]{1,13}(\.[0-9]{1,2})?", re.ASCII)


class AmountError(ValueError):
    """The text is not an amount with at most two decimal digits."""


def parse(text: str) -> int:
    """Return the hundredths that a decimal string stands for.

    Raises:
        AmountError: it is not a plain decimal, has a third digit, or is too large.
    """
    if not _AMOUNT.fullmatch(text):
        raise AmountError(text)
    whole, _, digits = text.partition(".")
    hundredths = int(whole) * 100 + int(digits.ljust(2, "0"))
    if hundredths > LARGEST:
        raise AmountError(text)
    return hundredths


def wire(hundredths: int) -> str:
    """Return hundredths as the provider writes amounts, such as ``8217.00``."""
    return f"{hundredths // 100}.{hundredths % 100:02d}"


def readable(hundredths: int) -> str:
    """Return hundredths for people, with thousands apart: ``3,400,000.00``."""
    return f"{hundredths // 100:,}.{hundredths % 100:02d}"


def cents_of_fen(fen: int) -> int:
    """Return the units, in cents, that a payment in CNY credits."""
    return fen * CENTS_PER_FEN
