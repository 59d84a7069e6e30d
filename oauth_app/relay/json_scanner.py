"""Reads a few fields on top of a JSON object that passes in pieces, and holds none of the rest.

Only the outermost object is taken apart. What is inside of its values is stepped over: strings by the C
library's search, anything else by one pattern that stops at brackets. A body that no parser would take
may be stepped over too, but a body that a parser takes is never read differently from the parser.
"""

import re
from collections.abc import Callable
from typing import Any

import msgspec

#: A longer value is no name and no number, and a longer key is none that anybody looks for.
_HELD_BYTES = 1024
_SPACE = re.compile(rb"[ \t\r\n]*+")
_SPACE_OR_COMMA = re.compile(rb"[ \t\r\n,]*+")
_SCALAR = re.compile(rb"[-+.0-9A-Za-z]*+")
_STRING_REST = re.compile(rb'[^"\\]*+(?:\\.[^"\\]*+)*+', re.DOTALL)
#: Everything between two brackets, whole strings included; it stops before a string that is cut.
_INNER = re.compile(rb'(?:[ \t\r\n,:.+\-0-9a-zA-Z]++|"[^"\\]*+(?:\\.[^"\\]*+)*+")*+', re.DOTALL)
_OPENING, _CLOSING = b"{[", b"}]"

_Step = Callable[[bytes, int], int]


class JsonScanner:
    """Finds the wanted fields of an object, wherever its bytes are cut.

    Args:
        wanted: the names of the fields.
        undecoded: those that are given as they are written, or as much of them as is held.
    """

    def __init__(self, wanted: frozenset[str], undecoded: frozenset[str] = frozenset()) -> None:
        self.fields: dict[str, Any] = {}
        self.has_failed = False
        self._wanted = wanted
        self._undecoded = undecoded
        self._step: _Step = self._before_object
        self._after_string: _Step = self._before_colon
        #: Brackets that are open inside of the value that is stepped over.
        self._depth = 0
        #: The last piece ended in a backslash.
        self._is_escaped = False
        #: The key or the value that is being read; None where it is stepped over.
        self._held: bytearray | None = None
        self._key: str | None = None

    def feed(self, piece: bytes) -> None:
        """See a piece pass."""
        at, end = 0, len(piece)
        while at < end and not self.has_failed:
            at = self._step(piece, at)

    @property
    def is_complete(self) -> bool:
        """Whether one whole object has passed, and nothing else."""
        return not self.has_failed and self._step == self._after_object

    # ------------------------------------------------------------------------------------------ the outermost object

    def _before_object(self, piece: bytes, at: int) -> int:
        return self._expect(piece, _end_of(_SPACE, piece, at), {b"{": self._before_key})

    def _before_key(self, piece: bytes, at: int) -> int:
        at = _end_of(_SPACE_OR_COMMA, piece, at)
        if piece[at : at + 1] == b'"':
            self._held, self._after_string = bytearray(b'"'), self._before_colon
        return self._expect(piece, at, {b'"': self._in_string, b"}": self._after_object})

    def _before_colon(self, piece: bytes, at: int) -> int:
        if self._held is not None:
            key = self._decoded(self._take())
            self._key = key if isinstance(key, str) and key in self._wanted else None
        return self._expect(piece, _end_of(_SPACE, piece, at), {b":": self._before_value})

    def _before_value(self, piece: bytes, at: int) -> int:
        at = _end_of(_SPACE, piece, at)
        first = piece[at : at + 1]
        if not first:
            return at
        self._held = None if self._key is None else bytearray()
        if first != b'"':
            self._step = self._in_container if first in _OPENING else self._in_scalar
            return at
        self._hold(first)
        self._after_string, self._step = self._after_value, self._in_string
        return at + 1

    def _after_value(self, piece: bytes, at: int) -> int:
        if self._key is not None:
            held = self._take()
            is_raw = self._key in self._undecoded
            self.fields[self._key] = msgspec.Raw(held[:_HELD_BYTES]) if is_raw else self._decoded(held)
            self._key = None
        return self._expect(piece, _end_of(_SPACE, piece, at), {b",": self._before_key, b"}": self._after_object})

    def _after_object(self, piece: bytes, at: int) -> int:
        return self._expect(piece, _end_of(_SPACE, piece, at), {})

    def _expect(self, piece: bytes, at: int, steps: dict[bytes, _Step]) -> int:
        """Go on by what stands here; nothing may stand here that no step is for."""
        byte = piece[at : at + 1]
        if byte in steps:
            self._step = steps[byte]
        elif byte:
            self.has_failed = True
        return at + 1

    # ------------------------------------------------------------------------------------------------ inside of values

    def _in_scalar(self, piece: bytes, at: int) -> int:
        end = _end_of(_SCALAR, piece, at)
        self._hold(piece[at:end])
        if end < len(piece):
            self._step = self._after_value
        return end

    def _in_string(self, piece: bytes, at: int) -> int:
        quote = self._find_quote(piece, at + self._is_escaped)
        end = len(piece) if quote < 0 else quote + 1
        self._hold(piece[at:end])
        if quote >= 0:
            self._step = self._after_string
        return end

    def _find_quote(self, piece: bytes, at: int) -> int:
        """Return where the string ends, or -1 if it goes on in the next piece."""
        self._is_escaped = False
        quote = piece.find(b'"', at)
        if piece.find(b"\\", at, len(piece) if quote < 0 else quote) < 0:
            return quote
        end = _end_of(_STRING_REST, piece, at)
        if end == len(piece):
            return -1
        # What the pattern leaves is the quote, or a backslash whose character comes with the next piece.
        self._is_escaped = piece[end : end + 1] == b"\\"
        return -1 if self._is_escaped else end

    def _in_container(self, piece: bytes, at: int) -> int:
        begin, step = at, None
        while step is None and (at := _end_of(_INNER, piece, at)) < len(piece):
            step = self._pass_bracket(piece[at : at + 1])
            at += 1
        self._hold(piece[begin:at])
        self._step = step or self._step
        return at

    def _pass_bracket(self, byte: bytes) -> _Step | None:
        """Return where to go on after a byte that is not between brackets; None inside of them."""
        if byte == b'"':
            self._after_string = self._in_container
            return self._in_string
        if byte in _OPENING:
            self._depth += 1
        elif byte in _CLOSING:
            self._depth -= 1
        else:
            self.has_failed = True
        return None if self._depth else self._after_value

    # ----------------------------------------------------------------------------------------------- what is held of it

    def _hold(self, content: bytes) -> None:
        if self._held is not None and len(self._held) <= _HELD_BYTES:
            self._held += content[: _HELD_BYTES + 1]

    def _take(self) -> bytes:
        held, self._held = bytes(self._held or b""), None
        return held

    def _decoded(self, held: bytes) -> Any:  # noqa: ANN401 - any JSON
        """Return a key or a value; undecoded, if it was too long to be held."""
        if len(held) > _HELD_BYTES:
            return msgspec.Raw(held[:_HELD_BYTES])
        try:
            return msgspec.json.decode(held)
        except (ValueError, RecursionError):
            self.has_failed = True
            return None


def _end_of(pattern: re.Pattern[bytes], piece: bytes, at: int) -> int:
    """Return where a pattern that takes nothing, too, ends."""
    match = pattern.match(piece, at)
    return match.end() if match else at
