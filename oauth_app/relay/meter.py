"""Watches bytes pass, and tells afterwards what they cost. It holds a beginning and an end, never the whole."""

from oauth_app.relay.media_types import EVENTS, media_type
from oauth_app.relay.quantities import NOTHING_USED, Tokens
from oauth_app.relay.said import said_in_json, sample, tokens_of
from oauth_app.relay.usage_blocks import is_refusal, read_cut_json, read_events, read_json

#: Anthropic tells the input in the first event of a stream.
_HEAD_BYTES = 4096
#: Everybody tells the output in the last one.
_TAIL_BYTES = 8192


class Meter:
    """Counts the bytes of one answer, and reads the usage block from its beginning and its end."""

    __slots__ = ("_head", "_only", "_tail", "bytes")

    def __init__(self) -> None:
        self.bytes = 0
        #: The first piece, until there is a second: most answers have no more.
        self._only = b""
        self._head = b""
        self._tail = bytearray()

    def feed(self, chunk: bytes) -> None:
        """See a piece of the answer pass."""
        if not self.bytes:
            self._only = chunk
            self.bytes = len(chunk)
            return
        if self._only:
            self._keep(self._only)
            self._only = b""
        self.bytes += len(chunk)
        self._keep(chunk)

    def _keep(self, chunk: bytes) -> None:
        if missing := _HEAD_BYTES - len(self._head):
            self._head += chunk[:missing]
            chunk = chunk[missing:]
        self._tail += chunk if len(chunk) <= _TAIL_BYTES else chunk[-_TAIL_BYTES:]
        if len(self._tail) > 2 * _TAIL_BYTES:
            del self._tail[:-_TAIL_BYTES]

    def ends_with(self, end: bytes) -> bool:
        """Tell whether the bytes that have passed end so."""
        return (self._tail if (whole := self._whole()) is None else whole).endswith(end)

    def read(self, content_type: bytes) -> Tokens:
        """Return what the answer told about tokens; nothing, for kinds that tell nothing."""
        return self.read_final(content_type)[0]

    def read_final(self, content_type: bytes) -> tuple[Tokens, bool]:
        """Return what the answer told, and whether that is all it has to tell."""
        kind = media_type(content_type)
        if kind == EVENTS:
            return self._read_stream()
        told = self._read_json() if kind.endswith(b"json") else NOTHING_USED
        return told, told.is_known

    def estimate_output(self, content_type: bytes) -> int:
        """Return how many tokens were probably said in what has passed, from words and not from a usage block."""
        kind = media_type(content_type)
        if kind == EVENTS:
            return self._estimate_stream()
        if not kind.endswith(b"json"):
            return 0
        return tokens_of(self.bytes if (whole := self._whole()) is None else said_in_json(whole))

    def tells_refusal(self, content_type: bytes) -> bool:
        """Tell whether the answer is a refusal in an envelope that says otherwise on the outside."""
        whole = self._whole()
        return whole is not None and is_refusal(whole) and media_type(content_type).endswith(b"json")

    @property
    def held_bytes(self) -> int:
        """How much is in memory."""
        return len(self._only) + len(self._head) + len(self._tail)

    def _whole(self) -> bytes | None:
        """Return all that has passed, if that is still held."""
        if self._only:
            return self._only
        return self._head + self._tail if self.bytes == self.held_bytes else None

    def _read_stream(self) -> tuple[Tokens, bool]:
        if (whole := self._whole()) is not None:
            return read_events(whole)
        first, _ = read_events(self._head)
        last, is_final = read_events(bytes(self._tail))
        return first.then(last), is_final

    def _estimate_stream(self) -> int:
        """Return the tokens of the words that are held; what lies between is taken to have as many in each byte."""
        if (whole := self._whole()) is not None:
            return tokens_of(sample(whole).said_bytes)
        first, last = sample(self._head), sample(bytes(self._tail))
        stream_bytes, said_bytes = (one + other for one, other in zip(first, last, strict=True))
        between = self.bytes - self.held_bytes
        return tokens_of(said_bytes + between * said_bytes // max(stream_bytes, 1))

    def _read_json(self) -> Tokens:
        return read_cut_json(bytes(self._tail)) if (whole := self._whole()) is None else read_json(whole)
