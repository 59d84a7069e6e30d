"""Work that goes on after an answer, and webhooks to addresses on this machine."""

import asyncio
import contextlib
from collections.abc import Coroutine
from typing import Any, Final

import aiohttp
from yarl import URL

from oauth_app.sandbox.loopback import is_loopback

#: How long a receiver may take, and how many are called at once.
_TIMEOUT: Final = aiohttp.ClientTimeout(total=5)
_MOST_AT_ONCE: Final = 16

#: Tasks beyond it find no place; Midjourney's stay far below.
_MOST_TASKS: Final = 10_000


class Callbacks:
    """The tasks of one sandbox that no request waits for."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()
        self._slots = asyncio.Semaphore(_MOST_AT_ONCE)

    def start(self, work: Coroutine[Any, Any, None]) -> None:
        """Begin a piece of work on the event loop, unless far too much is going on already."""
        if len(self._tasks) >= _MOST_TASKS:
            work.close()
            return
        task = asyncio.create_task(work)
        # The loop itself holds a task only weakly.
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def stop(self) -> None:
        """Cancel what is still going on, and wait until it has ended."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def post(self, address: str | None, body: object) -> None:
        """POST a JSON body once; an address off this machine is not called, and no outcome matters."""
        url = _local(address or "")
        if url is None:
            return
        async with self._slots:
            with contextlib.suppress(aiohttp.ClientError, TimeoutError, OSError):
                await _post(url, body)


async def _post(url: URL, body: object) -> None:
    # A connection of its own for each: a receiver that restarts must not meet a stale one.
    connector = aiohttp.TCPConnector(force_close=True)
    # A redirect could lead off this machine.
    async with (
        aiohttp.ClientSession(connector=connector, timeout=_TIMEOUT) as http,
        http.post(url, json=body, allow_redirects=False),
    ):
        pass


def _local(address: str) -> URL | None:
    """Return an address on this machine as the client will read it, or None for any other."""
    try:
        url = URL(address)
    except ValueError:
        return None
    return url if is_loopback(str(url)) else None
