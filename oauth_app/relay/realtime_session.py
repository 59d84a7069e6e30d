"""A talk that is open: messages both ways, one at a time, until one side closes or the hub ends it.

Each direction holds the message that it passes on, and reads no further before it is taken. Whoever closes, the other
side is closed within a second, by the same code where it says something.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from oauth_app.relay.call import Outcome
from oauth_app.relay.errors import IdleClientError, NoAnswerError, RelayError, WrongAnswerError
from oauth_app.relay.realtime_caller import HangUpError, SocketCaller
from oauth_app.relay.realtime_door import STOPPED
from oauth_app.relay.realtime_events import GOING_AWAY, INTERNAL, Content, cancel_event

#: How long an answer that runs may take to stop and tell what it used, before it is estimated.
_HUSH_S = 0.5
#: How long a caller may take to take the last words.
_LAST_WORDS_S = 0.3
#: RFC 6455 7.4.1: codes that are never sent, and what is sent instead.
_UNSENT = {1004: GOING_AWAY, 1005: 1000, 1006: GOING_AWAY, 1012: GOING_AWAY, 1015: GOING_AWAY}
#: A reason has at most 123 bytes (RFC 6455 5.5).
_REASON_BYTES = 123

Pass = Callable[[Content], Awaitable[Content]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Ending:
    """How a talk ended."""

    outcome: Outcome
    code: int = 1000
    reason: str = ""
    #: None where one of the two sides closed it.
    error: Exception | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Rules:
    """What is done to each message on its way; both may end the talk by a RelayError."""

    to_upstream: Pass
    to_caller: Pass
    idle_timeout_s: float


class Session:
    """One open talk."""

    def __init__(self, caller: SocketCaller, upstream: ClientConnection, rules: Rules) -> None:
        self._caller = caller
        self._upstream = upstream
        self._rules = rules
        self._ended: asyncio.Future[RelayError] = asyncio.get_running_loop().create_future()
        self._heard_s = asyncio.get_running_loop().time()
        #: Passed so far, of both directions.
        self.bytes_in = 0
        self.bytes_out = 0

    def end(self, error: RelayError) -> None:
        """End the talk from outside, such as when the user disconnects the site; from the server's event loop."""
        if not self._ended.done():
            self._ended.set_result(error)

    async def run(self) -> Ending:
        """Pass messages until the talk is over; both sides are still to be told."""
        pumps = [asyncio.create_task(self._pump_up()), asyncio.create_task(self._pump_down())]
        try:
            return await self._until_over(pumps)
        finally:
            for pump in pumps:
                pump.cancel()
            await asyncio.wait(pumps)

    async def tell_caller(self, ending: Ending, last_words: str | None) -> None:
        """Close the caller's side, after a last event where there is one."""
        with suppress(OSError, RuntimeError, TimeoutError):
            async with asyncio.timeout(_LAST_WORDS_S):
                if last_words is not None and not self._caller.is_gone:
                    await self._caller.send(last_words)
                await self._caller.close(_sendable(ending.code), _short(ending.reason))

    async def hush(self, running: Callable[[], list[str]]) -> None:
        """Stop the answers that run, and wait a moment for what they used."""
        with suppress(ConnectionClosed, TimeoutError, RelayError):
            async with asyncio.timeout(_HUSH_S):
                for response_id in running():
                    await self._upstream.send(cancel_event(response_id))
                while running():
                    await self._rules.to_caller(await self._upstream.recv())

    async def close_upstream(self, ending: Ending) -> None:
        """Close OhMyGPT's side."""
        is_callers = ending.error is None
        await self._upstream.close(_sendable(ending.code) if is_callers else GOING_AWAY, _short(ending.reason))

    async def _until_over(self, pumps: list[asyncio.Task[None]]) -> Ending:
        while True:
            left_s = self._heard_s + self._rules.idle_timeout_s - asyncio.get_running_loop().time()
            if left_s <= 0:
                return self._broken_off(IdleClientError())
            waited: list[asyncio.Future[Any]] = [*pumps, self._ended]
            done, _ = await asyncio.wait(waited, timeout=left_s, return_when=asyncio.FIRST_COMPLETED)
            if self._ended in done:
                return self._broken_off(self._ended.result())
            for pump in pumps:
                if pump in done:
                    return self._read_end(pump)

    def _read_end(self, pump: asyncio.Task[None]) -> Ending:
        match error := pump.exception():
            case HangUpError(code=code, reason=reason):
                outcome = Outcome.REFUSED if reason is STOPPED else Outcome.CLIENT_LEFT
                ending = Ending(outcome=outcome, code=code, reason=reason)
            case ConnectionClosed() as closed:
                ending = self._upstream_closed(closed)
            case _:
                ending = self._broken_off(error if isinstance(error, Exception) else NoAnswerError())
        return ending

    def _upstream_closed(self, closed: ConnectionClosed) -> Ending:
        if closed.rcvd is not None and closed.rcvd_then_sent:
            return Ending(outcome=Outcome.COMPLETE, code=closed.rcvd.code, reason=closed.rcvd.reason)
        # We have closed it, because of what came or did not come; or it just broke.
        return self._broken_off(WrongAnswerError() if closed.sent is not None else NoAnswerError())

    def _broken_off(self, error: Exception) -> Ending:
        is_upstreams = isinstance(error, NoAnswerError | WrongAnswerError)
        return Ending(outcome=Outcome.UPSTREAM_FAILED if is_upstreams else Outcome.REFUSED, code=INTERNAL, error=error)

    async def _pump_up(self) -> None:
        while True:
            message = await self._caller.receive()
            if message is None:
                continue
            self._note_heard()
            passing = await self._rules.to_upstream(message)
            self.bytes_in += len(passing)
            await self._upstream.send(passing)

    async def _pump_down(self) -> None:
        while True:
            message = await self._upstream.recv()
            self._note_heard()
            passing = await self._rules.to_caller(message)
            self.bytes_out += len(passing)
            try:
                await self._caller.send(passing)
            except (OSError, RuntimeError):
                # The server's ways to say that nobody is there; the other direction knows how they went.
                await asyncio.get_running_loop().create_future()

    def _note_heard(self) -> None:
        self._heard_s = asyncio.get_running_loop().time()


def _sendable(code: int) -> int:
    is_registered = 1000 <= code <= 1014 or 3000 <= code <= 4999
    return _UNSENT.get(code, code) if is_registered else GOING_AWAY


def _short(reason: str) -> str:
    return reason.encode(errors="replace")[:_REASON_BYTES].decode(errors="ignore")
