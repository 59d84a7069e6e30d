"""The limits of relayed calls: those of the user for a site, of the operator for the site, and of each token.

How many calls a minute and at once is counted in this process; what they spend, in the database, by all processes
together.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from weakref import WeakKeyDictionary

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from oauth_app import clock, relay
from oauth_app.call_limits import CallLimits
from oauth_app.identifiers import Kind, new_id
from oauth_app.limits import (
    Cap,
    DatabasePace,
    Most,
    OverLimitError,
    Pace,
    PaceAwayError,
    PaceKeeper,
    Place,
    Purse,
    RedisPace,
    Reservation,
    TooManyError,
)


class HubAdmission:
    """Lets calls in.

    Args:
        engine: of the hub's database.
        redis_url: where calls are counted; empty for a hub without Redis.
        processes: how many processes serve the hub. A single one counts by itself.
    """

    def __init__(self, engine: Engine, *, redis_url: str = "", processes: int = 1) -> None:
        holder = new_id(Kind.REQUEST)
        self._pace = _pace(engine, holder, redis_url=redis_url, processes=processes)
        self._purse = Purse(engine, holder=holder)
        #: A caller is remembered for a moment, and its limits with it.
        self._bounds: WeakKeyDictionary[relay.Caller, _Bounds] = WeakKeyDictionary()

    async def start(self) -> None:
        """Begin, in the event loop that will ask."""
        await self._pace.start()
        await self._purse.start()

    async def stop(self) -> None:
        """End, with everything counted and given back."""
        await self._pace.stop()
        await self._purse.stop()

    async def enter(self, caller: relay.Caller) -> relay.Passage:
        """Give a call its place.

        Raises:
            TooManyCallsError: so many calls a minute, or at once, are not allowed.
            LimitsAwayError: whoever counts them cannot be asked.
        """
        bounds = self._bounds.get(caller)
        if bounds is None:
            bounds = self._bounds[caller] = _Bounds.of(caller)
        try:
            place = await self._pace.enter(bounds.paces) if bounds.paces else None
        except TooManyError as refusal:
            raise relay.TooManyCallsError(refusal.retry_after_s) from None
        except PaceAwayError as error:
            raise relay.LimitsAwayError from error
        return _Passage(self._pace, self._purse, bounds, place)


def _pace(engine: Engine, holder: str, *, redis_url: str, processes: int) -> PaceKeeper:
    if redis_url:
        return RedisPace(redis_url, holder)
    return Pace() if processes == 1 else DatabasePace(engine, holder)


class _Passage:
    """The place of one call."""

    def __init__(self, pace: PaceKeeper, purse: Purse, bounds: "_Bounds", place: Place | None) -> None:
        self._pace = pace
        self._purse = purse
        self._bounds = bounds
        self._reservation: Reservation | None = None
        self._is_settled = False
        self.is_capped = bool(bounds.caps)
        self.allowance: int | None = None
        self._place = place
        self.calls = _standing(place)

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
        if not self.is_capped or not ceiling:  # what costs nothing is not refused, however much was spent
            return
        with _told_as_relay_errors():
            self._reservation = await self._purse.reserve(self._bounds.caps_today(), ceiling)

    async def reserve_rest(self, ceiling: int, least: int) -> None:
        """Set aside what is left, for a call that may cost more.

        Raises:
            SpendLimitError: less than the least is left, or such a call runs already.
            LimitsAwayError: the database cannot be asked.
        """
        with _told_as_relay_errors():
            self._reservation = await self._purse.reserve_rest(self._bounds.caps_today(), ceiling, least)
        self.allowance = self._reservation.amount

    async def set_aside(self, caller: relay.Caller, ceiling: int) -> relay.Deposit:
        """Set money aside for one part of the call.

        Raises:
            SpendLimitError: there is not so much left.
            LimitsAwayError: the database cannot be asked, and without it nothing is spent.
        """
        with _told_as_relay_errors():
            return await self._purse.reserve(_Bounds.of(caller).caps_today(), ceiling)

    def settle(self, cost: int) -> None:
        """Give the place back, and count what was spent."""
        if not self._is_settled:
            self._is_settled = True
            if self._place is not None:
                self._pace.leave(self._place)
            if self._reservation is not None:
                self._reservation.settle(cost)


@contextmanager
def _told_as_relay_errors() -> Iterator[None]:
    try:
        yield
    except OverLimitError as error:
        raise relay.SpendLimitError(str(error)) from None
    except SQLAlchemyError as error:
        raise relay.LimitsAwayError from error


def _standing(place: Place | None) -> relay.Standing | None:
    if place is None or (known := place.standing) is None:
        return None
    return relay.Standing(known.limit, known.remaining, known.reset_s)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Spend:
    """A limit of money, for a day or a month."""

    subject: str
    most: int
    is_monthly: bool

    def on(self, day: str) -> Cap:
        """Return the limit of this day, or of its month."""
        return Cap(self.subject, day.rpartition("-")[0] if self.is_monthly else day, self.most)


@dataclass(frozen=True, slots=True)
class _Bounds:
    """All the limits of a caller."""

    paces: tuple[Most, ...]
    caps: tuple[_Spend, ...]

    @classmethod
    def of(cls, caller: relay.Caller) -> "_Bounds":
        """Return what holds for a caller: its user's limits, its site's, and its token's own."""
        subjects = [
            (f"consent:{caller.consent_id}", caller.user_calls),
            (f"site:{caller.partner_id}", caller.site_calls),
            (f"token:{caller.token_id}", caller.token_calls),
        ]
        return cls(
            tuple(most for subject in subjects for most in _paces(*subject)),
            tuple(spend for subject in subjects for spend in _spends(*subject)),
        )

    def caps_today(self) -> tuple[Cap, ...]:
        """Return the limits of money that count today."""
        day = clock.now().date().isoformat()
        return tuple(spend.on(day) for spend in self.caps)


def _paces(subject: str, limits: CallLimits) -> list[Most]:
    if limits.calls_per_minute is None and limits.calls_at_once is None:
        return []
    return [Most(subject, a_minute=limits.calls_per_minute, at_once=limits.calls_at_once)]


def _spends(subject: str, limits: CallLimits) -> list[_Spend]:
    most = ((limits.spend_per_day, False), (limits.spend_per_month, True))
    return [_Spend(subject=subject, most=cap, is_monthly=monthly) for cap, monthly in most if cap is not None]
