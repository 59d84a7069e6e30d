"""Ends running calls whose permission was withdrawn: the user disconnected, or the token or the site was stopped.

A call is let in once, and a stream may run for an hour after that. So whenever this process hears of a withdrawal, and
every few seconds for what other processes have heard, one question to the database covers everybody who is being
answered. New limits hold from the next call on, and a token that runs out lets its running calls end.
"""

import asyncio
import logging
from contextlib import suppress

from oauth_app.relay.callers import CallerFinder
from oauth_app.relay.errors import WithdrawnError
from oauth_app.relay.realtime import Realtime
from oauth_app.relay.watch import Watch

#: How long a call may go on after another process was told of a withdrawal, at most.
_EVERY_S = 3.0

_log = logging.getLogger(__name__)


class Withdrawal:
    """Looks whether those who are being answered still may be."""

    def __init__(self, callers: CallerFinder, watch: Watch, realtime: Realtime) -> None:
        self._callers = callers
        self._watch = watch
        self._realtime = realtime
        self._is_due = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin, in the event loop of the calls."""
        loop = asyncio.get_running_loop()
        self._callers.tell_changes(lambda: _tell(loop, self._is_due))
        self._task = asyncio.create_task(self._look_always(), name="relay-withdrawal")

    async def stop(self) -> None:
        """End."""
        self._callers.tell_changes(None)
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def _look_always(self) -> None:
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(_EVERY_S):
                    await self._is_due.wait()
            self._is_due.clear()
            try:
                await self._look()
            except Exception:  # noqa: BLE001 - such as a database that is away; the next look may succeed
                _log.exception("nobody could be asked whether running calls are still allowed")

    async def _look(self) -> None:
        running = self._watch.callers()
        asked = {caller.token_id for caller in (*(caller for caller, _ in running), *self._realtime.talks())}
        if not asked:
            return
        withdrawn = asked - await self._callers.still_allowed(asked)
        for caller, client in running:
            if caller.token_id in withdrawn:
                client.end(WithdrawnError())
        self._realtime.end(lambda caller: caller.token_id in withdrawn, WithdrawnError())


def _tell(loop: asyncio.AbstractEventLoop, is_due: asyncio.Event) -> None:
    with suppress(RuntimeError):  # the loop may have ended just now
        loop.call_soon_threadsafe(is_due.set)
