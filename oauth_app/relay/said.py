"""Estimates how much a model has said, where the answer was cut before it could tell.

A token of output is taken for four bytes of UTF-8, as everywhere here. Of a stream, only the events count
that add something; those that repeat the whole at the end do not.
"""

from typing import Any, NamedTuple

import msgspec

BYTES_PER_TOKEN = 4
#: Under these keys the vendors put what the model says: words, thoughts, and arguments of tools.
_SAID = frozenset(
    {"content", "text", "completion", "arguments", "partial_json", "thinking", "reasoning_content", "delta", "name"}
)
_DEEPEST = 12


class Sample(NamedTuple):
    """Bytes of a stream, without the events that add nothing, and of what is said in them."""

    stream_bytes: int = 0
    said_bytes: int = 0


def tokens_of(said_bytes: int) -> int:
    """Return the tokens that so many bytes of text are taken for."""
    return -(-said_bytes // BYTES_PER_TOKEN)


def sample(events: bytes) -> Sample:
    """Return how much is said in a piece of a stream, and in how many bytes; what is cut does not count."""
    stream_bytes = said_bytes = 0
    for line in events.splitlines(keepends=True):
        if not line.startswith(b"data:"):
            stream_bytes += len(line)
            continue
        body = _parsed(line[5:])
        if isinstance(body, dict) and _adds(body):
            stream_bytes += len(line)
            said_bytes += _said_bytes(body, _DEEPEST)
    return Sample(stream_bytes, said_bytes)


def said_in_json(body: bytes) -> int:
    """Return how many bytes are said in a whole answer; all of it, if it cannot be read."""
    parsed = _parsed(body)
    return len(body) if parsed is None else _said_bytes(parsed, _DEEPEST)


def _adds(body: dict[str, Any]) -> bool:
    """Tell whether an event adds to what was said; OpenAI's older streams have no types, and each event adds."""
    kind = body.get("type")
    return not isinstance(kind, str) or "delta" in kind or kind == "completion"


def _said_bytes(value: Any, depth: int) -> int:  # noqa: ANN401 - any JSON
    if depth == 0:
        return 0
    if isinstance(value, list):
        return sum(_said_bytes(item, depth - 1) for item in value)
    if not isinstance(value, dict):
        return 0
    return sum(
        len(item.encode(errors="replace")) if isinstance(item, str) and key in _SAID else _said_bytes(item, depth - 1)
        for key, item in value.items()
    )


def _parsed(body: bytes) -> Any:  # noqa: ANN401 - any JSON
    try:
        return msgspec.json.decode(body)
    except (ValueError, RecursionError):
        return None
