"""The relay: an ASGI application for ``/v1/*`` and ``/api/v1/*``.

A call passes these stations: route, credential, body, exchange, verdict, stream, record. Nothing is held on
the way but a small beginning and end, and every call that belongs to somebody leaves a record.
"""

import asyncio
import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass

from oauth_app.relay.asgi_types import RawHeaders, Receive, Scope, Send
from oauth_app.relay.call import Call, Outcome
from oauth_app.relay.callers import Caller, CallerFinder
from oauth_app.relay.client import Client
from oauth_app.relay.credentials import find_credential
from oauth_app.relay.errors import (
    ClientLeftError,
    LateAnswerError,
    LostConnectionError,
    NoAnswerError,
    RelayError,
    WrongAnswerError,
)
from oauth_app.relay.exchange import Answer, Exchange, Request
from oauth_app.relay.headers import answer_headers, request_headers, stamp, strip_tokens
from oauth_app.relay.pace import Pace
from oauth_app.relay.prices import PriceBook
from oauth_app.relay.problems import Problem, challenge, problem_of, write_event, write_problem
from oauth_app.relay.redaction import Redactor
from oauth_app.relay.routes import Route, find_route
from oauth_app.relay.usage_blocks import read_model
from oauth_app.relay.usage_log import UsageLog
from oauth_app.relay.verdicts import ErrorWords, read_beginning

#: How long a shutdown waits for calls that were cancelled.
_LAST_CALLS_S = 10
_BY_UPSTREAM = (NoAnswerError, WrongAnswerError, LateAnswerError)
_log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class RelayOptions:
    """What the relay has to know beside its collaborators."""

    issuer: str
    max_body_bytes: int
    idle_timeout_s: float
    error_words: ErrorWords
    #: By which a caller may prove a key (RFC 9449).
    proof_algorithms: tuple[str, ...] = ()


class Relay:
    """Passes calls on to OhMyGPT with the user's own token."""

    def __init__(self, options: RelayOptions, *, callers: CallerFinder, exchange: Exchange, log: UsageLog) -> None:
        self._options = options
        self._callers = callers
        self._exchange = exchange
        self._usage_log = log
        self._prices = PriceBook.load()
        self._pace = Pace()
        self._running: set[asyncio.Task[None] | None] = set()

    async def start(self) -> None:
        """Open the pool and the log; to be called in the server's start-up."""
        await self._exchange.start()
        await self._usage_log.start()

    async def stop(self) -> None:
        """Let the last calls leave their records, write them, close; to be called in the server's shutdown."""
        running = {task for task in self._running if task is not None}
        if running:
            # The server has cancelled those that outlived its patience; they still need a moment to end.
            await asyncio.wait(running, timeout=_LAST_CALLS_S)
        await self._usage_log.stop()
        await self._exchange.stop()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Relay one call."""
        call = Call.begin(scope)
        client = Client(
            receive,
            send,
            max_body_bytes=self._options.max_body_bytes,
            idle_timeout_s=self._options.idle_timeout_s,
        )
        task = asyncio.current_task()
        self._running.add(task)
        try:
            await self._serve(call, client)
        finally:
            self._running.discard(task)
            self._leave_record(call, client)

    async def _serve(self, call: Call, client: Client) -> None:
        try:
            await self._relay(call, client)
        except asyncio.CancelledError:
            if not client.has_ended:
                raise
        except ClientLeftError:
            call.outcome = Outcome.CLIENT_LEFT
        except RelayError as error:
            call.outcome = Outcome.UPSTREAM_FAILED if isinstance(error, _BY_UPSTREAM) else Outcome.REFUSED
            await self._answer_problem(call, client, problem_of(error))
        except Exception as error:  # noqa: BLE001 - whatever it is, the caller gets an answer in its dialect
            _log.exception("%s failed", call.request_id)
            await self._answer_problem(call, client, problem_of(error))

    async def _relay(self, call: Call, client: Client) -> None:
        route = find_route(call.method, call.raw_path)
        if not route.is_public:
            call.caller = await self._identify(call)
            self._pace.admit(call.caller)
        body = await client.open_body(call.header(b"content-length"))
        with client.watched():
            answer = await self._exchange.send(_request(call, body))
            try:
                await self._pass_on(call, client, answer, route)
            finally:
                answer.close()

    async def _identify(self, call: Call) -> Caller:
        credential = find_credential(call.headers)
        call.speaks_dpop = credential.proof is not None
        caller = await self._callers.find(credential.token)
        credential.check_scheme(caller.dpop_thumbprint)
        if call.speaks_dpop:
            await self._callers.prove(caller, credential, method=call.method, path=call.raw_path.decode("ascii"))
        return caller

    def _stamp(self, call: Call) -> RawHeaders:
        nonce = [(b"dpop-nonce", self._callers.nonce().encode())] if call.speaks_dpop else []
        return stamp(call.request_id) + nonce

    async def _pass_on(self, call: Call, client: Client, answer: Answer, route: Route) -> None:
        try:
            words = self._options.error_words
            chunk = await read_beginning(answer, route=route, dialect=call.dialect, words=words)
        except LostConnectionError:
            if call.caller is not None:
                await self._callers.mark_lost(call.caller)
            raise
        redactor = Redactor(_token(call.caller))
        call.status, call.content_type = answer.status, answer.header(b"content-type")
        await client.begin(answer.status, answer_headers(answer.headers, redactor) + self._stamp(call))
        while chunk or (chunk := await answer.read()):
            call.see(chunk)
            if answer.is_at_end:
                break
            await client.write(redactor.clean(chunk))
            chunk = b""
        call.outcome = Outcome.COMPLETE
        await client.finish(redactor.clean(chunk) + redactor.rest())

    async def _answer_problem(self, call: Call, client: Client, problem: Problem) -> None:
        issuer = self._options.issuer
        if client.has_begun:
            await self._break_off(call, client, problem)
            return
        call.status = problem.status
        headers: RawHeaders = [(b"content-type", b"application/json"), (b"cache-control", b"no-store")]
        if wanted := challenge(problem, issuer=issuer, proof_algorithms=self._options.proof_algorithms):
            headers.append((b"www-authenticate", wanted))
        if problem.retry_after_s:
            headers.append((b"retry-after", b"%d" % problem.retry_after_s))
        body = write_problem(problem, call.dialect, issuer=issuer)
        await client.refuse(problem.status, headers + self._stamp(call), body)

    async def _break_off(self, call: Call, client: Client, problem: Problem) -> None:
        """End an answer that has begun: a stream by an error event, anything else by a cut connection."""
        if call.content_type.startswith(b"text/event-stream") and call.meter.ends_with(b"\n\n"):
            await client.finish(write_event(problem, call.dialect, issuer=self._options.issuer))

    def _leave_record(self, call: Call, client: Client) -> None:
        call.bytes_in = client.bytes_in
        content_type = call.header(b"content-type")
        call.model = read_model(client.head, is_whole=client.head_is_whole, content_type=content_type)
        if record := call.record(self._prices):
            self._usage_log.add(record)


def _request(call: Call, body: bytes | AsyncIterator[bytes]) -> Request:
    headers = request_headers(call.headers, _token(call.caller))
    length = call.header(b"content-length")
    if length and not isinstance(body, bytes):
        headers["Content-Length"] = length.decode()
    query = strip_tokens(call.query)
    target = call.raw_path + b"?" + query if query else call.raw_path
    return Request(method=call.method, target=target.decode("ascii"), headers=headers, body=body)


def _token(caller: Caller | None) -> str | None:
    return caller.upstream_token if caller else None
