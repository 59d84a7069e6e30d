"""Calls a minute and calls at once, by whoever has a limit: counted in this process."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil

from oauth_app import clock
from oauth_app.relay.admission import Standing
from oauth_app.relay.errors import TooManyCallsError

_WINDOW = timedelta(minutes=1)
_CAPACITY = 10_000


@dataclass(frozen=True, slots=True)
class Most:
    """How much somebody may call; None is no limit."""

    subject: str
    a_minute: int | None = None
    at_once: int | None = None


class Pace:
    """The calls of the last minute, and those that run. Used from the event loop only, so it needs no lock."""

    def __init__(self, *, capacity: int = _CAPACITY) -> None:
        self._calls: dict[str, deque[datetime]] = {}
        self._running: dict[str, int] = {}
        self._capacity = capacity

    def admit(self, limits: Sequence[Most]) -> Standing | None:
        """Count a call against all limits, and return how the tightest limit of calls a minute stands.

        Raises:
            TooManyCallsError: it is one too many for one of them; it counts against none.
        """
        now = clock.now()
        for most in limits:
            if most.at_once is not None and self._running.get(most.subject, 0) >= most.at_once:
                raise TooManyCallsError(1)
        counted = [self._recent(most.subject, now - _WINDOW) for most in limits if most.a_minute is not None]
        limited = [most.a_minute for most in limits if most.a_minute is not None]
        standings = [_standing(calls, limit, now) for calls, limit in zip(counted, limited, strict=True)]
        for calls in counted:
            calls.append(now)
        for most in limits:
            if most.at_once is not None:
                self._running[most.subject] = self._running.get(most.subject, 0) + 1
        return min(standings, key=lambda standing: standing.remaining, default=None)

    def leave(self, limits: Sequence[Most]) -> None:
        """Note that a call has ended."""
        for most in limits:
            if most.at_once is not None:
                left = self._running.get(most.subject, 1) - 1
                if left:
                    self._running[most.subject] = left
                else:
                    self._running.pop(most.subject, None)

    def _recent(self, subject: str, since: datetime) -> deque[datetime]:
        calls = self._calls.get(subject)
        if calls is None:
            self._make_room(since)
            calls = self._calls.setdefault(subject, deque())
        while calls and calls[0] <= since:
            calls.popleft()
        return calls

    def _make_room(self, since: datetime) -> None:
        """Forget who has not called for a minute, before memory fills with them."""
        if len(self._calls) >= self._capacity:
            self._calls = {key: calls for key, calls in self._calls.items() if calls and calls[-1] > since}


def _standing(calls: deque[datetime], limit: int, now: datetime) -> Standing:
    """Return how a limit stands with this call.

    Raises:
        TooManyCallsError: the call is one too many.
    """
    if len(calls) >= limit:
        # The place that is needed frees itself when the oldest call that is in its way is a minute old.
        freed_at = calls[len(calls) - limit] + _WINDOW if limit and calls else now + _WINDOW
        raise TooManyCallsError(_seconds(freed_at - now))
    first_free = _seconds(calls[0] + _WINDOW - now) if calls else _seconds(_WINDOW)
    return Standing(limit=limit, remaining=limit - len(calls) - 1, reset_s=first_free)


def _seconds(span: timedelta) -> int:
    return max(1, ceil(span.total_seconds()))
