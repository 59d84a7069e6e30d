"""The time, in the forms the sandbox needs; a test can move it forwards.

There is one clock in a process, as there is one time: two sandboxes in one
process, which only tests have, move together.
"""

import asyncio
import contextlib
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta, timezone
from typing import Final

#: A time without an offset is read so, as the documented examples show.
_CHINA: Final = timezone(timedelta(hours=8))

#: The last second that a four-digit year can write.
_LATEST_S: Final = 253_402_300_799

#: How far the clock can be moved in all: a hundred years.
MOST_AHEAD_S: Final = 3_155_760_000


class _Shift:
    """How far the clock is ahead of the true time, and who wants to know when that changes."""

    def __init__(self) -> None:
        self.ahead_s = 0
        self.listeners: list[Callable[[], object]] = []

    def set(self, ahead_s: int) -> None:
        """Move the clock and tell the listeners."""
        self.ahead_s = ahead_s
        for listener in tuple(self.listeners):
            listener()


_shift: Final = _Shift()


def now_s() -> int:
    """Return the present time in whole seconds since 1970."""
    return int(time.time()) + _shift.ahead_s


def now_ms() -> int:
    """Return the present time in whole milliseconds since 1970."""
    return time.time_ns() // 1_000_000 + _shift.ahead_s * 1000


def steady_s() -> float:
    """Return seconds of a clock that is good for differences only; nothing but a reset sets it back."""
    return time.monotonic() + _shift.ahead_s


def ahead_s() -> int:
    """Return how many seconds the clock is ahead of the true time."""
    return _shift.ahead_s


def advance(seconds: int) -> None:
    """Move the clock forwards; who sleeps until a moment looks at it again.

    Raises:
        ValueError: backwards, or further than a hundred years in all.
    """
    if not 0 <= seconds <= MOST_AHEAD_S - _shift.ahead_s:
        raise ValueError(seconds)
    _shift.set(_shift.ahead_s + seconds)


def reset() -> None:
    """Go back to the true time."""
    _shift.set(0)


@contextmanager
def on_move(callback: Callable[[], None]) -> Iterator[None]:
    """Call something on the present event loop whenever the clock is moved, until the block ends."""
    loop = asyncio.get_running_loop()

    def listener() -> object:
        # The clock may be moved from the thread of another loop.
        return loop.call_soon_threadsafe(callback)

    _shift.listeners.append(listener)
    try:
        yield
    finally:
        _shift.listeners.remove(listener)


async def sleep_ms(pause_ms: int) -> None:
    """Wait, but no longer than until the clock is moved."""
    is_moved = asyncio.Event()
    with on_move(is_moved.set), contextlib.suppress(TimeoutError):
        async with asyncio.timeout(pause_ms / 1000):
            await is_moved.wait()


def iso(moment_s: int) -> str:
    """Return a moment as the provider writes it: UTC, ISO 8601, milliseconds."""
    return datetime.fromtimestamp(moment_s, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def parse(text: str) -> int:
    """Return the moment, in whole seconds, that an ISO 8601 text names; without an offset it is UTC+8.

    Raises:
        ValueError: it names no moment between 1970 and 9999.
    """
    moment = datetime.fromisoformat(text.strip())
    moment_s = int((moment if moment.tzinfo else moment.replace(tzinfo=_CHINA)).timestamp())
    if not 0 <= moment_s <= _LATEST_S:
        raise ValueError(text)
    return moment_s
