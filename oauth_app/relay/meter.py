"""Watches bytes pass, and tells afterwards what they cost. It holds a beginning and an end, never the whole."""

from oauth_app.relay.quantities import Tokens
from oauth_app.relay.usage_blocks import read_cut_json, read_events, read_json

#: Anthropic tells the input in the first event of a stream.
_HEAD_BYTES = 4096
#: Everybody tells the output in the last one.
_TAIL_BYTES = 8192


class Meter:
    """Counts the bytes of one answer, and reads the usage block from its beginning and its end."""

    def __init__(self) -> None:
        self.bytes = 0
        self._head = b""
        self._tail = bytearray()

    def feed(self, chunk: bytes) -> None:
        """See a piece of the answer pass."""
        self.bytes += len(chunk)
        if missing := _HEAD_BYTES - len(self._head):
            self._head += chunk[:missing]
            chunk = chunk[missing:]
        self._tail += chunk[-_TAIL_BYTES:]
        if len(self._tail) > 2 * _TAIL_BYTES:
            del self._tail[:-_TAIL_BYTES]

    def ends_with(self, end: bytes) -> bool:
        """Tell whether the bytes that have passed end so."""
        return (self._head + self._tail if self._is_whole else self._tail).endswith(end)

    def read(self, content_type: bytes) -> Tokens:
        """Return what the answer told about tokens; nothing, for kinds that tell nothing."""
        kind = content_type.partition(b";")[0].strip().lower()
        if kind == b"text/event-stream":
            return self._read_stream()
        return self._read_json() if kind.endswith(b"json") else Tokens()

    @property
    def held_bytes(self) -> int:
        """How much is in memory."""
        return len(self._head) + len(self._tail)

    @property
    def _is_whole(self) -> bool:
        return self.bytes == self.held_bytes

    def _read_stream(self) -> Tokens:
        if self._is_whole:
            return read_events(self._head + self._tail)
        return read_events(self._head).then(read_events(bytes(self._tail)))

    def _read_json(self) -> Tokens:
        return read_json(self._head + self._tail) if self._is_whole else read_cut_json(bytes(self._tail))
