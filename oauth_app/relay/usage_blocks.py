"""Reading the usage that an answer tells, out of bodies and events, whole ones and cut ones."""

import json
import re
from collections.abc import Iterator
from typing import Any

import msgspec

from oauth_app.relay.quantities import NOTHING_USED, Tokens

#: A number above this is no count of tokens; the column would not hold it.
_MOST_TOKENS = 1 << 53
_NO_DETAILS: dict[str, Any] = {}
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
    found = NOTHING_USED
    for match in _USAGE.finditer(text):
        try:
            usage, _ = _JSON.raw_decode(text, match.end())
        except (ValueError, RecursionError):
            continue
        found = _read_usage(usage)
    return found


def read_events(content: bytes) -> tuple[Tokens, bool]:
    """Return the tokens told by the events of a stream, or of a piece of one, and whether they are the last word."""
    found, is_final = NOTHING_USED, False
    for data in _data_with_usage(content):
        body = _parsed(data)
        told = _tokens_of(body)
        # The last event of a response can be longer than the piece that we have of it.
        found = found.then(told if told is not NOTHING_USED and told != NOTHING_USED else read_cut_json(data))
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
    if body is None:
        return NOTHING_USED
    if body.message is None and body.response is None:
        return _read_usage(body.usage)
    found = _read_usage(body.usage)
    for holder in (body.message, body.response):
        if isinstance(holder, dict):
            found = found.then(_read_usage(holder.get("usage")))
    return found


def _read_usage(usage: Any) -> Tokens:  # noqa: ANN401 - any JSON
    if not isinstance(usage, dict):
        return NOTHING_USED
    get = usage.get
    taken = _details(get("prompt_tokens_details") or get("input_tokens_details") or get("input_token_details"))
    given = _details(get("completion_tokens_details") or get("output_tokens_details") or get("output_token_details"))
    read = _count(get("cache_read_input_tokens"))
    written = _either(get("cache_creation_input_tokens"), taken.get("cache_write_tokens"))
    total = _count(get("prompt_tokens"))
    if total is None and (fresh := _count(get("input_tokens"))) is not None:
        # OpenAI counts cached tokens as input, Anthropic beside it. We say what the model was given.
        total = fresh if taken else fresh + (read or 0) + (written or 0)
    cached = read or _either(taken.get("cached_tokens"), get("prompt_cache_hit_tokens"))
    return Tokens(
        input=total,
        output=_either(get("completion_tokens"), get("output_tokens")),
        cached=cached or 0,
        written=written or 0,
        heard=_heard(taken) if taken else 0,
        spoken=(_count(given.get("audio_tokens")) or 0) if given else 0,
        seconds=_whole_seconds(get("seconds")),
    )


def _heard(taken: dict[str, Any]) -> int:
    """Return the tokens of sound and pictures among the input that did not come from a cache."""
    cached_sound = _count(_details(taken.get("cached_tokens_details")).get("audio_tokens")) or 0
    heard = (_count(taken.get("audio_tokens")) or 0) + (_count(taken.get("image_tokens")) or 0)
    return max(heard - cached_sound, 0)


def _details(value: Any) -> dict[str, Any]:  # noqa: ANN401 - any JSON
    return value if isinstance(value, dict) else _NO_DETAILS


def _either(first: object, second: object) -> int | None:
    return _count(second) if (count := _count(first)) is None else count


def _count(value: object) -> int | None:
    return value if type(value) is int and 0 <= value < _MOST_TOKENS else None


def _whole_seconds(value: object) -> int | None:
    """Return seconds rounded up; OpenAI writes them as a decimal."""
    if value is None or isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < _MOST_TOKENS:
        return None
    return -int(-value // 1)


def _parsed(body: bytes) -> _Body | None:
    try:
        return _DECODER.decode(body)
    except (ValueError, RecursionError):
        return None
