"""An answer on its way to the caller: judged by its beginning, passed on as it comes, or replaced by an error."""

from typing import TYPE_CHECKING

from oauth_app.relay.answer import PIECE_BYTES, Answer
from oauth_app.relay.asgi_types import RawHeaders
from oauth_app.relay.call import Call, Outcome
from oauth_app.relay.callers import CallerFinder
from oauth_app.relay.client import Client
from oauth_app.relay.cost_telling import COST, last_words, make_room
from oauth_app.relay.errors import LostConnectionError
from oauth_app.relay.headers import answer_headers, stamp, standing_headers
from oauth_app.relay.media_types import EVENTS
from oauth_app.relay.passing import Passing
from oauth_app.relay.problems import Problem, write_event, write_refusal
from oauth_app.relay.redaction import Redactor
from oauth_app.relay.routes import Route
from oauth_app.relay.settlement import Settled, Settlement
from oauth_app.relay.verdicts import read_beginning

if TYPE_CHECKING:
    from oauth_app.relay.application import RelayOptions


class Answering:
    """Answers calls."""

    def __init__(self, options: "RelayOptions", callers: CallerFinder, settlement: Settlement) -> None:
        self._options = options
        self._callers = callers
        self._settlement = settlement

    async def pass_on(self, call: Call, client: Client, answer: Answer, route: Route) -> None:
        """Pass an answer on whose head is here.

        Raises:
            RelayError: it must not pass, or it broke.
        """
        try:
            words = self._options.error_words
            beginning = await read_beginning(answer, route=route, dialect=call.dialect, words=words)
        except LostConnectionError:
            if call.caller is not None:
                await self._callers.mark_lost(call.caller)
            raise
        redactor = Redactor(call.caller.upstream_token if call.caller else None)
        call.status, call.content_type = answer.status, answer.header(b"content-type")
        headers = answer_headers(answer.headers, redactor)
        if _is_small(answer):
            await self._pass_whole(call, client, headers, redactor.clean_whole(await _rest(answer, beginning)))
        else:
            headers = make_room(call, client, answer, headers)
            _end_with_early_answer(client, headers)
            await client.begin(call.status, headers + self._stamp(call))
            last = await Passing(call, answer, redactor).to(client, beginning)
            self._settle(call)
            await client.finish(last + last_words(call, client, answer))

    async def refuse(self, call: Call, client: Client, problem: Problem) -> None:
        """Answer an error in the dialect of the call."""
        options = self._options
        if client.has_begun:
            await self._break_off(call, client, problem)
            return
        call.status = problem.status
        headers, body = write_refusal(
            problem, call.dialect, issuer=options.issuer, proof_algorithms=options.proof_algorithms
        )
        await client.refuse(problem.status, headers + self._stamp(call), body)

    async def _pass_whole(self, call: Call, client: Client, headers: RawHeaders, body: bytes) -> None:
        call.see(body)
        settled = self._settle(call)
        if settled.cost is not None and call.caller is not None:
            headers.append((COST, b"%d" % settled.cost))
        _end_with_early_answer(client, headers)
        await client.answer(call.status, headers + self._stamp(call), body)

    def _settle(self, call: Call) -> Settled:
        """Count a call whose answer has come whole."""
        call.outcome = Outcome.COMPLETE
        call.settled = settled = self._settlement.settle(
            call.path, call.wish, call.body_bytes, call.ending(), call.meter
        )
        if call.passage is not None:
            call.passage.settle(settled.counted)
        return settled

    async def _break_off(self, call: Call, client: Client, problem: Problem) -> None:
        """End an answer that has begun: a stream by an error event, anything else by a cut connection."""
        if call.content_type.startswith(EVENTS) and call.meter.ends_with(b"\n\n"):
            await client.finish(write_event(problem, call.dialect, issuer=self._options.issuer))
        else:
            client.cut()

    def _stamp(self, call: Call) -> RawHeaders:
        headers = stamp(call.request_id)
        if call.passage is not None:
            headers += standing_headers(call.passage)
        if call.speaks_dpop:
            headers.append((b"dpop-nonce", self._callers.nonce().encode()))
        return headers


def _end_with_early_answer(client: Client, headers: RawHeaders) -> None:
    """Let an answer that came before the end of the request be the connection's last: it cannot serve another call."""
    if not client.is_whole:
        headers.append((b"connection", b"close"))


def _is_small(answer: Answer) -> bool:
    """Tell whether it is JSON of a length that fits in one piece: then its cost can stand in its head."""
    length = answer.header(b"content-length")
    return answer.media_type.endswith(b"json") and length.isdigit() and int(length) <= PIECE_BYTES


async def _rest(answer: Answer, beginning: bytes) -> bytes:
    pieces = [beginning]
    while piece := await answer.read():
        pieces.append(piece)
    return b"".join(pieces)
