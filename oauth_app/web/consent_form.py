"""The limits on the consent page: offered in CNY, lowered by the user, kept in units."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from flask import request

from oauth_app import clock
from oauth_app.hub import current_hub
from oauth_app.models import Consent
from oauth_app.services.consent import InvalidLimitsError, Limits
from oauth_app.services.scopes import Scope
from oauth_app.upstream.amounts import format_amount, parse_amount

#: What a site may charge at most if the user leaves the page as it is, in hundredths of a CNY. Only less can be chosen.
OFFERED_PER_CHARGE, OFFERED_PER_MONTH = 20_00, 100_00
#: How many AI calls a minute are offered. Only less can be chosen.
OFFERED_CALLS_PER_MINUTE = 60
#: How long a consent can be chosen to last, in days; what is not among them lasts until it is taken back.
LIVES = {"30": timedelta(days=30), "90": timedelta(days=90), "365": timedelta(days=365)}
#: Leaves the end of a consent where it is.
SAME_END = "same"
_MAX_DIGITS = 6


@dataclass(frozen=True, kw_only=True)
class LimitFields:
    """The fields as the page shows them: decimal CNY, a whole number of calls, a choice."""

    per_charge: str
    per_month: str
    calls_per_minute: str
    lasts: str = ""
    most_per_charge: str = format_amount(OFFERED_PER_CHARGE)
    most_per_month: str = format_amount(OFFERED_PER_MONTH)
    most_calls_per_minute: int = OFFERED_CALLS_PER_MINUTE


def limit_fields(consent: Consent | None) -> LimitFields:
    """Return the fields for a first look: what was agreed to before, or else what is offered."""
    if consent is None:
        consent = Consent()
    calls = consent.calls_per_minute or OFFERED_CALLS_PER_MINUTE
    return LimitFields(
        per_charge=format_amount(_at_most(OFFERED_PER_CHARGE, consent.limit_per_charge)),
        per_month=format_amount(_at_most(OFFERED_PER_MONTH, consent.limit_per_month)),
        calls_per_minute=str(min(calls, OFFERED_CALLS_PER_MINUTE)),
        lasts=SAME_END if consent.expires_at else "",
    )


def sent_fields() -> LimitFields:
    """Return the fields as they were sent, to be shown again."""
    sent = {name: request.form.get(name, "")[:20] for name in ("limit_per_charge", "limit_per_month")}
    return LimitFields(
        per_charge=sent["limit_per_charge"],
        per_month=sent["limit_per_month"],
        calls_per_minute=request.form.get("calls_per_minute", "")[:20],
        lasts=request.form.get("lasts", "")[:20],
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
        per_charge=read_amount("limit_per_charge", OFFERED_PER_CHARGE) * units_per_cny,
        per_month=read_amount("limit_per_month", OFFERED_PER_MONTH) * units_per_cny,
    )


def read_calls_per_minute(scopes: tuple[str, ...]) -> int | None:
    """Return how many AI calls a minute were allowed; None if the scopes allow none at all.

    Raises:
        InvalidLimitsError: not a whole number above zero, or more than was offered.
    """
    return read_number("calls_per_minute", OFFERED_CALLS_PER_MINUTE) if Scope.API in scopes else None


def read_end(earlier: datetime | None) -> datetime | None:
    """Return when the consent is to run out; ``earlier`` is when it does so far.

    Raises:
        InvalidLimitsError: it is none of the choices.
    """
    choice = request.form.get("lasts", "")
    if choice == SAME_END and earlier is not None:
        return earlier
    if choice and choice not in LIVES:
        raise InvalidLimitsError(choice)
    return clock.now() + LIVES[choice] if choice else None


def read_amount(name: str, most: int) -> int:
    """Return an amount of CNY that was sent, in hundredths.

    Raises:
        InvalidLimitsError: no amount, or more than ``most``.
    """
    try:
        amount = parse_amount(request.form.get(name, "").strip())
    except ValueError:
        raise InvalidLimitsError(name) from None
    if amount > most:
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


def _at_most(offered: int, agreed: int | None) -> int:
    """Return hundredths of a CNY for the hundredths of a unit that were agreed to."""
    return offered if agreed is None else min(offered, agreed // current_hub().upstream.units_per_cny)
