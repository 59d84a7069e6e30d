"""What a request asks for is read while its body passes, by the same rules as the server that will execute it."""

import json
import time
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from oauth_app.relay.json_scanner import JsonScanner
from oauth_app.relay.request_body import WHOLE_BYTES, BodyReader, read_body
from oauth_app.relay.wishes import FIELD_NAMES, UNDECODED, Wish, wish_of_query

JSON = b"application/json"
FORM = b"application/x-www-form-urlencoded"
MULTIPART = b"multipart/form-data; boundary=b"
MODEL = b'{"model": "gpt-4o"}'

_LEAVES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
_KEYS = st.text() | st.sampled_from(["model", "messages", "n", "stream", 'a"b', "\\", "}", "{", "mod\\el"])
_VALUES = st.recursive(
    _LEAVES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_KEYS, inner, max_size=4), max_leaves=12
)
_OBJECTS = st.dictionaries(_KEYS, _VALUES, max_size=8)


def in_pieces(body: bytes, cuts: list[int]) -> list[bytes]:
    """Cut a body at places, each taken modulo its length."""
    places = sorted({cut % (len(body) + 1) for cut in cuts} | {0, len(body)})
    return [body[begin:end] for begin, end in pairwise(places)]


def read_pieces(kind: bytes, pieces: list[bytes]) -> Wish:
    """Read a body that comes in pieces."""
    reader = BodyReader(kind)
    for piece in pieces:
        reader.feed(piece)
        assert not reader.is_decided, "a later field of the same name would count"
    return reader.finish()


def padded(fields: dict[str, Any], *, first: bool = True) -> bytes:
    """Write an object that is too long to be held, with its fields before or behind what is long."""
    long = {"messages": [{"content": [{"text": 'a\\"b' * 30_000, "model": "inner"}, {"model": "inner"}]}]}
    return json.dumps(fields | long if first else long | fields).encode()


@settings(max_examples=300)
@given(_OBJECTS, st.booleans(), st.lists(st.integers(min_value=0), max_size=20))
@example({"model": 'a"\\', "x": {"model": "b"}}, True, list(range(200)))  # noqa: FBT003 - drawn by Hypothesis otherwise
def test_every_cut_reads_what_a_parser_reads(content: dict[str, Any], is_ascii: bool, cuts: list[int]) -> None:  # noqa: FBT001
    """Wherever the bytes of an object are cut, its top level is what ``json.loads`` makes of the whole."""
    wanted = frozenset({"model", "n", "stream", 'a"b'})
    body = json.dumps(content, ensure_ascii=is_ascii).encode(errors="surrogatepass")
    scanner = JsonScanner(wanted)
    for piece in in_pieces(body, cuts):
        scanner.feed(piece)
    parsed = json.loads(body)
    assert scanner.is_complete
    assert scanner.fields == {key: value for key, value in parsed.items() if key in wanted}


@pytest.mark.parametrize("indent", [None, 1])
def test_every_single_cut_is_the_same(indent: int | None) -> None:
    """One body, cut once at each of its bytes, asks for one thing."""
    fields = {"messages": [{"content": 'é "\\" {', "model": "no"}], "model": "gpt-é", "max_tokens": 7, "n": 2}
    body = json.dumps(fields, indent=indent).encode()
    expected = read_body(JSON, body)
    assert (expected.model, expected.output_limit, expected.choices) == ("gpt-é", 7, 2)
    for cut in range(len(body) + 1):
        scanner = JsonScanner(FIELD_NAMES, UNDECODED)
        scanner.feed(body[:cut])
        scanner.feed(body[cut:])
        assert scanner.is_complete, cut
        assert scanner.fields == {"model": "gpt-é", "max_tokens": 7, "n": 2}


@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize("size", [999, 65_536, 1 << 20])
def test_a_long_body_asks_for_what_a_short_one_asks(first: bool, size: int) -> None:  # noqa: FBT001
    """Fields before and behind what is long are found, and nothing inside of it counts."""
    fields = {
        "model": "gpt-4o",
        "max_completion_tokens": 9,
        "n": 3,
        "stream": True,
        "stream_options": {"include_usage": True},
        "size": "1024x1024",
        "quality": "HD",
    }
    body = padded(fields, first=first)
    assert len(body) > WHOLE_BYTES
    wish = read_pieces(JSON, [body[at : at + size] for at in range(0, len(body), size)])
    assert wish == read_body(JSON, json.dumps(fields).encode())
    assert (wish.model, wish.output_limit, wish.choices, wish.quality) == ("gpt-4o", 9, 3, "hd")
    assert wish.is_stream
    assert wish.asks_usage


@pytest.mark.parametrize(
    ("body", "model"),
    [
        (b'{"model": "a", "model": "b"}', "b"),
        (b'{"\\u006dodel": "b", "messages": []}', "b"),
        (b'{"model": "a", "\\u006d\\u006fdel": "b"}', "b"),
        (b'{"messages": [{"model": "no"}], "model": "b"}', "b"),
        (b'{"messages": [{"model": "no"}]}', None),
        (b'{"messages": "{\\"model\\": \\"no\\"}"}', None),
        (b'{"a": "\\\\", "model": "b"}', "b"),
        (b'{"a": "\\\\\\"", "model": "b"}', "b"),
        (b' \r\n\t{"model" : "b" } \n', "b"),
        (b'{"Model": "no"}', None),
        (b'{"model": null}', None),
        (b"{}", None),
    ],
)
@pytest.mark.parametrize("is_long", [True, False])
def test_the_last_model_on_top_is_meant(body: bytes, model: str | None, is_long: bool) -> None:  # noqa: FBT001
    """Of names written twice the last counts, escapes are read, and what is inside of values does not count."""
    wish = read_long(body) if is_long else read_body(JSON, body)
    assert (wish.model, wish.is_understood) == (model, True)


def read_long(body: bytes) -> Wish:
    """Read a body behind so much space that it is not held, byte by byte where it matters."""
    return read_pieces(JSON, [b" " * WHOLE_BYTES, *(body[at : at + 1] for at in range(len(body)))])


@pytest.mark.parametrize(
    "body",
    [
        b"hello",
        b"[]",
        b'"model"',
        b"null",
        b"\xef\xbb\xbf" + MODEL,
        b"\x00" + MODEL,
        MODEL + b"\x00",
        MODEL.decode().encode("utf-16"),
        MODEL.decode().encode("utf-16-le"),
        MODEL.decode().encode("utf-32"),
        MODEL + MODEL,
        MODEL[:-1],
        b"{'model': 'gpt-4o'}",
        b'{model: "gpt-4o"}',
        b'{"model": "gpt-4o", "a": /* */ 1}',
        b'{"model": "gpt-4o"; "a": 1}',
        b'{"model": gpt-4o}',
        b'{"model" "gpt-4o"}',
        b'{"model": 7}',
        b'{"model": ["gpt-4o"]}',
        b'{"model": ""}',
        b'{"model": "a\\u0000b"}',
        b'{"model": "a\nb"}',
        b'{"model": "\\ud800"}',
        b'{"model": "' + b"x" * 129 + b'"}',
        b'{"model": "' + b"x" * 5000 + b'"}',
        b'{"model": "\xff"}',
        b'{"a": ' + b"[" * 5000 + b"]" * 4999 + b', "model": "gpt-4o"}',
    ],
)
@pytest.mark.parametrize("is_long", [True, False])
def test_what_is_unclear_is_not_understood(body: bytes, is_long: bool) -> None:  # noqa: FBT001
    """A body that another server might read differently has no model, and says so."""
    wish = read_long(body) if is_long else read_body(JSON, body)
    assert (wish.model, wish.is_understood) == (None, False)


def test_deep_nesting_is_stepped_over() -> None:
    """A hundred thousand brackets neither break the reader nor keep it busy."""
    body = b'{"a": ' + b"[" * 100_000 + b"]" * 100_000 + b', "model": "gpt-4o"}'
    begun = time.perf_counter()
    assert read_body(JSON, body).model == "gpt-4o"
    assert time.perf_counter() - begun < 1


@pytest.mark.parametrize("text", ['\\"a\\" ' * 200_000, "\\\\" * 500_000, "x" * 1_000_000, "é" * 500_000])
def test_a_long_text_is_read_quickly(text: str) -> None:
    """A long question full of quotes, backslashes or pictures does not keep the process busy."""
    body = b'{"messages": [{"content": "' + text.encode() + b'"}], "model": "gpt-4o"}'
    begun = time.perf_counter()
    wish = read_pieces(JSON, [body[at : at + 65_536] for at in range(0, len(body), 65_536)])
    assert wish.model == "gpt-4o"
    assert time.perf_counter() - begun < 0.5


@pytest.mark.parametrize("kind", [JSON, FORM, MULTIPART, b"audio/wav", b""])
def test_little_is_held(kind: bytes) -> None:
    """Of fifty megabytes less than a tenth of one is held, whatever they are called."""
    reader = BodyReader(kind)
    for begin in (b'{"a": "', b"x" * 65_536):
        reader.feed(begin)
    import tracemalloc  # noqa: PLC0415 - slow while it is on

    tracemalloc.start()
    for _ in range(800):
        reader.feed(b"x" * 65_536)
    held = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert held < 100_000
    assert not reader.finish().is_understood or kind == FORM


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"max_tokens": 5, "max_completion_tokens": 9}, {"output_limit": 9}),
        ({"max_output_tokens": 7}, {"output_limit": 7}),
        ({"max_tokens_to_sample": 7}, {"output_limit": 7}),
        ({"max_tokens": 5.0}, {"output_limit": 5}),
        ({"max_tokens": -1}, {"output_limit": None}),
        ({"max_tokens": True}, {"output_limit": None}),
        ({"max_tokens": 1 << 80}, {"output_limit": None}),
        ({"n": 4}, {"choices": 4}),
        ({"n": 2, "best_of": 5}, {"choices": 5}),
        ({"num_outputs": 3}, {"choices": 3}),
        ({"n": 0}, {"choices": 1}),
        ({"prompt": ["a", "b", "c"]}, {"prompts": 3}),
        ({"prompt": "a, b, c"}, {"prompts": 1}),
        ({"stream": True}, {"is_stream": True}),
        ({"stream": 1}, {"is_stream": False}),
        ({"stream_options": None}, {"has_stream_options": True, "asks_usage": False}),
        ({"stream_options": {"include_usage": True}}, {"has_stream_options": True, "asks_usage": True}),
        ({"input": "héllo", "voice": "alloy"}, {"characters": 5}),
        ({"text": "héllo", "voiceShortName": "v"}, {"characters": 5}),
        ({"input": "héllo"}, {"characters": None}),
        ({"input": ["a"], "voice": "alloy"}, {"characters": None}),
        ({"previous_response_id": "resp_1"}, {"is_open": True}),
        ({"conversation": {"id": "conv_1"}}, {"is_open": True}),
        ({"conversation": None}, {"is_open": False}),
        ({"background": True}, {"is_background": True}),
        ({"type": "NORMAL"}, {"quality": "normal"}),
    ],
)
@pytest.mark.parametrize("is_long", [True, False])
def test_what_the_price_depends_on_is_read(fields: dict[str, Any], expected: dict[str, Any], is_long: bool) -> None:  # noqa: FBT001
    """Limits, numbers, kinds and lengths, in the spelling of each vendor."""
    body = json.dumps(fields).encode()
    wish = read_long(body) if is_long else read_body(JSON, body)
    assert wish.is_understood
    assert {name: getattr(wish, name) for name in expected} == expected


def test_a_list_of_prompts_that_is_too_long_counts_as_the_longest() -> None:
    """What is not held is taken for the most that can be."""
    wish = read_body(JSON, json.dumps({"prompt": ["a" * 100] * 1000}).encode())
    assert wish.prompts == 2048


@pytest.mark.parametrize("kind", [JSON, FORM, MULTIPART])
@pytest.mark.parametrize("encoding", [b"gzip", b"deflate", b"br", b"identity, gzip"])
def test_a_compressed_body_is_not_understood(encoding: bytes, kind: bytes) -> None:
    """Nothing is unpacked here, so nothing in it can be allowed."""
    assert not read_body(kind, MODEL, encoding).is_understood


@pytest.mark.parametrize("kind", [b"text/plain", b"", b"application/vnd.api+json", b"application/json; charset=utf-8"])
def test_json_by_any_name_is_json(kind: bytes) -> None:
    """A server that does not look at the content type would execute it."""
    assert read_body(kind, MODEL).model == "gpt-4o"


def test_a_request_without_a_body_is_understood() -> None:
    """It asks for nothing."""
    assert read_body(b"", b"") == Wish()


def test_an_address_names_a_model() -> None:
    """Realtime has its model in the query; two of them are not understood."""
    assert wish_of_query(b"model=gpt-realtime&x=1") == Wish(model="gpt-realtime", is_open=True)
    assert not wish_of_query(b"model=a&model=b").is_understood
    assert wish_of_query(b"") == Wish()


@given(st.binary(max_size=300), st.sampled_from([JSON, FORM, MULTIPART, b"x/y"]), st.lists(st.integers(min_value=0)))
def test_no_body_breaks_the_reader(body: bytes, kind: bytes, cuts: list[int]) -> None:
    """Whatever comes, in whatever pieces, there is a wish at the end."""
    assert isinstance(read_pieces(kind, in_pieces(body, cuts)), Wish)
