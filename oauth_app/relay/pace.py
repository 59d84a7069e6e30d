"""How many calls a minute a user allows a site: counted over the last sixty seconds, in this process."""

from collections import deque
from datetime import datetime, timedelta
from math import ceil

from oauth_app import clock
from oauth_app.relay.callers import Caller
from oauth_app.relay.errors import TooManyCallsError

_WINDOW = timedelta(minutes=1)
_CAPACITY = 10_000


class Pace:
    """The calls of the last minute, by consent. Used from the event loop only, so it needs no lock."""

    def __init__(self, *, capacity: int = _CAPACITY) -> None:
        self._calls: dict[str, deque[datetime]] = {}
        self._capacity = capacity

    def admit(self, caller: Caller) -> None:
        """Count a call.

        Raises:
            TooManyCallsError: it is one too many; it does not count.
        """
        if caller.calls_per_minute is None:
            return
        now = clock.now()
        calls = self._recent(caller.consent_id, now - _WINDOW)
        if len(calls) >= caller.calls_per_minute:
            # The place that is needed frees itself when the oldest call that is in its way is a minute old.
            leaving = calls[len(calls) - caller.calls_per_minute]
            raise TooManyCallsError(max(1, ceil((leaving + _WINDOW - now).total_seconds())))
        calls.append(now)

    def _recent(self, consent_id: str, since: datetime) -> deque[datetime]:
        calls = self._calls.get(consent_id)
        if calls is None:
            self._make_room(since)
            calls = self._calls[consent_id] = deque()
        while calls and calls[0] <= since:
            calls.popleft()
        return calls

    def _make_room(self, since: datetime) -> None:
        """Forget who has not called for a minute, before memory fills with them."""
        if len(self._calls) >= self._capacity:
            self._calls = {key: calls for key, calls in self._calls.items() if calls and calls[-1] > since}
