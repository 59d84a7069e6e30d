"""What a call used is read from the passing bytes, the same for a JSON answer and for a stream."""

import json
import time
from typing import Any

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from oauth_app.relay.meter import Meter
from oauth_app.relay.prices import PriceBook
from oauth_app.relay.quantities import Tokens
from oauth_app.relay.request_body import BodyReader, read_body
from oauth_app.relay.wishes import Wish
from tests.relay.conftest import Relayed
from tests.relay.servers import Stub

SSE, JSON = b"text/event-stream", b"application/json; charset=utf-8"
OPENAI_USAGE = {"prompt_tokens": 12, "completion_tokens": 34, "prompt_tokens_details": {"cached_tokens": 5}}
RESPONSES_USAGE = {"input_tokens": 12, "output_tokens": 34, "input_tokens_details": {"cached_tokens": 5}}
ANTHROPIC_USAGE = {"input_tokens": 7, "cache_read_input_tokens": 5, "output_tokens": 34}
EXPECTED = Tokens(input=12, output=34, cached=5)


def events(*bodies: dict[str, Any]) -> bytes:
    """Write a stream of events."""
    return b"".join(b"event: x\ndata: " + json.dumps(body).encode() + b"\n\n" for body in bodies)


def openai_stream(text: str) -> bytes:
    """Write what OpenAI streams with ``include_usage``."""
    pieces = [{"choices": [{"delta": {"content": text}}], "usage": None} for _ in range(20)]
    return events(*pieces, {"choices": [], "usage": OPENAI_USAGE}) + b"data: [DONE]\n\n"


def responses_stream(text: str) -> bytes:
    """Write what OpenAI streams for a response; its last event repeats the whole text."""
    whole = {"output": [{"text": text}], "usage": RESPONSES_USAGE}
    return events({"type": "response.created", "response": {"usage": None}}, {"response": whole})


def anthropic_stream(text: str) -> bytes:
    """Write what Anthropic streams: the input in the first event, the output in the last but one."""
    start = {"type": "message_start", "message": {"usage": ANTHROPIC_USAGE | {"output_tokens": 1}}}
    pieces = [{"type": "content_block_delta", "delta": {"text": text}} for _ in range(20)]
    end = {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 34}}
    return events(start, *pieces, end, {"type": "message_stop"})


def json_answer(text: str, usage: dict[str, Any]) -> bytes:
    """Write an answer that is not streamed."""
    return json.dumps({"choices": [{"message": {"content": text}}], "usage": usage}).encode()


#: A text that would mislead a meter which looks for words instead of structure.
_LIAR = '{"usage": {"prompt_tokens": 9999, "completion_tokens": 9999}}'


@pytest.mark.parametrize("text", ["short", "long " * 1000, "very long " * 20_000, _LIAR, _LIAR * 1000])
@pytest.mark.parametrize("size", [1, 7, 1000, 1 << 20])
def test_json_and_streams_tell_the_same(text: str, size: int) -> None:
    """Every vendor's way of telling gives the same numbers, however the bytes are cut and however many there are."""
    answers = [
        (JSON, json_answer(text, OPENAI_USAGE)),
        (JSON, json_answer(text, RESPONSES_USAGE)),
        (JSON, json_answer(text, ANTHROPIC_USAGE)),
        (SSE, openai_stream(text)),
        (SSE, responses_stream(text)),
        (SSE, anthropic_stream(text)),
    ]
    size = max(size, len(text) // 1000)  # a million single bytes prove no more than a thousand
    assert [_metered(kind, body, size) for kind, body in answers] == [EXPECTED] * len(answers)


@given(st.binary(max_size=2000) | st.text(max_size=500).map(lambda text: b'{"usage":{' + text.encode(errors="replace")))
def test_no_answer_breaks_the_meter(body: bytes) -> None:
    """Whatever passes, the meter reads a count or nothing."""
    for kind in (SSE, JSON):
        assert isinstance(_metered(kind, body, 100), Tokens)


@pytest.mark.parametrize(
    "usage", [None, 7, [], {}, {"prompt_tokens": -1}, {"prompt_tokens": 1e9}, {"input_tokens": 1 << 80}]
)
def test_nonsense_counts_as_nothing(usage: object) -> None:
    """A number that cannot be one is not written down."""
    body = json.dumps({"usage": usage}).encode()
    assert _metered(JSON, body, 1000) == Tokens()


def test_the_meter_holds_little() -> None:
    """Fifty megabytes pass, and less than a tenth of one is held."""
    meter = Meter()
    for _ in range(800):
        meter.feed(b"x" * 65_536)
    assert meter.held_bytes < 100_000


def _metered(kind: bytes, body: bytes, size: int) -> Tokens:
    meter = Meter()
    for at in range(0, len(body), size):
        meter.feed(body[at : at + size])
    return meter.read(kind)


@pytest.mark.parametrize(
    ("body", "model"),
    [
        ({"model": "gpt-4o", "messages": []}, "gpt-4o"),
        ({"messages": [{"content": '{"model": "no"}'}], "model": "gpt-4o"}, "gpt-4o"),
        ({"metadata": {"model": "no"}, "tools": [{"model": "no"}], "model": "gpt-4o"}, "gpt-4o"),
        ({"metadata": {"model": "no"}}, None),
        ({"model": 7}, None),
        ({"model": "x\x00"}, None),
        ({"model": "\ud800"}, None),
        ({"model": "x" * 200}, None),
        ([], None),
    ],
)
def test_the_model_is_the_one_on_top(body: object, model: str | None) -> None:
    """Only the request's own model counts, not a word inside of it."""
    assert read_body(b"application/json", json.dumps(body).encode()).model == model


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        (b"application/x-www-form-urlencoded", b"prompt=a&model=dall-e-3&n=1"),
        (
            b"multipart/form-data; boundary=b",
            b'--b\r\nContent-Disposition: form-data; name="model"\r\n\r\ndall-e-3\r\n--b--',
        ),
    ],
)
def test_forms_name_their_model(kind: bytes, body: bytes) -> None:
    """Image and audio calls are forms."""
    assert read_body(kind, body).model == "dall-e-3"


@pytest.mark.parametrize(
    ("model", "tokens", "cost"),
    [
        ("gpt-4o", Tokens(input=1_000_000, output=0), 62_500_000),
        ("gpt-4o-2024-08-06", Tokens(input=1_000_000, output=0), 62_500_000),
        ("gpt-4o", Tokens(input=1_000_000, output=0, cached=1_000_000), 31_250_000),
        ("claude-sonnet-4-20250514", Tokens(input=1, output=1), 495),
        ("gpt-4o-mini", Tokens(input=1), 4),
        ("gpt-4o", Tokens(), None),
        ("unheard-of", Tokens(input=1, output=1), None),
        (None, Tokens(input=1, output=1), None),
    ],
)
def test_a_cost_is_estimated_where_a_price_is_known(model: str | None, tokens: Tokens, cost: int | None) -> None:
    """Whole hundredths of a unit, rounded up; without a price or without tokens there is no estimate."""
    assert PriceBook.load().cost("/v1/chat/completions", Wish(model=model), tokens) == cost


def test_a_call_leaves_its_record(relayed: Relayed) -> None:
    """Who called what, how long it took, and what it used and probably cost."""
    answer = relayed.chat()
    [record] = relayed.usage()

    assert (record.request_id, record.user_id, record.partner_id) == (
        answer.headers["x-request-id"],
        relayed.user_id,
        relayed.partner_id,
    )
    assert (record.method, record.path, record.model) == ("POST", "/v1/chat/completions", "gpt-4o-mini")
    assert (record.status, record.outcome) == (200, "complete")
    assert (record.input_tokens, record.output_tokens, record.estimated_cost) == (12, 34, 555)
    assert (record.bytes_in, record.bytes_out) == (len(answer.request.body or b""), len(answer.content))
    assert 0 <= (record.first_byte_ms or 0) <= record.duration_ms < 5000


def test_a_stream_without_usage_is_counted_by_its_words(relayed: Relayed, stub: Stub) -> None:
    """A server that does not tell the usage that it is asked for does not make a call free."""

    async def script(_: web.Request) -> web.Response:
        return web.Response(body=events({"choices": []}) + b"data: [DONE]\n\n", content_type="text/event-stream")

    stub.script = script
    relayed.chat()
    [record] = relayed.usage()
    assert record.outcome == "complete"
    assert (record.input_tokens or 0) > 0
    assert (record.estimated_cost or 0) > 0


def test_a_record_fits_its_table(relayed: Relayed) -> None:
    """Names that are too long or not printable do not lose the call."""
    relayed.call("/v1/" + "a" * 400, json={"model": "\x00" * 300})
    [record] = relayed.usage()
    assert (len(record.path), record.model) == (255, None)


def test_a_cut_text_full_of_quotes_is_read_quickly() -> None:
    """A long question with much quoted code in it does not keep the process busy."""
    head = (b'{"messages": [{"content": "' + b'\\"a\\" ' * 20_000)[:65_536]
    begun = time.perf_counter()
    reader = BodyReader(b"application/json")
    for _ in range(3):
        reader.feed(head)
    assert reader.finish().model is None
    assert time.perf_counter() - begun < 0.5
