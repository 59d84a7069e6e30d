"""Notices, in passing, that a body names more than it contains: pictures, files, pages, what was said before.

Its length is then no measure of what the model will read. Words in quotes are counted wherever they stand,
so this may see too much, never too little: quotes inside of a text are escaped, and do not match.
"""

import re
from typing import NamedTuple

#: How any of the words below begins; most bodies have none, and one search is quicker than eleven.
_SUSPECT = re.compile(rb'"(?:image|file_|document"|mcp"|web_|code_|computer)')
_PICTURES = (b'"image_url"', b'"image"')
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
#: One byte less than the longest word.
_OVERLAP = max(map(len, _OPEN)) - 1


class References(NamedTuple):
    """What was noticed."""

    pictures: int = 0
    is_open: bool = False


NO_REFERENCES = References()


def find_references(content: bytes) -> References:
    """Return what a body, or a piece of one, refers to."""
    pictures, is_open = 0, False
    if _SUSPECT.search(content):
        pictures = content.count(_PICTURES[0]) + content.count(_PICTURES[1])
        is_open = any(word in content for word in _OPEN)
    if b"\\" in content and _DISGUISE in content:
        is_open = is_open or _DISGUISED_LETTER.search(content) is not None
    return References(pictures, is_open)


class ReferenceFinder:
    """Notices references in a body that comes in pieces."""

    def __init__(self) -> None:
        self.found = References()
        self._end = b""

    def feed(self, piece: bytes) -> None:
        """See a piece pass. A word that ends in what was seen before is counted twice, which does no harm."""
        seen = find_references(self._end + piece)
        self.found = References(self.found.pictures + seen.pictures, self.found.is_open or seen.is_open)
        self._end = (self._end + piece)[-_OVERLAP:]
