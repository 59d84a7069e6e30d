"""Looks after running calls once a second: silence that is too long ends them, a little silence is filled."""

import asyncio
import time
from contextlib import suppress

from oauth_app.relay.call import Call
from oauth_app.relay.callers import Caller
from oauth_app.relay.client import Client
from oauth_app.relay.errors import LateAnswerError, SpendLimitError
from oauth_app.relay.exchange import Exchange
from oauth_app.relay.settlement import Settlement
from oauth_app.relay.slow_senders import SlowSenders

_EVERY_S = 1.0
#: Proxies and browsers give up on streams that are silent; a comment keeps them (HTML, server-sent events 9.2.6).
_HEARTBEAT_S = 15.0
_HEARTBEAT = b": still there\n\n"


class Watch:
    """The running calls of this process."""

    def __init__(
        self, exchange: Exchange, senders: SlowSenders, settlement: Settlement, *, idle_timeout_s: float
    ) -> None:
        self._exchange = exchange
        self._settlement = settlement
        self._senders = senders
        self._idle_timeout_s = idle_timeout_s
        self._calls: dict[Call, Client] = {}
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin."""
        self._task = asyncio.create_task(self._look_always(), name="relay-watch")

    async def stop(self) -> None:
        """End."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    def callers(self) -> list[tuple[Caller, Client]]:
        """Return who is being answered, of those who are known."""
        return [(call.caller, client) for call, client in self._calls.items() if call.caller is not None]

    @property
    def clients(self) -> list[Client]:
        """Everybody who is being answered."""
        return list(self._calls.values())

    def add(self, call: Call, client: Client) -> None:
        """Look after a call."""
        self._calls[call] = client

    def discard(self, call: Call) -> None:
        """Leave a call alone."""
        self._calls.pop(call, None)

    async def _look_always(self) -> None:
        while True:
            await asyncio.sleep(_EVERY_S)
            self._exchange.tend()
            now_s = time.monotonic()
            seconds = self._senders.step(now_s)
            self._senders.look_at_doors(seconds)
            for call, client in list(self._calls.items()):
                self._senders.look_at_call(client, seconds)
                self._look(call, client, now_s)

    def _look(self, call: Call, client: Client, now_s: float) -> None:
        answer = call.answer
        if answer is None:
            return
        if call.passage is not None and (most := call.passage.allowance) is not None and call.first_byte_s is not None:
            self._hold_to(most, call, client)
        if not answer.is_awaited:
            return
        if now_s - answer.heard_s > self._idle_timeout_s:
            answer.fail(LateAnswerError())
        elif call.is_between_events and now_s - client.written_s > _HEARTBEAT_S:
            client.remark(_HEARTBEAT)

    def _hold_to(self, most: int, call: Call, client: Client) -> None:
        """End a stream that has said more than its caller's limits had left when it began."""
        settled = self._settlement.settle(call.path, call.wish, call.body_bytes, call.ending(), call.meter)
        if settled.counted > most:
            client.end(SpendLimitError())
