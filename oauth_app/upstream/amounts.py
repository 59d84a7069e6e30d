"""Amounts on the wire: decimal strings there, whole hundredths here. Never a float."""

import re

_DECIMAL = re.compile(r"(-?)(\d{1,15})(?:\.(\d{1,2}))?", re.ASCII)


def parse_amount(text: str) -> int:
    """Return the hundredths of a decimal string such as ``"8217.00"``.

    Raises:
        ValueError: not a decimal with at most two digits.
    """
    match = _DECIMAL.fullmatch(text)
    if match is None:
        msg = "not an amount with at most two decimals"
        raise ValueError(msg)
    sign, whole, fraction = match.groups(default="")
    hundredths = int(whole) * 100 + int(fraction.ljust(2, "0"))
    return -hundredths if sign else hundredths


def format_amount(hundredths: int) -> str:
    """Return the decimal string of a number of hundredths: ``3_400_000`` is ``"34000.00"``."""
    whole, fraction = divmod(abs(hundredths), 100)
    return f"{'-' if hundredths < 0 else ''}{whole}.{fraction:02d}"
