"""What somebody allows of AI calls: how much, how many, which models, which kinds.

The user sets such limits for a site, the operator for a site as a whole and for each access token of it, and a
site can ask for less than it might (RFC 9396). Limits that hold together are one: their ``meet``.
"""

from dataclasses import dataclass

#: The fields that are ceilings.
NUMBERS = ("spend_per_day", "spend_per_month", "calls_per_minute", "calls_at_once")
#: How a model may be named, with or without a star at its end.
MODEL = r"^[A-Za-z0-9][A-Za-z0-9._:/@+-]{0,126}\*?$"
MOST_MODELS = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class CallLimits:
    """Ceilings and lists; None is no limit."""

    #: In hundredths of an OhMyGPT unit, by days and months of UTC.
    spend_per_day: int | None = None
    spend_per_month: int | None = None
    calls_per_minute: int | None = None
    calls_at_once: int | None = None
    #: Names of models; one that ends in ``*`` stands for all that begin so.
    models: tuple[str, ...] | None = None
    #: Kinds of calls, see ``oauth_app.endpoint_groups``.
    endpoints: tuple[str, ...] | None = None

    def allows_model(self, name: str) -> bool:
        """Tell whether the model may be called. Case does not count: OhMyGPT may not mind it."""
        return self.models is None or any(_covers(pattern, name) for pattern in self.models)

    def allows_endpoint(self, group: str) -> bool:
        """Tell whether this kind of calls may be made; lists of models are for the caller to let pass."""
        return self.endpoints is None or group in self.endpoints

    def exceeded_by(self, wish: "CallLimits") -> frozenset[str]:
        """Return in what the wish is for more than these limits allow; what it does not name is no wish."""
        numbers = {name for name in NUMBERS if _is_more(getattr(wish, name), getattr(self, name))}
        models = {"models"} if wish.models and not all(map(self.allows_model, wish.models)) else set()
        endpoints = {"endpoints"} if wish.endpoints and not all(map(self.allows_endpoint, wish.endpoints)) else set()
        return frozenset(numbers | models | endpoints)

    def meet(self, other: "CallLimits") -> "CallLimits":
        """Return the limits that hold where both do."""
        numbers = {name: _smaller(getattr(self, name), getattr(other, name)) for name in NUMBERS}
        return CallLimits(
            **numbers,
            models=_meet_models(self.models, other.models),
            endpoints=_meet_endpoints(self.endpoints, other.endpoints),
        )


NO_LIMITS = CallLimits()


def _covers(pattern: str, name: str) -> bool:
    """Tell whether a name, or all that another pattern stands for, is within a pattern."""
    pattern, name = pattern.casefold(), name.casefold()
    return name.startswith(pattern[:-1]) if pattern.endswith("*") else name == pattern


def _is_more(wished: int | None, most: int | None) -> bool:
    return wished is not None and most is not None and wished > most


def _smaller(one: int | None, other: int | None) -> int | None:
    return min((number for number in (one, other) if number is not None), default=None)


def _meet_models(one: tuple[str, ...] | None, other: tuple[str, ...] | None) -> tuple[str, ...] | None:
    """Return the patterns for what is within both: of two that overlap, one is within the other."""
    if one is None or other is None:
        return other if one is None else one
    pairs = [(a, b) for a in one for b in other]
    met = [b if _covers(a, b) else a for a, b in pairs if _covers(a, b) or _covers(b, a)]
    return tuple(dict.fromkeys(met))


def _meet_endpoints(one: tuple[str, ...] | None, other: tuple[str, ...] | None) -> tuple[str, ...] | None:
    if one is None or other is None:
        return other if one is None else one
    return tuple(group for group in one if group in other)
