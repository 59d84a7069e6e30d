"""The limits of relayed calls: those of the user for a site, of the operator for the site, and of each token.

How many calls a minute and at once is counted in this process; what they spend, in the database, by all processes
together.
"""

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
        caps = _caps_of(self._caller)
        if caps and ceiling:  # what costs nothing is not refused, however much was spent
            self._reservation = await self._reserve(caps, ceiling)

    async def set_aside(self, caller: relay.Caller, ceiling: int) -> relay.Deposit:
        """Set money aside for one part of the call.

        Raises:
            SpendLimitError: there is not so much left.
            LimitsAwayError: the database cannot be asked, and without it nothing is spent.
        """
        return await self._reserve(_caps_of(caller), ceiling)

    async def _reserve(self, caps: tuple[Cap, ...], ceiling: int) -> Reservation:
        try:
            return await self._purse.reserve(caps, ceiling)
        except OverLimitError as error:
            raise relay.SpendLimitError(str(error)) from None
        except SQLAlchemyError as error:
            raise relay.LimitsAwayError from error

    def settle(self, cost: int) -> None:
        """Give the place back, and count what was spent."""
        if not self._is_settled:
            self._is_settled = True
            self._pace.leave(self._limits)
            if self._reservation is not None:
                self._reservation.settle(cost)


_Subject = tuple[str, CallLimits]


def _subjects(caller: relay.Caller) -> tuple[_Subject, _Subject, _Subject]:
    return (
        (f"consent:{caller.consent_id}", caller.user_calls),
        (f"site:{caller.partner_id}", caller.site_calls),
        (f"token:{caller.token_id}", caller.token_calls),
    )


def _caps_of(caller: relay.Caller) -> tuple[Cap, ...]:
    return _caps(*_subjects(caller), clock.now().date().isoformat())


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
