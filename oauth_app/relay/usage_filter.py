"""Takes out of a stream of events the one that only its usage stands in, for a caller who did not ask for it."""

import re
from typing import Any

import msgspec

#: A longer event is not the one that is looked for, and is not held until it is complete.
_HELD_BYTES = 65_536
_END_BYTES = 3
_EVENT_END = re.compile(rb"\r\n\r\n|\n\n|\r\r")
#: In a text these quotes would be escaped.
_NO_CHOICES = re.compile(rb'"choices"\s*:\s*\[\s*\]')
_DATA = re.compile(rb"^data: ?(.*)$", re.MULTILINE)


class _Event(msgspec.Struct):
    choices: list[Any] | None = None
    usage: dict[str, Any] | None = None


_DECODER = msgspec.json.Decoder(_Event)


class UsageFilter:
    """Passes complete events on as they come; of one that is cut, the beginning waits for its end."""

    def __init__(self) -> None:
        self._held = b""
        #: An event is on its way that is too long to be held.
        self._is_within = False

    def clean(self, chunk: bytes) -> bytes:
        """Return what may pass of the bytes so far."""
        if not self._held and not self._is_within and chunk.endswith(b"\n\n") and not _NO_CHOICES.search(chunk):
            return chunk  # the usual case: whole events, none of which is the one
        content = self._held + chunk if self._held else chunk
        complete = _complete_bytes(content)
        head, self._held = content[:complete], content[complete:]
        passing = self._without_usage(head)
        if self._is_within or len(self._held) > _HELD_BYTES:
            # The last bytes may be the first ones of the event's end.
            passing, self._held, self._is_within = passing + self._held[:-_END_BYTES], self._held[-_END_BYTES:], True
        return passing

    def rest(self) -> bytes:
        """Return what was held back at the end of the answer: an event that was cut."""
        held, self._held = self._held, b""
        return held

    def _without_usage(self, events: bytes) -> bytes:
        if not events:
            return events
        is_within, self._is_within = self._is_within, False
        if not _NO_CHOICES.search(events):
            return events
        pieces, begin = [], 0
        for match in _EVENT_END.finditer(events):
            event = events[begin : match.end()]
            begin = match.end()
            if is_within or not _is_usage_alone(event):
                pieces.append(event)
            is_within = False
        return b"".join(pieces)


def _complete_bytes(content: bytes) -> int:
    """Return how many bytes there are up to the end of the last complete event."""
    if content.endswith(b"\n\n"):
        return len(content)
    return max(_end_of(content, mark) for mark in (b"\n\n", b"\r\n\r\n", b"\r\r"))


def _end_of(content: bytes, mark: bytes) -> int:
    found = content.rfind(mark)
    return found + len(mark) if found >= 0 else 0


def _is_usage_alone(event: bytes) -> bool:
    if not _NO_CHOICES.search(event):
        return False
    data = b"\n".join(match[1] for match in _DATA.finditer(event.replace(b"\r\n", b"\n").replace(b"\r", b"\n")))
    try:
        told = _DECODER.decode(data)
    except (ValueError, RecursionError):
        return False
    return told.choices == [] and bool(told.usage)
