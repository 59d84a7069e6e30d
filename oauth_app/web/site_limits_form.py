"""The operator's limits of a partner as fields: money in CNY, whole numbers, empty for none."""

from dataclasses import fields

from flask import request

from oauth_app.hub import current_hub
from oauth_app.services.site_limits import SiteLimits, SiteRow
from oauth_app.upstream.amounts import format_amount
from oauth_app.web.form_values import read_amount, read_number

NAMES = tuple(one.name for one in fields(SiteLimits))
_MOST_MONEY, _MOST_CALLS = 10_000_000_00, 999_999


def site_limit_fields(partner: SiteRow) -> dict[str, str]:
    """Return the fields for what holds now."""
    units = current_hub().upstream.units_per_cny
    found = {name: getattr(partner, name) for name in NAMES}
    return {
        name: "" if value is None else format_amount(value // units) if _is_money(name) else str(value)
        for name, value in found.items()
    }


def sent_site_limit_fields() -> dict[str, str]:
    """Return the fields as they were sent, to be shown again."""
    return {name: request.form.get(name, "")[:20] for name in NAMES}


def read_site_limits() -> SiteLimits:
    """Return the limits that were sent.

    Raises:
        InvalidLimitsError: one is neither empty nor above zero.
    """
    return SiteLimits(**{name: _read(name) for name in NAMES if request.form.get(name, "").strip()})


def _read(name: str) -> int:
    if _is_money(name):
        return read_amount(name, _MOST_MONEY) * current_hub().upstream.units_per_cny
    return read_number(name, _MOST_CALLS)


def _is_money(name: str) -> bool:
    return "_spend_" in name
