"""The limits on the consent page: offered in CNY, lowered by the user, kept in units."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from flask import request

from oauth_app import clock
from oauth_app.call_limits import NO_LIMITS, CallLimits
from oauth_app.hub import current_hub
from oauth_app.models import Consent
from oauth_app.provider.authorization_details import limits_of_consent
from oauth_app.services.consent import InvalidLimitsError, Limits
from oauth_app.services.scopes import Scope
from oauth_app.upstream.amounts import format_amount, parse_amount
from oauth_app.web.call_limits_form import CallFields, call_fields, sent_call_fields
from oauth_app.web.form_values import read_amount


@dataclass(frozen=True, kw_only=True)
class Most:
    """What can be chosen at most: of charges, in hundredths of a CNY, and of AI calls."""

    per_charge: int
    per_month: int
    calls: CallLimits


#: What a site may charge at most if the user leaves the page as it is, in hundredths of a CNY. Only less can be chosen.
OFFERED_PER_CHARGE, OFFERED_PER_MONTH = 20_00, 100_00
#: What a user can allow on the account page, in hundredths of a CNY.
MOST_PER_CHARGE, MOST_PER_MONTH = 1_000_00, 10_000_00
_MOST_ASK_ABOVE = 100_000_00
#: How long a consent can be chosen to last, in days; what is not among them lasts until it is taken back.
LIVES = {"30": timedelta(days=30), "90": timedelta(days=90), "365": timedelta(days=365)}
#: Leaves the end of a consent where it is.
SAME_END = "same"


@dataclass(frozen=True, kw_only=True)
class LimitFields:
    """The fields as the page shows them: decimal CNY, whole numbers, a choice."""

    per_charge: str
    per_month: str
    #: Empty is never to be asked first.
    ask_above: str
    calls: CallFields
    lasts: str = ""
    most_per_charge: str
    most_per_month: str


def limit_fields(consent: Consent | None, most: Most, asked: CallLimits = NO_LIMITS) -> LimitFields:
    """Return the fields for a first look: what was agreed to before, or else what is offered."""
    allows_calls = consent is not None and Scope.API in consent.scopes
    calls = limits_of_consent(consent) if consent and allows_calls else None
    consent = consent or Consent()
    above = consent.step_up_above
    return LimitFields(
        per_charge=format_amount(_at_most(most.per_charge, consent.limit_per_charge, OFFERED_PER_CHARGE)),
        per_month=format_amount(_at_most(most.per_month, consent.limit_per_month, OFFERED_PER_MONTH)),
        ask_above="" if above is None else format_amount(above // current_hub().upstream.units_per_cny),
        calls=call_fields(calls, asked, most.calls),
        lasts=SAME_END if consent.expires_at else "",
        most_per_charge=format_amount(most.per_charge),
        most_per_month=format_amount(most.per_month),
    )


def sent_fields(most: Most) -> LimitFields:
    """Return the fields as they were sent, to be shown again."""
    names = ("limit_per_charge", "limit_per_month", "ask_above", "lasts")
    sent = {name: request.form.get(name, "")[:20] for name in names}
    return LimitFields(
        per_charge=sent["limit_per_charge"],
        per_month=sent["limit_per_month"],
        ask_above=sent["ask_above"],
        calls=sent_call_fields(most.calls),
        lasts=sent["lasts"],
        most_per_charge=format_amount(most.per_charge),
        most_per_month=format_amount(most.per_month),
    )


def read_limits(scopes: tuple[str, ...], most: Most) -> Limits | None:
    """Return the limits that were sent; None if the scopes need none.

    Raises:
        InvalidLimitsError: not amounts, not above zero, more than can be chosen, or a charge above a month.
    """
    if Scope.CHARGES_WRITE not in scopes:
        return None
    units_per_cny = current_hub().upstream.units_per_cny
    return Limits(
        per_charge=read_amount("limit_per_charge", most.per_charge) * units_per_cny,
        per_month=read_amount("limit_per_month", most.per_month) * units_per_cny,
        ask_above=_read_ask_above(units_per_cny),
    )


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


def _read_ask_above(units_per_cny: int) -> int | None:
    text = request.form.get("ask_above", "").strip()[:20]
    if not text:
        return None
    try:
        above = parse_amount(text)
    except ValueError:
        raise InvalidLimitsError(text) from None
    if above > _MOST_ASK_ABOVE:
        raise InvalidLimitsError(text)
    return above * units_per_cny


def _at_most(most: int, agreed: int | None, offered: int) -> int:
    """Return hundredths of a CNY for the hundredths of a unit that were agreed to."""
    return min(most, offered if agreed is None else agreed // current_hub().upstream.units_per_cny)
