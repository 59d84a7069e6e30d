"""The limits on the consent page: offered in CNY, lowered by the user, kept in units."""

from dataclasses import dataclass

from flask import request

from oauth_app.hub import current_hub
from oauth_app.models import Consent
from oauth_app.services.consent import InvalidLimitsError, Limits
from oauth_app.services.scopes import Scope
from oauth_app.upstream.amounts import format_amount, parse_amount

#: What a site may charge at most if the user leaves the page as it is, in hundredths of a CNY. Only less can be chosen.
OFFERED_PER_CHARGE, OFFERED_PER_MONTH = 20_00, 100_00


@dataclass(frozen=True, kw_only=True)
class LimitFields:
    """The two fields as the page shows them: decimal CNY."""

    per_charge: str
    per_month: str
    most_per_charge: str = format_amount(OFFERED_PER_CHARGE)
    most_per_month: str = format_amount(OFFERED_PER_MONTH)


def limit_fields(consent: Consent | None) -> LimitFields:
    """Return the fields for a first look: what was agreed to before, or else what is offered."""
    agreed = (consent.limit_per_charge, consent.limit_per_month) if consent else (None, None)
    return LimitFields(
        per_charge=format_amount(_at_most(OFFERED_PER_CHARGE, agreed[0])),
        per_month=format_amount(_at_most(OFFERED_PER_MONTH, agreed[1])),
    )


def sent_fields() -> LimitFields:
    """Return the fields as they were sent, to be shown again."""
    return LimitFields(
        per_charge=request.form.get("limit_per_charge", "")[:20], per_month=request.form.get("limit_per_month", "")[:20]
    )


def read_limits(scopes: tuple[str, ...]) -> Limits | None:
    """Return the limits that were sent; None if the scopes need none.

    Raises:
        InvalidLimitsError: not amounts, not above zero, more than was offered, or a charge above a month.
    """
    if Scope.CHARGES_WRITE not in scopes:
        return None
    units_per_cny = current_hub().upstream.units_per_cny
    return Limits(
        per_charge=_read("limit_per_charge", OFFERED_PER_CHARGE) * units_per_cny,
        per_month=_read("limit_per_month", OFFERED_PER_MONTH) * units_per_cny,
    )


def _read(name: str, most: int) -> int:
    try:
        amount = parse_amount(request.form.get(name, "").strip())
    except ValueError:
        raise InvalidLimitsError(name) from None
    if amount > most:
        raise InvalidLimitsError(name)
    return amount


def _at_most(offered: int, agreed: int | None) -> int:
    """Return hundredths of a CNY for the hundredths of a unit that were agreed to."""
    return offered if agreed is None else min(offered, agreed // current_hub().upstream.units_per_cny)
