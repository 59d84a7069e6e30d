"""Notices, in passing, that a body names more than it contains: pictures, files, pages, what was said before.

Its length is then no measure of what the model will read. Words in quotes are counted wherever they stand,
so this may see too much, never too little: quotes inside of a text are escaped, and do not match.
"""

import re
from typing import NamedTuple

#: How any of the words below begins; most bodies have none, and one search is quicker than a dozen.
_SUSPECT = re.compile(rb'"(?:image|input_|file_|document"|mcp"|web_|code_|computer)')
#: OpenAI says it twice of each picture, once as a type and once as a key; Anthropic once.
_TWICE, _ONCE = (b'"image_url"', b'"input_image"'), b'"image"'
#: Files, and tools with which the vendor reads on by itself.
_OPEN = (
    b'"file_id"',
    b'"file_url"',
    b'"file_search"',
    b'"document"',
    b'"mcp"',
    b'"web_search',
    b'"web_fetch',
    b'"code_interpreter"',
    b'"computer',
)
#: Nobody writes the letters of a key so, but who wants it not to be seen.
_DISGUISE = b"\\u00"
_DISGUISED_LETTER = re.compile(rb"\\u00(?:5[fF]|[67])")
#: A run of so many letters without a space is no text, but a file in Base64.
_FILE_BYTES = 200
_EMBEDDED = re.compile(rb"[A-Za-z0-9+/=_-]{%d,}+" % _FILE_BYTES)
#: One byte less than the longest word.
_OVERLAP = max(map(len, _OPEN)) - 1


class References(NamedTuple):
    """What was noticed."""

    pictures: int = 0
    is_open: bool = False
    #: Of files that are written into the body; an estimate, and too small rather than too large.
    embedded_bytes: int = 0

    def plus(self, other: "References") -> "References":
        """Return both together."""
        return References(
            self.pictures + other.pictures,
            self.is_open or other.is_open,
            self.embedded_bytes + other.embedded_bytes,
        )


NO_REFERENCES = References()


def find_references(content: bytes) -> References:
    """Return what a body, or a piece of one, refers to."""
    found = _named(content) if _SUSPECT.search(content) else NO_REFERENCES
    if b"\\" in content and _DISGUISE in content and _DISGUISED_LETTER.search(content):
        return found._replace(is_open=True)
    return found


class ReferenceFinder:
    """Notices references in a body that comes in pieces."""

    def __init__(self) -> None:
        self.found = NO_REFERENCES
        self._end = b""

    def feed(self, piece: bytes) -> None:
        """See a piece pass. A word that ends in what was seen before is counted twice, which does no harm."""
        run = piece.find(b'"')
        run = len(piece) if run < 0 else run
        if run >= _FILE_BYTES and b" " not in piece[:run]:
            self.found = self.found.plus(References(embedded_bytes=run))
            piece = piece[run:]
        self.found = self.found.plus(find_references(self._end + piece))
        self._end = (self._end + piece)[-_OVERLAP:]


def _named(content: bytes) -> References:
    return References(
        pictures=-(-sum(map(content.count, _TWICE)) // 2) + content.count(_ONCE),
        is_open=any(word in content for word in _OPEN),
        embedded_bytes=sum(len(match[0]) for match in _EMBEDDED.finditer(content)),
    )
