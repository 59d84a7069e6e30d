"""Calls a minute and calls at once, by whoever has a limit.

One rule, three places to keep the count: this process (``Pace``, for a hub that is one process), Redis
(``pace_redis.py``) and the database (``pace_database.py``), for several. The minute slides, second by second: a call
counts until the second in which it was made is a minute old, so no minute ever holds more calls than allowed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from math import ceil
from typing import Protocol

from oauth_app import clock
from oauth_app.errors import HubError

#: How long a call counts, in seconds, beside the one in which it was made.
WINDOW_S = 60
#: A place of which nobody has heard for so long belonged to a process that is dead.
PLACE_LIFE_S = 60.0
_FOR_EVER_S = float("inf")
_CAPACITY = 10_000


class TooManyError(HubError):
    """So many calls a minute, or at once, are not allowed."""

    def __init__(self, retry_after_s: int) -> None:
        super().__init__(f"too many calls; one will be free in {retry_after_s} s")
        self.retry_after_s = retry_after_s


class PaceAwayError(HubError):
    """Whoever counts the calls cannot be asked."""


@dataclass(frozen=True, slots=True)
class Most:
    """How much somebody may call; None is no limit."""

    subject: str
    a_minute: int | None = None
    at_once: int | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """How a limit of calls a minute stands."""

    limit: int
    remaining: int
    #: Until the next call is free again.
    reset_s: int


@dataclass(frozen=True, slots=True)
class Place:
    """The place of one call that was let in."""

    name: str
    limits: Sequence[Most]
    #: The tightest limit of calls a minute; None without one.
    standing: Standing | None


class PaceKeeper(Protocol):
    """Whoever counts."""

    async def start(self) -> None:
        """Begin, in the event loop that will ask."""

    async def stop(self) -> None:
        """End, and give back every place."""

    async def enter(self, limits: Sequence[Most]) -> Place:
        """Count a call against all limits.

        Raises:
            TooManyError: it is one too many for one of them; it counts against none.
            PaceAwayError: nobody can say.
        """

    def leave(self, place: Place) -> None:
        """Note that the call has ended; never waits."""


@dataclass(slots=True)
class Tally:
    """What counts against one subject: calls by the second they were made in, and places with the end of their life."""

    calls: dict[int, int] = field(default_factory=dict)
    places: dict[str, float] = field(default_factory=dict)

    def forget_old(self, now_s: float) -> None:
        """Forget calls older than the window, and places of processes that are dead."""
        for second in [second for second in self.calls if second + 1 + WINDOW_S <= now_s]:
            del self.calls[second]
        for name in [name for name, until_s in self.places.items() if until_s <= now_s]:
            del self.places[name]

    def check(self, most: Most, now_s: float) -> Standing | None:
        """Return how the limit of calls a minute stands with one call more.

        Raises:
            TooManyError: one of the limits does not leave room for it.
        """
        if most.at_once is not None and len(self.places) >= most.at_once:
            raise TooManyError(1)
        if most.a_minute is None:
            return None
        made = sum(self.calls.values())
        if made >= most.a_minute:
            raise TooManyError(self._wait_s(made - most.a_minute, now_s))
        return Standing(most.a_minute, most.a_minute - made - 1, self._wait_s(0, now_s))

    def _wait_s(self, excess: int, now_s: float) -> int:
        """Return when more calls than this many will be too old to count, in whole seconds."""
        gone = 0
        for second in sorted(self.calls):
            gone += self.calls[second]
            if gone > excess:
                return max(1, ceil(second + 1 + WINDOW_S - now_s))
        return WINDOW_S


def enter_all(
    tallies: Mapping[str, Tally], limits: Sequence[Most], name: str, *, now_s: float, until_s: float
) -> Standing | None:
    """Count a call against all limits or none, and return how the tightest limit of calls a minute stands.

    Raises:
        TooManyError: it is one too many for one of them.
    """
    standings = []
    for most in limits:
        tallies[most.subject].forget_old(now_s)
        standings.append(tallies[most.subject].check(most, now_s))
    for most in limits:
        tally = tallies[most.subject]
        if most.a_minute is not None:
            tally.calls[int(now_s)] = tally.calls.get(int(now_s), 0) + 1
        if most.at_once is not None:
            tally.places[name] = until_s
    known = [standing for standing in standings if standing is not None]
    return min(known, key=lambda standing: standing.remaining, default=None)


class Pace:
    """Counts in this process. Used from the event loop only, so it needs no lock."""

    def __init__(self, *, capacity: int = _CAPACITY) -> None:
        self._tallies: dict[str, Tally] = {}
        self._capacity = capacity
        self._numbers = count()

    async def start(self) -> None:
        """Begin; nothing is needed for it."""

    async def stop(self) -> None:
        """End; what was counted ends with the process."""

    async def enter(self, limits: Sequence[Most]) -> Place:
        """Count a call against all limits.

        Raises:
            TooManyError: it is one too many for one of them.
        """
        name, now_s = str(next(self._numbers)), clock.now().timestamp()
        for most in limits:
            if most.subject not in self._tallies:
                self._make_room(now_s)
                self._tallies[most.subject] = Tally()
        standing = enter_all(self._tallies, limits, name, now_s=now_s, until_s=_FOR_EVER_S)
        return Place(name, limits, standing)

    def leave(self, place: Place) -> None:
        """Note that the call has ended."""
        for most in place.limits:
            if (tally := self._tallies.get(most.subject)) is not None:
                tally.places.pop(place.name, None)

    def _make_room(self, now_s: float) -> None:
        """Forget who has not called for a minute, before memory fills with them."""
        if len(self._tallies) < self._capacity:
            return
        for tally in self._tallies.values():
            tally.forget_old(now_s)
        self._tallies = {key: tally for key, tally in self._tallies.items() if tally.calls or tally.places}
