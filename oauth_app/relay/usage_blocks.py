"""Reading the usage that an answer tells, out of bodies and events, whole ones and cut ones."""

import json
import re
from collections.abc import Iterator
from typing import Any

import msgspec

from oauth_app.relay.quantities import Tokens

#: A number above this is no count of tokens; the column would not hold it.
_MOST_TOKENS = 1 << 53
_JSON = json.JSONDecoder()
_USAGE = re.compile(r'"usage"\s*:\s*(?=\{)')
#: With ``include_usage`` every event of OpenAI's has the key, and all but the last say null.
_USAGE_BYTES = re.compile(rb'"usage"\s*:\s*\{')


class _Body(msgspec.Struct):
    """Where the vendors put it: on top (both), in ``message`` (Anthropic) or ``response`` (OpenAI)."""

    type: Any = None
    usage: Any = None
    message: Any = None
    response: Any = None
    statusCode: Any = None  # noqa: N815 - the wire's spelling


_DECODER = msgspec.json.Decoder(_Body)


def read_json(body: bytes) -> Tokens:
    """Return the tokens told by a whole JSON answer."""
    return _tokens_of(_parsed(body))


def is_refusal(body: bytes) -> bool:
    """Tell whether a JSON answer is the platform's envelope round a refusal."""
    told = _parsed(body) if b'"statusCode"' in body else None
    return told is not None and isinstance(told.statusCode, int) and told.statusCode >= 400


def read_realtime(frame: str) -> Tokens | None:
    """Return the tokens of an answer that a Realtime event ends; None for any other event."""
    told = _parsed(frame.encode()) if "response.done" in frame else None
    return _tokens_of(told) if told is not None and told.type == "response.done" else None


def read_cut_json(tail: bytes) -> Tokens:
    """Return the tokens told by the end of a JSON answer: its last ``usage``."""
    text = tail.decode(errors="replace")
    found = Tokens()
    for match in _USAGE.finditer(text):
        try:
            usage, _ = _JSON.raw_decode(text, match.end())
        except (ValueError, RecursionError):
            continue
        found = _read_usage(usage)
    return found


def read_events(content: bytes) -> tuple[Tokens, bool]:
    """Return the tokens told by the events of a stream, or of a piece of one, and whether they are the last word."""
    found, is_final = Tokens(), False
    for data in _data_with_usage(content):
        body = _parsed(data)
        told = _tokens_of(body)
        # The last event of a response can be longer than the piece that we have of it.
        found = found.then(told if told != Tokens() else read_cut_json(data))
        is_final = is_final or body is None or body.type != "message_start"
    return found, is_final


def _data_with_usage(content: bytes) -> Iterator[bytes]:
    """Yield the lines in which a usage stands, without what SSE puts before them; the others are not looked at."""
    end = 0
    while match := _USAGE_BYTES.search(content, end):
        begin = content.rfind(b"\n", 0, match.start()) + 1
        end = content.find(b"\n", match.end())
        end = len(content) if end < 0 else end
        yield content[begin:end].removeprefix(b"data:")


def _tokens_of(body: _Body | None) -> Tokens:
    found = Tokens()
    if body is not None:
        for usage in (body.usage, _usage_in(body.message), _usage_in(body.response)):
            if usage is not None:
                found = found.then(_read_usage(usage))
    return found


def _usage_in(holder: Any) -> Any:  # noqa: ANN401 - any JSON
    return holder.get("usage") if isinstance(holder, dict) else None


def _read_usage(usage: Any) -> Tokens:  # noqa: ANN401 - any JSON
    if not isinstance(usage, dict):
        return Tokens()
    taken = _details(usage, "prompt_tokens_details", "input_tokens_details", "input_token_details")
    given = _details(usage, "completion_tokens_details", "output_tokens_details", "output_token_details")
    read = _count(usage.get("cache_read_input_tokens")) or 0
    written = _first_count(usage.get("cache_creation_input_tokens"), taken.get("cache_write_tokens")) or 0
    total = _count(usage.get("prompt_tokens"))
    if total is None and (fresh := _count(usage.get("input_tokens"))) is not None:
        # OpenAI counts cached tokens as input, Anthropic beside it. We say what the model was given.
        total = fresh if taken else fresh + read + written
    cached = read or _first_count(taken.get("cached_tokens"), usage.get("prompt_cache_hit_tokens")) or 0
    cached_sound = _count(_details(taken, "cached_tokens_details").get("audio_tokens")) or 0
    heard = (_count(taken.get("audio_tokens")) or 0) + (_count(taken.get("image_tokens")) or 0)
    return Tokens(
        input=total,
        output=_first_count(usage.get("completion_tokens"), usage.get("output_tokens")),
        cached=cached,
        written=written,
        heard=max(heard - cached_sound, 0),
        spoken=_count(given.get("audio_tokens")) or 0,
        seconds=_whole_seconds(usage.get("seconds")),
    )


def _details(usage: dict[str, Any], *names: str) -> dict[str, Any]:
    return next((value for name in names if isinstance(value := usage.get(name), dict)), {})


def _first_count(*values: object) -> int | None:
    return next((count for count in map(_count, values) if count is not None), None)


def _count(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < _MOST_TOKENS else None


def _whole_seconds(value: object) -> int | None:
    """Return seconds rounded up; OpenAI writes them as a decimal."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < _MOST_TOKENS:
        return None
    return -int(-value // 1)


def _parsed(body: bytes) -> _Body | None:
    try:
        return _DECODER.decode(body)
    except (ValueError, RecursionError):
        return None
