"""A stream whose caller did not ask for its usage tells it to the hub, and the caller does not see it."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oauth_app.relay.request_body import read_body
from oauth_app.relay.usage_filter import UsageFilter
from oauth_app.relay.usage_wish import ADDED_BYTES, Asker, ask, may_ask, must_ask
from oauth_app.relay.wishes import Wish

JSON = b"application/json"
CHAT = "/v1/chat/completions"
STREAM: dict[str, Any] = {"model": "gpt-4o", "messages": [{"role": "user", "content": "}"}], "stream": True}
#: Bodies that are never changed but by spaces.
LEFT_ALONE = [
    b"",
    b"{}",
    b"[]",
    b'{"stream": true',
    b'{"stream": false}',
    b'{"model": "gpt-4o"}',
    b'{"stream": true, "stream_options": {"include_usage": false}}',
    b'{"stream": true, "stream_options": {"include_usage": true}}',
    b'{"stream": true, "stream_options": null}',
    b'{"stream": true, "stream_options": {}}',
    b'{"stream": true}{"stream": true}',
]


def event(body: object, end: bytes = b"\n\n") -> bytes:
    """Write an event."""
    return b"data: " + json.dumps(body).encode() + end


def content(text: str) -> dict[str, Any]:
    """Return a chunk that says something."""
    return {"id": "c", "choices": [{"index": 0, "delta": {"content": text}}], "usage": None}


USAGE = {"id": "c", "choices": [], "usage": {"prompt_tokens": 1, "completion_tokens": 2}}
#: They look like it and are something else.
KEPT = [
    {"id": "c", "choices": [], "usage": None, "prompt_filter_results": [{"prompt_index": 0}]},
    {"id": "c", "choices": [], "usage": {}},
    content('"choices":[],"usage":{"prompt_tokens":1}'),
    {"choices": [{"delta": {"content": "", "tools": {"choices": [], "usage": {"a": 1}}}}]},
    {"id": "c", "choices": [{"delta": {}, "finish_reason": "stop"}], "usage": {"prompt_tokens": 1}},
]


def passed(pieces: list[bytes]) -> bytes:
    """Send pieces through a filter."""
    events = UsageFilter()
    return b"".join(events.clean(piece) for piece in pieces) + events.rest()


@pytest.mark.parametrize("end", [b"\n\n", b"\r\n\r\n"])
def test_one_event_is_missing_wherever_the_stream_is_cut(end: bytes) -> None:
    """Cut at each byte, and once into single bytes, a stream comes out as if the usage had not been asked for."""
    before = b"".join(event(body, end) for body in [content("Hi"), *KEPT])
    after = b"data: [DONE]" + end
    whole, expected = before + event(USAGE, end) + after, before + after
    for cut in range(len(whole) + 1):
        assert passed([whole[:cut], whole[cut:]]) == expected, cut
    assert passed([whole[at : at + 1] for at in range(len(whole))]) == expected


@given(
    st.lists(st.sampled_from([content("a"), content("b" * 300), *KEPT, USAGE]), max_size=12),
    st.lists(st.integers(min_value=1, max_value=700), min_size=1, max_size=50),
)
def test_no_cut_changes_what_passes(bodies: list[dict[str, Any]], sizes: list[int]) -> None:
    """Whatever the order of events and the sizes of pieces, all pass but the usage alone."""
    whole = b"".join(event(body) for body in bodies)
    pieces, at = [], 0
    while at < len(whole):
        size = sizes[len(pieces) % len(sizes)]
        pieces.append(whole[at : at + size])
        at += size
    assert passed(pieces) == b"".join(event(body) for body in bodies if body is not USAGE)


def test_no_event_waits_for_the_next() -> None:
    """A complete event leaves at once, also one that comes in two pieces."""
    events = UsageFilter()
    whole = event(content("Hi"))
    assert events.clean(whole) == whole
    assert events.clean(whole[:20]) == b""
    assert events.clean(whole[20:]) == whole
    assert events.clean(whole + whole[:20]) == whole
    assert events.rest() == whole[:20]


def test_an_endless_event_is_not_held() -> None:
    """Of a long event at most 64 KB and a piece are held, and the one behind it is still found."""
    events, size, out = UsageFilter(), 10_000, b""
    long = event(content("x" * 1_000_000))
    whole = long + event(USAGE) + b"data: [DONE]\n\n"
    for at in range(0, len(whole), size):
        out += events.clean(whole[at : at + size])
        assert at + size - len(out) <= 65_536 + size + len(event(USAGE))
    assert out + events.rest() == long + b"data: [DONE]\n\n"


def test_a_long_event_may_end_anywhere() -> None:
    """The end of an event that is too long to be held may be cut in two."""
    long = event(content("x" * 100_000))
    for cut in range(len(long) - 4, len(long) + 3):
        whole = long + event(USAGE)
        assert passed([whole[:70_000], whole[70_000:cut], whole[cut:]]) == long


@given(st.lists(st.binary(max_size=50), max_size=20))
def test_what_is_no_stream_passes_as_it_is(pieces: list[bytes]) -> None:
    """The filter adds nothing and loses nothing."""
    assert passed(pieces) == b"".join(pieces)


def wish_of(body: bytes) -> Wish:
    """Return what a JSON body asks for."""
    return read_body(JSON, body)


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("space", [b"", b"\n", b" \r\n\t" * 50])
def test_the_usage_is_asked_for(indent: int | None, space: bytes) -> None:
    """A body that does not ask for the usage of its stream asks for it, and for everything else as before."""
    body = json.dumps(STREAM, indent=indent).encode() + space
    asked = ask(body, wish_of(body))
    assert json.loads(asked) == STREAM | {"stream_options": {"include_usage": True}}
    assert len(asked) == len(body) + ADDED_BYTES


@pytest.mark.parametrize("body", LEFT_ALONE)
def test_other_bodies_stay_as_they_are(body: bytes) -> None:
    """Who says anything about it, who wants no stream and who is not understood is not corrected."""
    assert not must_ask(wish_of(body))
    assert ask(body, wish_of(body)) == body


@pytest.mark.parametrize(
    "body", [json.dumps(STREAM).encode(), json.dumps(STREAM, indent=1).encode() + b"\n\n", *LEFT_ALONE]
)
@pytest.mark.parametrize("size", [1, 2, 7, 1000])
def test_a_body_in_pieces_grows_by_a_known_number(body: bytes, size: int) -> None:
    """However it is cut, it is as long as was announced, means the same, and is incomplete until its wish is known."""
    asker, wish = Asker(), wish_of(body)
    sent = b"".join(asker.feed(body[at : at + size]) for at in range(0, len(body), size))
    assert not body or len(sent) < len(body.rstrip()), "a body without its end cannot be executed"
    whole = sent + asker.finish(wish)
    assert len(whole) == len(body) + ADDED_BYTES
    assert whole.strip() == (ask(body, wish) if must_ask(wish) else body).strip()


def test_endless_space_is_not_held() -> None:
    """A body may end in a megabyte of spaces; its usage is then not asked for."""
    asker, body = Asker(), json.dumps(STREAM).encode()
    sent = asker.feed(body)
    for _ in range(100):
        sent += asker.feed(b" " * 10_000)
    whole = sent + asker.finish(wish_of(body))
    assert whole == body + b" " * (1_000_000 + ADDED_BYTES)


@pytest.mark.parametrize(
    ("path", "kind", "encoding", "expected"),
    [
        (CHAT, JSON, b"", True),
        (CHAT, b"application/json; charset=utf-8", b"identity", True),
        ("/v1/completions", JSON, b"", True),
        ("/api/v1/ai/openai/cc-omg/v1/chat/completions", JSON, b"", True),
        ("/v1/responses", JSON, b"", False),
        ("/v1/messages", JSON, b"", False),
        ("/v1/embeddings", JSON, b"", False),
        (CHAT, b"multipart/form-data", b"", False),
        (CHAT, JSON, b"gzip", False),
    ],
)
def test_only_openais_older_streams_are_asked(path: str, kind: bytes, encoding: bytes, expected: bool) -> None:  # noqa: FBT001
    """Everybody else tells the usage unasked, or would not know the word."""
    assert may_ask(path, kind, encoding) is expected
