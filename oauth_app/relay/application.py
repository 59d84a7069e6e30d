"""The relay: it passes calls on to OhMyGPT with the user's own token.

A call passes these stations: route, credential, limits, body, exchange, verdict, answer, record. Nothing is held on
the way but small pieces, and every call that belongs to somebody leaves a record and settles what was reserved.
"""

import asyncio
import logging
from dataclasses import dataclass
from urllib.parse import quote

from oauth_app.relay.admission import Admission
from oauth_app.relay.answering import Answering
from oauth_app.relay.asgi_client import AsgiClient
from oauth_app.relay.asgi_types import RawHeaders, Receive, Scope, Send
from oauth_app.relay.call import Call, Outcome, outcome_of
from oauth_app.relay.callers import CallerFinder
from oauth_app.relay.client import Client, ClientLimits
from oauth_app.relay.errors import ClientLeftError, RelayError
from oauth_app.relay.exchange import Exchange
from oauth_app.relay.heads import Head, split_length
from oauth_app.relay.problems import problem_of
from oauth_app.relay.realtime import Realtime
from oauth_app.relay.request_side import RequestSide
from oauth_app.relay.routes import Route, find_route
from oauth_app.relay.settlement import Settlement
from oauth_app.relay.slow_senders import SlowSenders
from oauth_app.relay.tariff import Tariff
from oauth_app.relay.usage_log import UsageLog
from oauth_app.relay.verdicts import ErrorWords
from oauth_app.relay.watch import Watch
from oauth_app.relay.withdrawal import Withdrawal

#: How long a shutdown waits for calls that were cancelled.
_LAST_CALLS_S = 10
_log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class RelayOptions:
    """What the relay has to know beside its collaborators."""

    issuer: str
    max_body_bytes: int
    idle_timeout_s: float
    #: How long a head may take, and a body before it has to come at a least speed.
    sender_patience_s: float
    error_words: ErrorWords
    #: By which a caller may prove a key (RFC 9449).
    proof_algorithms: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class RelayParts:
    """What the relay works with."""

    callers: CallerFinder
    admission: Admission
    exchange: Exchange
    log: UsageLog
    tariff: Tariff


class Relay:
    """Serves relayed calls, whichever door they come by."""

    def __init__(self, options: RelayOptions, parts: RelayParts) -> None:
        self._parts = parts
        self._settlement = Settlement(parts.tariff.book)
        self._requests = RequestSide(parts.exchange, parts.tariff.book, patience_s=options.idle_timeout_s)
        self._answers = Answering(options, parts.callers, self._settlement)
        #: WebSockets.
        self.realtime = Realtime(options, parts)
        self.senders = SlowSenders(patience_s=options.sender_patience_s, most_s=options.idle_timeout_s)
        self._watch = Watch(parts.exchange, self.senders, self._settlement, idle_timeout_s=options.idle_timeout_s)
        self._withdrawal = Withdrawal(parts.callers, self._watch, self.realtime)
        self.client_limits = ClientLimits(max_body_bytes=options.max_body_bytes, idle_timeout_s=options.idle_timeout_s)

    async def start(self) -> None:
        """Open the log; to be called in the server's start-up."""
        await self._parts.log.start()
        await self._parts.admission.start()
        self._parts.tariff.start(self._settlement.use, self._requests.use)
        self._watch.start()
        self._withdrawal.start()

    async def stop(self) -> None:
        """Let the last calls leave their records, write them, close; to be called in the server's shutdown."""
        if running := {client.task for client in self._watch.clients if client.task is not None}:
            # The server has cancelled those that outlived its patience; they still need a moment to end.
            await asyncio.wait(running, timeout=_LAST_CALLS_S)
        await self._withdrawal.stop()
        await self.realtime.stop()
        await self._watch.stop()
        await self._parts.tariff.stop()
        await self._parts.admission.stop()
        await self._parts.log.stop()
        self._parts.exchange.close()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Relay one call that comes as ASGI messages."""
        if scope["type"] == "websocket":
            await self.realtime(scope, receive, send)
            return
        raw_path: bytes = scope.get("raw_path") or quote(scope["path"]).encode()
        call = Call.begin(scope["method"], raw_path, scope["query_string"], *_head(scope["headers"]))
        client = AsgiClient(receive, send, self.client_limits)
        client.task = asyncio.current_task()
        listener = asyncio.create_task(client.listen())
        try:
            await self.serve(call, client)
        finally:
            listener.cancel()

    async def serve(self, call: Call, client: Client) -> None:
        """Relay one call."""
        self._watch.add(call, client)
        try:
            await self._until_left(call, client)
        except ClientLeftError:
            call.outcome = Outcome.CLIENT_LEFT
        except RelayError as error:
            call.outcome = outcome_of(error)
            await self._answers.refuse(call, client, problem_of(error))
        except Exception as error:  # noqa: BLE001 - whatever it is, the caller gets an answer in its dialect
            _log.exception("%s failed", call.request_id)
            await self._answers.refuse(call, client, problem_of(error))
        finally:
            self._watch.discard(call)
            self._account(call, client)

    async def _until_left(self, call: Call, client: Client) -> None:
        try:
            if client.ended_by is not None:  # before it was its turn
                raise client.ended_by
            await self._relay(call, client)
        except asyncio.CancelledError:
            if client.ended_by is None:
                raise  # the server is stopping
            if (task := asyncio.current_task()) is not None:
                task.uncancel()
            raise client.ended_by from None

    async def _relay(self, call: Call, client: Client) -> None:
        route = find_route(call.method, call.raw_path)
        if not route.is_public:
            await self._identify(call, route)
        answer, pump = await self._requests.send(call, client)
        try:
            await self._parts.exchange.wait(answer)
            await self._answers.pass_on(call, client, answer, route)
        finally:
            if pump is not None:
                pump.cancel()

    async def _identify(self, call: Call, route: Route) -> None:
        credential = call.head.credential
        call.speaks_dpop = credential.proof is not None
        caller = await self._parts.callers.find(credential)
        credential.check_scheme(caller.dpop_thumbprint)
        if call.speaks_dpop:
            await self._parts.callers.prove(caller, credential, method=call.method, path=call.raw_path.decode("ascii"))
        call.caller = caller
        call.group = route.group
        caller.check_endpoint(route.group, is_reading=call.is_reading)
        call.passage = await self._parts.admission.enter(caller)

    def _account(self, call: Call, client: Client) -> None:
        settled = call.settled or self._settlement.settle(
            call.path, call.wish, call.body_bytes, call.ending(), call.meter
        )
        if call.passage is not None:
            call.passage.settle(settled.counted)
        if call.answer is not None:
            call.answer.close()
        if record := call.record(settled, client.bytes_in):
            self._parts.log.add(record)


def _head(headers: RawHeaders) -> tuple[Head, bytes]:
    others, length = split_length(headers)
    return Head(others), length
