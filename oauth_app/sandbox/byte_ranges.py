"""HTTP ranges (RFC 9110, section 14): which bytes of a file a request asks for."""

import re
from dataclasses import dataclass
from typing import Final

_RANGE: Final = re.compile(r"bytes=([0-9]{0,18})-([0-9]{0,18})", re.ASCII | re.IGNORECASE)


class UnsatisfiableRangeError(ValueError):
    """The range begins behind the end of the file."""


@dataclass(frozen=True, kw_only=True)
class Span:
    """Some bytes of a file that has `size` of them."""

    first: int
    length: int
    size: int

    @property
    def content_range(self) -> str:
        """The value of the Content-Range header."""
        return f"bytes {self.first}-{self.first + self.length - 1}/{self.size}"


def parse(header: str, size: int) -> Span | None:
    """Return the bytes that a Range header asks for.

    None means the whole file: there is no header, it is malformed, or it names several ranges,
    which a server may ignore.

    Raises:
        UnsatisfiableRangeError: no byte of the file is in the range.
    """
    match = _RANGE.fullmatch(header.strip())
    if match is None or match[1] == match[2] == "":
        return None
    if match[1]:
        first, last = int(match[1]), min(int(match[2] or size), size - 1)
        if match[2] and int(match[2]) < first:
            return None
    else:
        first, last = max(size - int(match[2]), 0), size - 1
    if first > last:
        raise UnsatisfiableRangeError(header)
    return Span(first=first, length=last - first + 1, size=size)
