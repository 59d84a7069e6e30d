"""A body that is too long to be here at once goes on as it comes, but for its end.

Its end is held back until it is known what the whole asks for, and that this is allowed and paid for: a request that
has not ended is not executed. With a length the last byte is enough for that; without one, the last chunk is.
"""

import asyncio

from oauth_app.relay.answer import Answer
from oauth_app.relay.client import Client
from oauth_app.relay.errors import LateAnswerError
from oauth_app.relay.exchange import LAST_CHUNK, as_chunk
from oauth_app.relay.request_body import BodyReader
from oauth_app.relay.usage_wish import ADDED_BYTES, Asker
from oauth_app.relay.wishes import Wish


class Upload:
    """One body on its way."""

    def __init__(self, client: Client, reader: BodyReader, *, length: int | None, may_ask: bool) -> None:
        self._client = client
        self._reader = reader
        self._asker = Asker() if may_ask else None
        self._is_chunked = length is None
        self._held = b""
        #: As it is announced to OhMyGPT; None is not known.
        self.length = length + ADDED_BYTES if length is not None and may_ask else length

    async def beginning(self) -> bytes:
        """Wait for something, and return what of it may pass now."""
        return self._pass(await self._client.piece())

    async def middle(self, answer: Answer, *, patience_s: float) -> Wish:
        """Pass on all but the end, and return what the whole asks for.

        Raises:
            IdleClientError: the body stopped coming.
            LateAnswerError: OhMyGPT stopped taking it.
        """
        await _drain(answer, patience_s)
        while piece := await self._client.piece():
            if passing := self._pass(piece):
                self._write(answer, passing)
            await _drain(answer, patience_s)
        return self._reader.finish()

    def end(self, answer: Answer, wish: Wish) -> None:
        """Pass on the end."""
        if last := self._asker.finish(wish) if self._asker else self._held:
            self._write(answer, last)
        if self._is_chunked:
            answer.write(LAST_CHUNK)
        answer.end_request()

    def _pass(self, piece: bytes) -> bytes:
        self._reader.feed(piece)
        if self._asker is not None:
            return self._asker.feed(piece)
        if self._is_chunked or not piece:
            return piece
        passing, self._held = self._held + piece[:-1], piece[-1:]
        return passing

    def _write(self, answer: Answer, content: bytes) -> None:
        answer.write(as_chunk(content) if self._is_chunked else content)


async def _drain(answer: Answer, patience_s: float) -> None:
    """Wait until nothing waits to be taken: the next piece may be all that the hub should hold.

    Raises:
        LateAnswerError: OhMyGPT takes nothing any more.
    """
    try:
        async with asyncio.timeout(patience_s):
            await answer.drain()
    except TimeoutError:
        raise LateAnswerError from None
