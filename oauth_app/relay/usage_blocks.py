"""Reading the usage that an answer tells, out of bodies and events, whole ones and cut ones."""

import json
import re
from collections.abc import Iterator
from typing import Annotated, Any, TypeVar

import msgspec

from oauth_app.relay.quantities import NOTHING_USED, Tokens

#: A number above this is no count of tokens; the column would not hold it.
_MOST_TOKENS = 1 << 53
_JSON = json.JSONDecoder()
_USAGE = re.compile(r'"usage"\s*:\s*(?=\{)')
#: With ``include_usage`` every event of OpenAI's has the key, and all but the last say null.
_USAGE_BYTES = re.compile(rb'"usage"\s*:\s*\{')


_S = TypeVar("_S", bound=msgspec.Struct)
_Count = Annotated[int, msgspec.Meta(ge=0, lt=_MOST_TOKENS)] | None


class _Details(msgspec.Struct):
    """What tokens of one side were."""

    cached_tokens: _Count = None
    cache_write_tokens: _Count = None
    audio_tokens: _Count = None
    image_tokens: _Count = None
    cached_tokens_details: "_Details | None" = None


class _Usage(msgspec.Struct):
    """In every vendor's spelling; OpenAI has three for the same details."""

    prompt_tokens: _Count = None
    completion_tokens: _Count = None
    input_tokens: _Count = None
    output_tokens: _Count = None
    cache_read_input_tokens: _Count = None
    cache_creation_input_tokens: _Count = None
    prompt_cache_hit_tokens: _Count = None
    seconds: int | float | None = None
    prompt_tokens_details: _Details | None = None
    input_tokens_details: _Details | None = None
    input_token_details: _Details | None = None
    completion_tokens_details: _Details | None = None
    output_tokens_details: _Details | None = None
    output_token_details: _Details | None = None


class _Holder(msgspec.Struct):
    usage: _Usage | None = None


class _Body(msgspec.Struct):
    """Where the vendors put it: on top (both), in ``message`` (Anthropic) or ``response`` (OpenAI)."""

    type: Any = None
    usage: _Usage | None = None
    message: _Holder | None = None
    response: _Holder | None = None
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
        if (fitting := _as_far_as_it_fits(_Usage, usage)) is not None:
            found = _read_usage(fitting)
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
    found = NOTHING_USED if body.usage is None else _read_usage(body.usage)
    for holder in (body.message, body.response):
        if holder is not None and holder.usage is not None:
            found = found.then(_read_usage(holder.usage))
    return found


def _read_usage(usage: _Usage) -> Tokens:
    taken = usage.prompt_tokens_details or usage.input_tokens_details or usage.input_token_details
    given = usage.completion_tokens_details or usage.output_tokens_details or usage.output_token_details
    read, written = usage.cache_read_input_tokens, usage.cache_creation_input_tokens
    if taken is not None and written is None:
        written = taken.cache_write_tokens
    total = usage.prompt_tokens
    if total is None and usage.input_tokens is not None:
        # OpenAI counts cached tokens as input, Anthropic beside it. We say what the model was given.
        total = usage.input_tokens if taken else usage.input_tokens + (read or 0) + (written or 0)
    cached = read or (taken and taken.cached_tokens) or usage.prompt_cache_hit_tokens
    return Tokens(
        input=total,
        output=usage.output_tokens if usage.completion_tokens is None else usage.completion_tokens,
        cached=cached or 0,
        written=written or 0,
        heard=0 if taken is None else _heard(taken),
        spoken=0 if given is None else given.audio_tokens or 0,
        seconds=None if usage.seconds is None else _whole_seconds(usage.seconds),
    )


def _heard(taken: _Details) -> int:
    """Return the tokens of sound and pictures among the input that did not come from a cache."""
    cached = taken.cached_tokens_details
    heard = (taken.audio_tokens or 0) + (taken.image_tokens or 0)
    return max(heard - (0 if cached is None else cached.audio_tokens or 0), 0)


def _whole_seconds(value: float) -> int | None:
    """Return seconds rounded up; OpenAI writes them as a decimal."""
    return -int(-value // 1) if 0 <= value < _MOST_TOKENS else None


def _parsed(body: bytes) -> _Body | None:
    try:
        return _DECODER.decode(body)
    except msgspec.ValidationError:  # it may be JSON with something odd in it
        return _as_far_as_it_fits(_Body, _any_json(body))
    except (ValueError, RecursionError):
        return None


def _any_json(body: bytes) -> Any:  # noqa: ANN401 - any JSON
    try:
        return msgspec.json.decode(body)
    except (ValueError, RecursionError):
        return None


def _as_far_as_it_fits(shape: type[_S], value: Any) -> _S | None:  # noqa: ANN401 - any JSON
    """Return what a part of an answer tells that has something odd in it; None if it is no object."""
    if not isinstance(value, dict):
        return None
    fitting = {}
    for field in msgspec.structs.fields(shape):
        inner = _INNER.get(field.name)
        found = value.get(field.name)
        try:
            told = msgspec.convert(found, field.type) if inner is None else _as_far_as_it_fits(inner, found)
        except msgspec.ValidationError:
            continue
        fitting[field.name] = told
    return shape(**fitting)


_INNER: dict[str, type[msgspec.Struct]] = {
    "usage": _Usage,
    "message": _Holder,
    "response": _Holder,
    **{name: _Details for name in _Usage.__struct_fields__ if name.endswith("_details")},
    "cached_tokens_details": _Details,
}
