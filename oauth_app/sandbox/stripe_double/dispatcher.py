"""Sending the queued webhooks, signed, one after the other to each endpoint."""

import asyncio
import hashlib
import hmac
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import groupby
from typing import Final

import aiohttp

from oauth_app.sandbox import clock
from oauth_app.sandbox.config import Config
from oauth_app.sandbox.store import Store
from oauth_app.sandbox.stripe_double import deadlines, deliveries, endpoints, objects
from oauth_app.sandbox.stripe_double.calls import Call
from oauth_app.sandbox.stripe_double.objects import Document

_TIMEOUT_S: Final = 10


def sign(payload: str, secret: str, moment_s: int) -> str:
    """Return the ``Stripe-Signature`` of a payload."""
    digest = hmac.new(secret.encode(), f"{moment_s}.{payload}".encode(), hashlib.sha256).hexdigest()
    return f"t={moment_s},v1={digest}"


class Dispatcher:
    """A task that sends what is due and sleeps until the next is."""

    def __init__(self, store: Store, config: Config) -> None:
        self._store = store
        self._config = config
        self._queued = asyncio.Event()

    def wake(self) -> None:
        """Look at the queue again, because something may have been added."""
        self._queued.set()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Send until the block ends; what is left stays in the queue."""
        task = asyncio.create_task(self._run())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _run(self) -> None:
        # A connection of its own for each: an endpoint that restarts must not meet a stale one.
        connector = aiohttp.TCPConnector(force_close=True)
        timeout = aiohttp.ClientTimeout(total=_TIMEOUT_S)
        async with aiohttp.ClientSession(connector=connector, timeout=timeout) as http:
            while True:
                self._queued.clear()
                self._meet_deadlines()
                if due := deliveries.due(self._store):
                    await self._send_all(http, due)
                else:
                    await self._sleep()

    def _meet_deadlines(self) -> None:
        with self._store.transaction():
            deadlines.meet(Call(store=self._store, config=self._config, origin=""))

    async def _sleep(self) -> None:
        """Wait until a call has queued something, a moment has come, or the clock was moved."""
        pauses = [deliveries.pause_ms(self._store), deadlines.pause_ms(self._store)]
        waits: list[asyncio.Future[object]] = [asyncio.ensure_future(self._queued.wait())]
        waits += [asyncio.ensure_future(clock.sleep_ms(pause_ms)) for pause_ms in pauses if pause_ms is not None]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
            await asyncio.gather(*waits, return_exceptions=True)

    async def _send_all(self, http: aiohttp.ClientSession, due: list[sqlite3.Row]) -> None:
        by_endpoint = groupby(sorted(due, key=_endpoint_id), key=_endpoint_id)
        await asyncio.gather(*[self._send_in_order(http, list(group)) for _, group in by_endpoint])

    async def _send_in_order(self, http: aiohttp.ClientSession, group: list[sqlite3.Row]) -> None:
        for delivery in group:
            endpoint = endpoints.find(self._store, self._config, delivery["endpoint_id"])
            event = objects.find(self._store, delivery["event_id"])
            if endpoint is None or event is None:
                deliveries.note_failure(self._store, delivery, "the endpoint is gone or disabled", ())
                continue
            try:
                await self._send(http, endpoint, event)
            except (aiohttp.ClientError, TimeoutError, OSError) as error:
                outcome = str(error) or type(error).__name__
                deliveries.note_failure(self._store, delivery, outcome[:200], self._config.stripe_retry_pauses_ms)
            else:
                deliveries.note_success(self._store, delivery, "HTTP 2xx")

    async def _send(self, http: aiohttp.ClientSession, endpoint: Document, event: Document) -> None:
        """Send one webhook.

        Raises:
            aiohttp.ClientError: it did not arrive, or was not answered with 2xx.
        """
        payload = deliveries.payload(event, deliveries.count_pending(self._store, event["id"]))
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "User-Agent": "Stripe/1.0 (+https://stripe.com/docs/webhooks)",
            # The receiver's clock was not moved with ours, and it compares.
            "Stripe-Signature": sign(payload, endpoint["_secret"], clock.now_s() - clock.ahead_s()),
        }
        # A redirect could lead off this machine, and Stripe follows none either.
        async with http.post(endpoint["url"], data=payload.encode(), headers=headers, allow_redirects=False) as answer:
            if not 200 <= answer.status < 300:
                text = f"HTTP {answer.status}"
                raise aiohttp.ClientPayloadError(text)


def _endpoint_id(delivery: sqlite3.Row) -> str:
    return str(delivery["endpoint_id"])
