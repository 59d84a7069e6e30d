"""Reading the model and the number of tokens out of bodies, whole ones and cut ones."""

import json
import re
from collections.abc import Iterator
from typing import Any

from oauth_app.relay.quantities import Tokens
from oauth_app.relay.wishes import clean_model

#: A number above this is no count of tokens; the column would not hold it.
_MOST_TOKENS = 1 << 53
_DECODER = json.JSONDecoder()
_USAGE = re.compile(r'"usage"\s*:\s*(?=\{)')
#: With ``include_usage`` every event of OpenAI's has the key, and all but the last say null.
_USAGE_BYTES = re.compile(rb'"usage"\s*:\s*\{')
#: A key or a string, a bracket, or another value. A string that is cut runs to the end: looking for its
#: quote again from each quote inside of it would take minutes.
_JSON_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*+(?:"(\s*:)?|\\?\Z)|[{}\[\]]|[^\s,:"{}\[\]]+', re.DOTALL)
_MULTIPART_MODEL = re.compile(rb'name="model"\r\n\r\n([^\r\n]{1,128})\r\n')
_FORM_MODEL = re.compile(rb"(?:^|&)model=([A-Za-z0-9._:-]{1,128})(?=&|$)")


def read_model(head: bytes, *, is_whole: bool, content_type: bytes) -> str | None:
    """Return the model that a request asks for, from the beginning of its body."""
    kind = content_type.partition(b";")[0].strip().lower()
    if kind == b"application/json":
        return clean_model(_json_model(head) if is_whole else _cut_json_model(head))
    pattern = {b"multipart/form-data": _MULTIPART_MODEL, b"application/x-www-form-urlencoded": _FORM_MODEL}.get(kind)
    match = pattern.search(head) if pattern else None
    return clean_model(match[1].decode(errors="replace")) if match else None


def read_json(body: bytes) -> Tokens:
    """Return the tokens told by a whole JSON answer."""
    return _tokens_of(_parsed(body))


def read_cut_json(tail: bytes) -> Tokens:
    """Return the tokens told by the end of a JSON answer: its last ``usage``."""
    text = tail.decode(errors="replace")
    found = Tokens()
    for match in _USAGE.finditer(text):
        try:
            usage, _ = _DECODER.raw_decode(text, match.end())
        except ValueError:
            continue
        found = _read_usage(usage)
    return found


def read_events(content: bytes) -> Tokens:
    """Return the tokens told by the events of a stream, or of a piece of one."""
    found = Tokens()
    for data in _event_data(content):
        if _USAGE_BYTES.search(data):
            told = _tokens_of(_parsed(data))
            # The last event of a response can be longer than the piece that we have of it.
            found = found.then(told if told != Tokens() else read_cut_json(data))
    return found


def _event_data(content: bytes) -> Iterator[bytes]:
    for line in content.splitlines():
        yield line.removeprefix(b"data:")


def _tokens_of(body: Any) -> Tokens:  # noqa: ANN401 - any JSON
    """Find ``usage`` where the vendors put it: on top (both), in ``message`` (Anthropic) or ``response`` (OpenAI)."""
    found = Tokens()
    if isinstance(body, dict):
        for holder in (body, body.get("message"), body.get("response")):
            if isinstance(holder, dict):
                found = found.then(_read_usage(holder.get("usage")))
    return found


def _read_usage(usage: Any) -> Tokens:  # noqa: ANN401 - any JSON
    if not isinstance(usage, dict):
        return Tokens()
    details = usage.get("prompt_tokens_details") or usage.get("input_tokens_details") or {}
    read = _count(usage.get("cache_read_input_tokens")) or 0
    written = _count(usage.get("cache_creation_input_tokens")) or 0
    fresh = _first_count(usage.get("prompt_tokens"), usage.get("input_tokens"))
    return Tokens(
        # OpenAI counts cached tokens as input, Anthropic beside it. We say what the model was given.
        input=None if fresh is None else fresh + read + written,
        output=_first_count(usage.get("completion_tokens"), usage.get("output_tokens")),
        cached=read or (_count(details.get("cached_tokens")) or 0 if isinstance(details, dict) else 0),
    )


def _first_count(*values: object) -> int | None:
    return next((count for count in map(_count, values) if count is not None), None)


def _count(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < _MOST_TOKENS else None


def _parsed(body: bytes) -> Any:  # noqa: ANN401 - any JSON
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def _json_model(body: bytes) -> object:
    parsed = _parsed(body)
    return parsed.get("model") if isinstance(parsed, dict) else None


def _cut_json_model(head: bytes) -> object:
    """Find the top-level ``model`` of an object whose end is missing; one inside of it does not count."""
    depth, is_next = 0, False
    for match in _JSON_TOKEN.finditer(head):
        token = match[0]
        if is_next:
            return _parsed(token)
        depth += (token in (b"{", b"[")) - (token in (b"}", b"]"))
        is_next = depth == 1 and match[1] is not None and token.startswith(b'"model"')
    return None
