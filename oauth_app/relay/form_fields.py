"""Reads a few fields of a form that passes in pieces: their names and values, files not at all."""

from typing import Any
from urllib.parse import unquote_plus

import msgspec
from python_multipart import MultipartParser
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import parse_options_header

from oauth_app.relay.references import NO_REFERENCES, References
from oauth_app.relay.wishes import FIELD_NAMES, UNCLEAR, UNDECODED, Fields, Wish, wish_of

#: A longer field is no name and no number.
_HELD_BYTES = 1024
#: RFC 2046 5.1.1.
_BOUNDARY_BYTES = 70


class _FieldBag:
    """What was found. A field that comes twice with two values is read differently by different servers."""

    def __init__(self) -> None:
        self._found: dict[str, Any] = {}
        self.is_clear = True

    def put(self, name: str, value: str | None) -> None:
        """Keep a wanted field; None for a value that is too long, or a file."""
        plain = name.partition("[")[0]
        if plain not in FIELD_NAMES:
            return
        if plain != name or self._found.get(name, value) != value or (name == "model" and value is None):
            self.is_clear = False
        self._found[name] = value

    def wish(self, references: References = NO_REFERENCES) -> Wish:
        """Return what the fields ask for."""
        if not self.is_clear:
            return UNCLEAR
        written = {name: msgspec.Raw(msgspec.json.encode(self._found[name])) for name in UNDECODED & set(self._found)}
        return wish_of(Fields(**(self._found | written)), references)


class FormReader:
    """Reads ``application/x-www-form-urlencoded``."""

    def __init__(self) -> None:
        self._bag = _FieldBag()
        self._held = bytearray()
        self._is_first = True

    def feed(self, piece: bytes) -> None:
        """See a piece pass."""
        if self._is_first and piece:
            # Some servers read JSON whatever it is called, others a form with one odd name.
            self._bag.is_clear = piece.lstrip()[:1] not in {b"{", b"["}
            self._is_first = False
        begin = 0
        while (end := piece.find(b"&", begin)) >= 0:
            self._hold(piece[begin:end])
            self._flush()
            begin = end + 1
        self._hold(piece[begin:])

    def wish(self) -> Wish:
        """Return what the form asks for."""
        self._flush()
        return self._bag.wish()

    def _hold(self, content: bytes) -> None:
        if len(self._held) <= _HELD_BYTES:
            self._held += content[: _HELD_BYTES + 1]

    def _flush(self) -> None:
        name, _, value = bytes(self._held).partition(b"=")
        is_whole = len(self._held) <= _HELD_BYTES
        self._bag.put(_decoded(name), _decoded(value) if is_whole else None)
        self._held.clear()


class MultipartReader:
    """Reads ``multipart/form-data``; the parts may stand in any order, and a file may be of any size."""

    def __init__(self, content_type: bytes) -> None:
        self._bag = _FieldBag()
        self._header, self._header_value, self._held = bytearray(), bytearray(), bytearray()
        self._name: str | None = None
        self._is_file = False
        self._has_ended = False
        self._files = 0
        self._parser = self._make_parser(content_type)

    def _make_parser(self, content_type: bytes) -> MultipartParser | None:
        boundary = parse_options_header(content_type)[1].get(b"boundary")
        if not boundary or len(boundary) > _BOUNDARY_BYTES:
            return None
        return MultipartParser(
            boundary,
            {
                "on_part_begin": self._begin_part,
                "on_header_field": lambda data, begin, end: self._hold(self._header, data[begin:end]),
                "on_header_value": lambda data, begin, end: self._hold(self._header_value, data[begin:end]),
                "on_header_end": self._end_header,
                "on_part_data": self._part_data,
                "on_part_end": self._end_part,
                "on_end": self._end,
            },
        )

    def feed(self, piece: bytes) -> None:
        """See a piece pass."""
        try:
            if self._parser is not None:
                self._parser.write(piece)
        except FormParserError:
            self._parser = None

    def wish(self) -> Wish:
        """Return what the form asks for."""
        if self._parser is None or not self._has_ended:
            return UNCLEAR
        return self._bag.wish(References(pictures=self._files))

    def _end(self) -> None:
        self._has_ended = True

    def _begin_part(self) -> None:
        self._name, self._is_file = None, False
        self._held.clear()

    def _part_data(self, data: bytes, begin: int, end: int) -> None:
        if self._name in FIELD_NAMES and not self._is_file:
            self._hold(self._held, data[begin:end])

    def _end_header(self) -> None:
        if self._header.lower() == b"content-disposition":
            options = parse_options_header(bytes(self._header_value))[1]
            self._name = options.get(b"name", b"").decode(errors="replace")
            self._is_file = b"filename" in options
            self._files += self._is_file
        self._header.clear()
        self._header_value.clear()

    def _end_part(self) -> None:
        if self._name is not None:
            is_whole = len(self._held) <= _HELD_BYTES and not self._is_file
            self._bag.put(self._name, self._held.decode(errors="replace") if is_whole else None)

    @staticmethod
    def _hold(held: bytearray, content: bytes) -> None:
        if len(held) <= _HELD_BYTES:
            held += content[: _HELD_BYTES + 1]


def _decoded(word: bytes) -> str:
    return unquote_plus(word.decode(errors="replace"))
