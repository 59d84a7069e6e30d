"""The book of prices that counts at present: looked up now and then, and handed to whoever counts by it."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from contextlib import suppress

from oauth_app.relay.prices import PriceBook

_EVERY_S = 60.0
_log = logging.getLogger(__name__)

#: Returns the book if it is another than the last time; may wait for a disk.
FindBook = Callable[[], PriceBook | None]


class Tariff:
    """Keeps the book fresh. A call that runs while it changes is reserved by one book and settled by the next."""

    def __init__(self, book: PriceBook, find: FindBook | None) -> None:
        self.book = book
        self._find = find
        self._followers: Sequence[Callable[[PriceBook], None]] = ()
        self._task: asyncio.Task[None] | None = None

    def start(self, *followers: Callable[[PriceBook], None]) -> None:
        """Begin to look, and tell these of each new book."""
        self._followers = followers
        if self._find is not None:
            self._task = asyncio.create_task(self._look_always(self._find), name="tariff")

    async def stop(self) -> None:
        """End."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def _look_always(self, find: FindBook) -> None:
        while True:
            await asyncio.sleep(_EVERY_S)
            try:
                book = await asyncio.to_thread(find)
            except Exception:  # noqa: BLE001 - the old book is a book
                _log.exception("the book of prices cannot be looked up")
                continue
            if book is not None:
                self.book = book
                for follow in self._followers:
                    follow(book)
