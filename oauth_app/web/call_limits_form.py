"""The limits of AI calls on a page: money in CNY, whole numbers, names of models, kinds of calls."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from flask import request

from oauth_app.call_limits import MODEL, MOST_MODELS, NO_LIMITS, NUMBERS, CallLimits
from oauth_app.endpoint_groups import CHOICES
from oauth_app.hub import current_hub
from oauth_app.models import Consent
from oauth_app.provider.authorization_details import limits_of_consent
from oauth_app.services.consent import InvalidLimitsError
from oauth_app.services.scopes import Scope
from oauth_app.upstream.amounts import format_amount
from oauth_app.web.form_values import read_amount, read_number

#: What is offered, in hundredths of a CNY and in calls. More can be chosen only where a site asks for more, and
#: by oneself on the account page.
OFFERED = CallLimits(spend_per_day=20_00, spend_per_month=100_00, calls_per_minute=60, calls_at_once=10)
MOST = CallLimits(spend_per_day=1_000_00, spend_per_month=10_000_00, calls_per_minute=600, calls_at_once=100)
_SEPARATORS = re.compile(r"[\s,;，；、]+")
_MODEL = re.compile(MODEL)
_MAX_CHARS = 7_000


@dataclass(frozen=True, kw_only=True)
class CallFields:
    """The fields as the page shows them."""

    #: By the names of ``CallLimits``: decimal CNY, or a whole number.
    values: dict[str, str]
    #: The same for what can be chosen at most.
    most: dict[str, str]
    models: str = ""
    endpoints: tuple[str, ...] = CHOICES

    @property
    def are_all_allowed(self) -> bool:
        """Whether no model and no kind is left out."""
        return not self.models and len(self.endpoints) == len(CHOICES)


def call_fields(now: CallLimits | None, asked: CallLimits, most: CallLimits) -> CallFields:
    """Return the fields for a first look: what holds now, or else what is offered and no more than is asked.

    What a site asks beyond that the user writes in themselves, if they want to.
    """
    shown = OFFERED.meet(_in_fen(asked)) if now is None else replace(_in_fen(now), models=_both(now, asked))
    numbers = {name: min(getattr(shown, name) or getattr(OFFERED, name), getattr(most, name)) for name in NUMBERS}
    return CallFields(
        values=_words(numbers),
        most=_words({name: getattr(most, name) for name in NUMBERS}),
        models=", ".join(shown.models or ()),
        endpoints=tuple(CHOICES) if shown.endpoints is None else _groups(shown.endpoints, asked.endpoints),
    )


def sent_call_fields(most: CallLimits) -> CallFields:
    """Return the fields as they were sent, to be shown again."""
    return CallFields(
        values={name: request.form.get(name, "")[:20] for name in NUMBERS},
        most=_words({name: getattr(most, name) for name in NUMBERS}),
        models=request.form.get("models", "")[:_MAX_CHARS],
        endpoints=_sent_groups(),
    )


def read_call_limits(scopes: Iterable[str], most: CallLimits) -> CallLimits:
    """Return what was chosen; no limits if no AI calls are allowed at all.

    Raises:
        InvalidLimitsError: not above zero, above ``most``, not names of models, or no kind of calls.
    """
    if Scope.API not in scopes:
        return NO_LIMITS
    units = current_hub().upstream.units_per_cny
    groups = _sent_groups()
    return CallLimits(
        spend_per_day=read_amount("spend_per_day", most.spend_per_day or 0) * units,
        spend_per_month=read_amount("spend_per_month", most.spend_per_month or 0) * units,
        calls_per_minute=read_number("calls_per_minute", most.calls_per_minute or 0),
        calls_at_once=read_number("calls_at_once", most.calls_at_once or 0),
        models=_read_models(request.form.get("models", "")),
        endpoints=None if len(groups) == len(CHOICES) else groups,
    )


def most_on_consent(consent: Consent | None, asked: CallLimits) -> CallLimits:
    """Return how much can be chosen when a site asks: what is offered, asked or agreed to, whichever is most."""
    agreed = _in_fen(limits_of_consent(consent)) if consent else NO_LIMITS
    wanted = _in_fen(asked)
    return CallLimits(
        **{
            name: min(max(getattr(one, name) or 0 for one in (OFFERED, agreed, wanted)), getattr(MOST, name))
            for name in NUMBERS
        }
    )


def _in_fen(limits: CallLimits) -> CallLimits:
    """Return the limits with money in hundredths of a CNY; what is less than one becomes one."""
    units = current_hub().upstream.units_per_cny
    money = {name: getattr(limits, name) for name in ("spend_per_day", "spend_per_month")}
    return replace(limits, **{name: max(1, value // units) for name, value in money.items() if value is not None})


def _words(numbers: dict[str, int]) -> dict[str, str]:
    return {name: format_amount(value) if name.startswith("spend") else str(value) for name, value in numbers.items()}


def _both(now: CallLimits, asked: CallLimits) -> tuple[str, ...] | None:
    if now.models is None:
        return None
    return now.models + tuple(name for name in asked.models or () if not now.allows_model(name))


def _groups(now: Iterable[str], asked: Iterable[str] | None) -> tuple[str, ...]:
    return tuple(group for group in CHOICES if group in {*now, *(asked or ())})


def _sent_groups() -> tuple[str, ...]:
    return tuple(group for group in CHOICES if f"endpoint_{group}" in request.form)


def _read_models(text: str) -> tuple[str, ...] | None:
    names = [name for name in _SEPARATORS.split(text) if name]
    if len(names) > MOST_MODELS or not all(_MODEL.fullmatch(name) for name in names):
        raise InvalidLimitsError(text)
    return tuple(dict.fromkeys(names)) or None
