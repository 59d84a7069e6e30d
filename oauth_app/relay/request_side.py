"""A request on its way to OhMyGPT: read, judged against what the user allows, paid for, sent."""

import asyncio

from oauth_app.relay.admission import Passage
from oauth_app.relay.answer import Answer
from oauth_app.relay.call import Call
from oauth_app.relay.client import Client
from oauth_app.relay.errors import MalformedTargetError, RelayError, SpendLimitError
from oauth_app.relay.exchange import Exchange, Request
from oauth_app.relay.headers import is_plain_query, strip_tokens
from oauth_app.relay.prices import PriceBook
from oauth_app.relay.request_body import BodyReader, read_body
from oauth_app.relay.upload import Upload
from oauth_app.relay.usage_wish import ask, may_ask, must_ask
from oauth_app.relay.wishes import Wish


class RequestSide:
    """Sends the requests of calls."""

    def __init__(self, exchange: Exchange, prices: PriceBook, *, patience_s: float) -> None:
        self._exchange = exchange
        self._prices = prices
        self._patience_s = patience_s

    def use(self, prices: PriceBook) -> None:
        """Reserve by another book from now on."""
        self._prices = prices

    async def send(self, call: Call, client: Client) -> tuple[Answer, asyncio.Task[None] | None]:
        """Send the request.

        Returns:
            the answer to wait for, and what passes the rest of a long body on, to be cancelled when the call is over.

        Raises:
            BodyTooLargeError: it is announced to be.
            MalformedTargetError: the query is not one.
            RelayError: what the judgement of the body, or the sending, found.
        """
        if not is_plain_query(call.query):
            raise MalformedTargetError
        length = int(call.announced) if call.announced.isdigit() else None
        client.check_length(length)
        if client.is_whole:
            call.answer = answer = await self._send_whole(call, client)
            return answer, None
        upload = self._make_upload(call, client, length)
        request = _request(call, await upload.beginning(), upload.length)
        call.answer = answer = await self._exchange.send(request)
        return answer, asyncio.create_task(self._pump(call, answer, client, upload))

    async def _send_whole(self, call: Call, client: Client) -> Answer:
        body = await client.piece()
        kind, encoding = call.head.content_type, call.head.content_encoding
        if body:
            wish = read_body(kind, body, encoding)
            await self._judge(call, wish, len(body))
            if must_ask(wish) and may_ask(call.path, kind, encoding):
                call.filters_usage = True
                body = ask(body, wish)
        else:
            await self._judge(call, call.wish, 0)
        answer = await self._exchange.send(_request(call, body, len(body)))
        call.was_sent = True
        return answer

    def _make_upload(self, call: Call, client: Client, length: int | None) -> Upload:
        kind, encoding = call.head.content_type, call.head.content_encoding
        call.may_ask = may_ask(call.path, kind, encoding)
        return Upload(client, BodyReader(kind, encoding), length=length, may_ask=call.may_ask)

    async def _pump(self, call: Call, answer: Answer, client: Client, upload: Upload) -> None:
        """Pass the body on; what goes wrong here ends the call."""
        try:
            wish = await upload.middle(answer, patience_s=self._patience_s)
            await self._judge(call, wish, client.bytes_in)
            call.filters_usage = call.may_ask and must_ask(wish)
            call.was_sent = True
            upload.end(answer, wish)
        except RelayError as error:
            if not answer.is_complete:
                client.end(error)

    async def _judge(self, call: Call, wish: Wish, body_bytes: int) -> None:
        call.wish, call.body_bytes = wish, body_bytes
        if call.caller is None:
            return
        if not call.is_reading:
            call.caller.check_model(wish.model, call.group, is_understood=wish.is_understood)
        if call.passage is not None and call.passage.is_capped:
            await self._reserve(call, call.passage)

    async def _reserve(self, call: Call, passage: Passage) -> None:
        ceiling = self._prices.ceiling(call.path, call.wish, call.body_bytes)
        try:
            await passage.reserve(ceiling)
        except SpendLimitError:
            least = self._prices.usual(call.path, call.wish, call.body_bytes)
            if least >= ceiling:
                raise
            await passage.reserve_rest(ceiling, least)


def _request(call: Call, body: bytes, length: int | None) -> Request:
    query = strip_tokens(call.query)
    return Request(
        method=call.method.encode(),
        target=call.raw_path + b"?" + query if query else call.raw_path,
        headers=call.head.lines if call.caller is None else call.head.lines + call.caller.authorization,
        body=body,
        length=length,
        is_streamed=call.wish.is_stream,
    )
