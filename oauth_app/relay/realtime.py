"""WebSockets through the relay: OpenAI's Realtime, and whatever else OhMyGPT serves by them below the relay's paths.

A talk passes the stations of any call: route, credential, limits, money, base, verdict. All of them stand before the
handshake is answered, so whoever is refused gets an HTTP answer. Then messages pass both ways
(``realtime_session.py``), each answer is counted (``realtime_meter.py``), and before each the caller is looked up
again.
"""

import asyncio
import logging
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import TYPE_CHECKING, cast

from websockets.asyncio.client import ClientConnection

from oauth_app.relay.asgi_types import RawHeaders, Receive, Scope, Send
from oauth_app.relay.call import Outcome, outcome_of
from oauth_app.relay.callers import Caller
from oauth_app.relay.errors import (
    LostConnectionError,
    MalformedTargetError,
    NoAnswerError,
    RelayError,
    WrongAnswerError,
)
from oauth_app.relay.headers import answer_headers, is_plain_query, stamp, standing_headers
from oauth_app.relay.problems import problem_of, write_refusal
from oauth_app.relay.realtime_caller import HangUpError, SocketCaller
from oauth_app.relay.realtime_credentials import find_socket_credential, passing_subprotocols
from oauth_app.relay.realtime_events import close_code_of, error_event
from oauth_app.relay.realtime_messages import Messages
from oauth_app.relay.realtime_meter import Spent, TalkMeter
from oauth_app.relay.realtime_session import Ending, Rules, Session
from oauth_app.relay.realtime_talk import Talk
from oauth_app.relay.realtime_upstream import Handshake, RefusedError, dialled
from oauth_app.relay.redaction import Redactor
from oauth_app.relay.routes import Route, find_route
from oauth_app.relay.verdicts import read_beginning

if TYPE_CHECKING:
    from oauth_app.relay.application import RelayOptions, RelayParts

#: How long a shutdown waits for talks to end.
_LAST_TALKS_S = 10
#: Of an upstream's handshake, what the caller gets to see.
_ACCEPT_PREFIXES = (b"openai-", b"x-ratelimit-")
_ABOUT_LENGTH = frozenset({b"content-length", b"content-encoding"})
_log = logging.getLogger(__name__)


class Realtime:
    """Serves the WebSockets of a relay."""

    def __init__(self, options: "RelayOptions", parts: "RelayParts") -> None:
        self._options = options
        self._parts = parts
        self._running: set[asyncio.Task[None]] = set()
        self._open: dict[Session, Talk] = {}

    def end(self, is_meant: Callable[[Caller], bool], error: RelayError) -> int:
        """End the open talks of the callers that are meant, and return how many; from the server's event loop."""
        meant = [session for session, talk in self._open.items() if talk.caller is not None and is_meant(talk.caller)]
        for session in meant:
            session.end(error)
        return len(meant)

    def talks(self) -> list[Caller]:
        """Return the callers of the open talks."""
        return [talk.caller for talk in self._open.values() if talk.caller is not None]

    async def stop(self) -> None:
        """Let the last talks leave their records."""
        if self._running:
            await asyncio.wait(self._running, timeout=_LAST_TALKS_S)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one WebSocket that comes as ASGI messages."""
        task = cast("asyncio.Task[None]", asyncio.current_task())
        talk, side = Talk.begin(scope), SocketCaller(scope, receive, send)
        self._running.add(task)
        try:
            await self._answer(talk, side)
        finally:
            self._running.discard(task)
            if talk.passage is not None:
                talk.passage.settle(0)
            if (record := talk.record_itself()) is not None:
                self._parts.log.add(record)

    async def _answer(self, talk: Talk, side: SocketCaller) -> None:
        try:
            await side.receive()
            route = find_route("GET", talk.raw_path)
            if not is_plain_query(talk.query):
                raise MalformedTargetError  # noqa: TRY301 - told like all the others
            await side.wait_for(self._identify(talk, route))
            await self._talk(talk, side, route)
        except HangUpError:
            talk.outcome = Outcome.CLIENT_LEFT
        except RelayError as error:
            talk.outcome = outcome_of(error)
            await self._refuse(talk, side, error)
        except Exception as error:  # noqa: BLE001 - whatever it is, the caller gets an answer in its dialect
            _log.exception("%s failed", talk.request_id)
            await self._refuse(talk, side, error)

    async def _identify(self, talk: Talk, route: Route) -> None:
        credential = find_socket_credential(talk.headers, talk.subprotocols)
        talk.speaks_dpop = credential.proof is not None
        caller = await self._parts.callers.find(credential)
        credential.check_scheme(caller.dpop_thumbprint)
        if talk.speaks_dpop:
            await self._parts.callers.prove(caller, credential, method="GET", path=talk.raw_path.decode("ascii"))
        talk.caller, talk.credential, talk.group = caller, credential, route.group
        talk.checked_s = asyncio.get_running_loop().time()
        caller.check_endpoint(route.group, is_reading=False)
        caller.check_model(talk.wish.model, route.group, is_understood=talk.wish.is_understood)
        talk.passage = await self._parts.admission.enter(caller)

    async def _talk(self, talk: Talk, side: SocketCaller, route: Route) -> None:
        if talk.caller is None or talk.passage is None:
            raise NoAnswerError
        prices = self._parts.tariff.book
        meter = TalkMeter(prices, talk.passage, path=talk.path, note=lambda spent: self._note(talk, spent))
        try:
            await side.wait_for(meter.open(talk.caller, talk.wish))
            async with AsyncExitStack() as stack:
                handshake = _handshake(talk, talk.caller)
                dialling = stack.enter_async_context(dialled(self._parts.exchange.bases, handshake))
                upstream = await side.wait_for(dialling)
                await side.accept(upstream.subprotocol, self._accept_headers(talk, upstream))
                talk.accepted()
                await self._pass_messages(talk, side, upstream, meter)
        except RefusedError as refused:
            await self._pass_refusal(talk, side, refused, route)
        finally:
            await meter.end(talk.outcome, talk.caller, talk.wish)

    async def _pass_messages(
        self, talk: Talk, side: SocketCaller, upstream: ClientConnection, meter: TalkMeter
    ) -> None:
        messages = Messages(self._options, self._parts, talk, meter)
        rules = Rules(
            to_upstream=messages.to_upstream,
            to_caller=messages.to_caller,
            idle_timeout_s=self._options.idle_timeout_s,
        )
        talk.session = session = Session(side, upstream, rules)
        self._open[session] = talk
        try:
            ending = await session.run()
        finally:
            del self._open[session]
        talk.outcome = ending.outcome
        await self._say_goodbye(talk, session, ending, meter)

    async def _say_goodbye(self, talk: Talk, session: Session, ending: Ending, meter: TalkMeter) -> None:
        last_words, redactor = None, _redactor(talk)
        ending = replace(ending, reason=redactor.clean_whole(ending.reason.encode()).decode())
        if (error := ending.error) is not None:
            if not isinstance(error, RelayError):
                _log.error("%s failed", talk.request_id, exc_info=error)
            problem = problem_of(error)
            ending = replace(ending, code=close_code_of(error), reason=problem.code)
            last_words = error_event(problem, talk.dialect, issuer=self._options.issuer, request_id=talk.request_id)
        await session.tell_caller(ending, last_words)
        await session.hush(lambda: meter.running)
        await session.close_upstream(ending)

    async def _refuse(self, talk: Talk, side: SocketCaller, error: Exception) -> None:
        if side.is_answered:
            await side.close(close_code_of(error), problem_of(error).code)
            return
        problem, options = problem_of(error), self._options
        talk.status = problem.status
        headers, body = write_refusal(
            problem, talk.dialect, issuer=options.issuer, proof_algorithms=options.proof_algorithms
        )
        await side.refuse(problem.status, headers + self._stamp(talk), body)

    async def _pass_refusal(self, talk: Talk, side: SocketCaller, refused: RefusedError, route: Route) -> None:
        """Judge OhMyGPT's refusal as any answer, and pass it on where it says something to the caller.

        Raises:
            RelayError: it is about the user, or makes no sense here.
        """
        refusal = refused.refusal
        if refusal.status < 400:
            raise WrongAnswerError
        try:
            words = self._options.error_words
            await read_beginning(refusal, route=route, dialect=talk.dialect, words=words)
        except LostConnectionError:
            if talk.caller is not None:
                await self._parts.callers.mark_lost(talk.caller)
            raise
        redactor = _redactor(talk)
        passing = answer_headers(refusal.headers, redactor)
        headers = [header for header in passing if header[0] not in _ABOUT_LENGTH]
        talk.status, talk.outcome = refusal.status, Outcome.COMPLETE
        await side.refuse(refusal.status, headers + self._stamp(talk), redactor.clean_whole(refusal.body))

    def _accept_headers(self, talk: Talk, upstream: ClientConnection) -> RawHeaders:
        told = upstream.response.headers.raw_items() if upstream.response is not None else ()
        raw = [(name.lower().encode("ascii"), value.encode("latin-1", "replace")) for name, value in told]
        passing = answer_headers(raw, _redactor(talk))
        return [header for header in passing if header[0].startswith(_ACCEPT_PREFIXES)] + self._stamp(talk)

    def _stamp(self, talk: Talk) -> RawHeaders:
        headers = stamp(talk.request_id)
        if talk.passage is not None:
            headers += standing_headers(talk.passage)
        if talk.speaks_dpop:
            headers.append((b"dpop-nonce", self._parts.callers.nonce().encode()))
        return headers

    def _note(self, talk: Talk, spent: Spent) -> None:
        if (record := talk.record(spent)) is not None:
            self._parts.log.add(record)


def _handshake(talk: Talk, caller: Caller) -> Handshake:
    return Handshake(
        raw_path=talk.raw_path,
        query=talk.query,
        headers=talk.headers,
        subprotocols=passing_subprotocols(talk.subprotocols),
        upstream_token=caller.upstream_token,
    )


def _redactor(talk: Talk) -> Redactor:
    return Redactor(talk.caller.upstream_token if talk.caller else None)
