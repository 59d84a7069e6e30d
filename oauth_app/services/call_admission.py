"""The limits of relayed calls: those of the user for a site, of the operator for the site, and of each token.

How many calls a minute and at once is counted in this process; what they spend, in the database, by all processes
together.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from oauth_app import clock, relay
from oauth_app.call_limits import CallLimits
from oauth_app.identifiers import Kind, new_id
from oauth_app.limits import Cap, OverLimitError, Purse, Reservation
from oauth_app.relay.pace import Most, Pace


class HubAdmission:
    """Lets calls in."""

    def __init__(self, engine: Engine) -> None:
        self._pace = Pace()
        self._purse = Purse(engine, holder=new_id(Kind.REQUEST))

    async def start(self) -> None:
        """Begin, in the event loop that will ask."""
        await self._purse.start()

    async def stop(self) -> None:
        """End, with everything counted and given back."""
        await self._purse.stop()

    async def enter(self, caller: relay.Caller) -> relay.Passage:
        """Give a call its place.

        Raises:
            TooManyCallsError: so many calls a minute, or at once, are not allowed.
        """
        limits = _paces(*_subjects(caller))
        return _Passage(self._pace, self._purse, caller, limits)


class _Passage:
    """The place of one call."""

    def __init__(self, pace: Pace, purse: Purse, caller: relay.Caller, limits: tuple[Most, ...]) -> None:
        self._pace = pace
        self._purse = purse
        self._caller = caller
        self._limits = limits
        self._reservation: Reservation | None = None
        self._is_settled = False
        self.allowance: int | None = None
        self.calls = pace.admit(limits)

    @property
    def remaining_spend(self) -> int | None:
        """Return what the tightest limit of money leaves."""
        return None if self._reservation is None else self._reservation.remaining

    async def reserve(self, ceiling: int) -> None:
        """Set money aside for the call.

        Raises:
            SpendLimitError: there is not so much left.
            LimitsAwayError: the database cannot be asked, and without it nothing is spent.
        """
        caps = self._caps()
        if not caps or not ceiling:  # what costs nothing is not refused, however much was spent
            return
        with _told_as_relay_errors():
            self._reservation = await self._purse.reserve(caps, ceiling)

    async def reserve_rest(self, ceiling: int, least: int) -> None:
        """Set aside what is left, for a call that may cost more.

        Raises:
            SpendLimitError: less than the least is left, or such a call runs already.
            LimitsAwayError: the database cannot be asked.
        """
        with _told_as_relay_errors():
            self._reservation = await self._purse.reserve_rest(self._caps(), ceiling, least)
        self.allowance = self._reservation.amount

    def settle(self, cost: int) -> None:
        """Give the place back, and count what was spent."""
        if not self._is_settled:
            self._is_settled = True
            self._pace.leave(self._limits)
            if self._reservation is not None:
                self._reservation.settle(cost)

    def _caps(self) -> tuple[Cap, ...]:
        return _caps(*_subjects(self._caller), clock.now().date().isoformat())


@contextmanager
def _told_as_relay_errors() -> Iterator[None]:
    try:
        yield
    except OverLimitError as error:
        raise relay.SpendLimitError(str(error)) from None
    except SQLAlchemyError as error:
        raise relay.LimitsAwayError from error


_Subject = tuple[str, CallLimits]


def _subjects(caller: relay.Caller) -> tuple[_Subject, _Subject, _Subject]:
    return (
        (f"consent:{caller.consent_id}", caller.user_calls),
        (f"site:{caller.partner_id}", caller.site_calls),
        (f"token:{caller.token_id}", caller.token_calls),
    )


@lru_cache(maxsize=10_000)
def _paces(*subjects: _Subject) -> tuple[Most, ...]:
    return tuple(
        Most(name, a_minute=limits.calls_per_minute, at_once=limits.calls_at_once)
        for name, limits in subjects
        if limits.calls_per_minute is not None or limits.calls_at_once is not None
    )


@lru_cache(maxsize=10_000)
def _caps(user: _Subject, site: _Subject, token: _Subject, day: str) -> tuple[Cap, ...]:
    month = day.rpartition("-")[0]
    periods = [(day, "spend_per_day"), (month, "spend_per_month")]
    return tuple(
        Cap(name, period, most)
        for name, limits in (user, site, token)
        for period, field in periods
        if (most := getattr(limits, field)) is not None
    )
