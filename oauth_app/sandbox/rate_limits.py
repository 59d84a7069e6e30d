"""How often an operation may be called in a second."""

from collections import defaultdict, deque
from dataclasses import dataclass

from oauth_app.sandbox.clock import steady_s
from oauth_app.sandbox.errors import PlatformError


@dataclass(frozen=True)
class Rate:
    """A limit on an operation, whichever of its addresses it is called at."""

    operation: str
    per_second: int


class RateLimits:
    """The calls of the last second, for each account and operation."""

    def __init__(self) -> None:
        self._calls: dict[tuple[int, str], deque[float]] = defaultdict(deque)

    def check(self, account_id: int, rate: Rate) -> None:
        """Count a call.

        Raises:
            PlatformError: 429, too many within a second; this one is not counted.
        """
        now_s = steady_s()
        calls = self._calls[account_id, rate.operation]
        while calls and calls[0] <= now_s - 1:
            calls.popleft()
        if len(calls) >= rate.per_second:
            text = f"Too many requests: at most {rate.per_second} in a second. Try again later."
            raise PlatformError(429, "rate_limit_error", text)
        calls.append(now_s)

    def clear(self) -> None:
        """Forget all calls, because the clock is set back."""
        self._calls.clear()
