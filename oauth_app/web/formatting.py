"""How pages write money and moments. Whole numbers and decimals only, never a float."""

from datetime import datetime
from decimal import Decimal
from urllib.parse import urlsplit

from flask import Flask
from flask_babel import format_date, format_datetime, format_decimal

from oauth_app.hub import current_hub

_HUNDREDTHS = 100


def units(hundredths: int) -> str:
    """Write hundredths of an OhMyGPT unit as units: ``3_400_000`` is ``34,000.00``."""
    return str(format_decimal(Decimal(hundredths) / _HUNDREDTHS, format="#,##0.00"))


def as_cny(hundredths: int) -> str:
    """Write hundredths of an OhMyGPT unit in CNY; four more digits show where two would say nothing."""
    cny = Decimal(hundredths) / _HUNDREDTHS / current_hub().upstream.units_per_cny
    tiny = hundredths and abs(cny) < Decimal("0.01")
    return f"{format_decimal(cny, format='#,##0.000000' if tiny else '#,##0.00')} CNY"


def cny(fen: int) -> str:
    """Write hundredths of a CNY: ``1000`` is ``10.00 CNY``."""
    return f"{format_decimal(Decimal(fen) / _HUNDREDTHS, format='#,##0.00')} CNY"


def percent(basis_points: int) -> str:
    """Write hundredths of a per cent: ``250`` is ``2.50 %``."""
    return f"{format_decimal(Decimal(basis_points) / _HUNDREDTHS, format='0.00')} %"


def moment(value: datetime | None) -> str:
    """Write a moment in the reader's language, in UTC."""
    return f"{format_datetime(value, 'medium', rebase=False)} UTC" if value else "-"


def day(value: datetime) -> str:
    """Write the day of a moment in the reader's language, in UTC."""
    return str(format_date(value, "medium", rebase=False))


def counted(number: int) -> str:
    """Write a number of things."""
    return str(format_decimal(number, format="#,##0"))


def host(address: str) -> str:
    """Write the host of an address, which says more about it than the words of a link do."""
    return urlsplit(address).hostname or ""


def register_formatting(app: Flask) -> None:
    """Give the templates these as filters."""
    filters = (units, as_cny, cny, percent, moment, host, day, counted)
    app.jinja_env.filters.update({filter_.__name__: filter_ for filter_ in filters})
