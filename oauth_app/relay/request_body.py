"""Reads what a request asks for while its body passes, and holds a small piece of it at most.

A body that fits in one piece, the usual case, is decoded at once: a few fields, everything else skipped.
A larger one is scanned as it comes. What two servers might read differently is *not understood*: it has no
model, and no list of allowed models lets it pass.
"""

from typing import Protocol

import msgspec

from oauth_app.relay.form_fields import FormReader, MultipartReader
from oauth_app.relay.json_scanner import JsonScanner
from oauth_app.relay.references import ReferenceFinder, find_references
from oauth_app.relay.wishes import FIELD_NAMES, NOTHING, UNCLEAR, UNDECODED, Fields, Wish, wish_of

#: A JSON body up to here is held and decoded whole.
WHOLE_BYTES = 65_536
_DECODER = msgspec.json.Decoder(Fields)


class _Reader(Protocol):
    def feed(self, piece: bytes) -> None: ...

    def wish(self) -> Wish: ...


class BodyReader:
    """Reads one body: ``feed`` every piece, then ``finish``; the wish is final only then.

    A later field of the same name counts, so nothing is decided before the end. A relay that holds back the
    last piece until it has judged the wish has sent nothing that can be executed.
    """

    def __init__(self, content_type: bytes, content_encoding: bytes = b"") -> None:
        self.wish = NOTHING
        self.is_decided = False
        self.bytes = 0
        kind = content_type.partition(b";")[0].strip().lower()
        self._reader = _reader_of(kind, content_type)
        # Compressed, it says nothing here, and something there.
        self._is_plain = content_encoding.strip().lower() in {b"", b"identity"}

    def feed(self, piece: bytes) -> None:
        """See a piece pass."""
        self.bytes += len(piece)
        if self._is_plain:
            self._reader.feed(piece)

    def finish(self) -> Wish:
        """Return what the whole body asks for."""
        if not self.is_decided and self.bytes:
            self.wish = self._reader.wish() if self._is_plain else UNCLEAR
        self.is_decided = True
        return self.wish


def read_body(content_type: bytes, body: bytes, content_encoding: bytes = b"") -> Wish:
    """Return what a body asks for that is here as a whole."""
    if content_type.startswith(b"application/json") and not content_encoding and 0 < len(body) <= WHOLE_BYTES:
        return read_json(body)
    reader = BodyReader(content_type, content_encoding)
    reader.feed(body)
    return reader.finish()


def _reader_of(kind: bytes, content_type: bytes) -> _Reader:
    if kind == b"multipart/form-data":
        return MultipartReader(content_type)
    if kind == b"application/x-www-form-urlencoded":
        return FormReader()
    # Servers are known to read JSON whatever the header calls it; what is not JSON is not understood.
    return _JsonReader()


class _JsonReader:
    """Holds a small body, and scans what turns out to be a larger one."""

    def __init__(self) -> None:
        self._held = b""
        self._scanner: JsonScanner | None = None
        self._references = ReferenceFinder()

    def feed(self, piece: bytes) -> None:
        if self._scanner is None:
            if len(self._held) + len(piece) <= WHOLE_BYTES:
                self._held = self._held + piece if self._held else piece
                return
            self._scanner = JsonScanner(FIELD_NAMES, UNDECODED)
            piece, self._held = self._held + piece, b""
        self._references.feed(piece)
        self._scanner.feed(piece)

    def wish(self) -> Wish:
        if self._scanner is None:
            return read_json(self._held)
        if not self._scanner.is_complete:
            return UNCLEAR
        return wish_of(Fields(**self._scanner.fields), self._references.found)


def read_json(body: bytes) -> Wish:
    """Return what a whole JSON body asks for."""
    try:
        return wish_of(_DECODER.decode(body), find_references(body))
    except (ValueError, RecursionError):
        return UNCLEAR
