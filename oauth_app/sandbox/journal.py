"""The most recent requests, for the developer page."""

from collections import deque
from dataclasses import dataclass
from typing import Final

from starlette.datastructures import Headers

#: Of each body so much is kept.
_LONGEST_BODY_BYTES: Final = 4_000


class Excerpt:
    """The beginning of a body."""

    __slots__ = ("beginning", "length_bytes")

    def __init__(self) -> None:
        self.beginning = b""
        self.length_bytes = 0

    @property
    def is_whole(self) -> bool:
        """Whether nothing was left out."""
        return len(self.beginning) == self.length_bytes

    def add(self, piece: bytes) -> None:
        """Keep a piece, as far as there is room."""
        if self.length_bytes < _LONGEST_BODY_BYTES:
            self.beginning += piece[: _LONGEST_BODY_BYTES - self.length_bytes]
        self.length_bytes += len(piece)


@dataclass(frozen=True, kw_only=True, slots=True)
class Record:
    """One request as it was, secrets included: it must not be shown like that."""

    at_s: int
    method: str
    path: str
    query: bytes
    headers: Headers
    sent: Excerpt
    status: int
    """0 stands for a connection that was dropped."""
    answer_headers: Headers
    received: Excerpt
    duration_ms: int


class Journal:
    """The last hundred requests, newest first."""

    def __init__(self) -> None:
        self._records: deque[Record] = deque(maxlen=100)

    def add(self, record: Record) -> None:
        """Remember a request."""
        self._records.appendleft(record)

    def clear(self) -> None:
        """Forget all requests."""
        self._records.clear()

    def records(self) -> list[Record]:
        """Return the remembered requests, newest first."""
        return list(self._records)
