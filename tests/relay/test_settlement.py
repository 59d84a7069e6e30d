"""However a call ends, it is counted, close to what the sandbox takes for it."""

import json
import threading
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from oauth_app.relay.meter import Meter
from oauth_app.relay.prices import PriceBook
from oauth_app.relay.quantities import Tokens
from oauth_app.relay.settlement import Ending, Settled, Settlement
from oauth_app.relay.usage_blocks import read_realtime
from oauth_app.relay.wishes import Wish
from tests.fixtures.hub import Sandbox, running_sandbox
from tests.relay.counted import EMAIL, CountingCaller

SSE, JSON = b"text/event-stream", b"application/json"
CHAT, CLAUDE, RESPONSES = "/v1/chat/completions", "/v1/messages", "/v1/responses"
LONG = [{"role": "user", "content": "Go on. [[words=300]]"}]
STREAMS: dict[str, tuple[str, dict[str, Any]]] = {
    "chat": (CHAT, {"model": "gpt-4o", "messages": LONG, "stream": True}),
    "messages": (CLAUDE, {"model": "claude-sonnet-4-6", "max_tokens": 9000, "messages": LONG, "stream": True}),
    "responses": (RESPONSES, {"model": "gpt-4.1", "input": "Go on. [[words=300]]", "stream": True}),
    "completions": (
        "/v1/completions",
        {"model": "gpt-3.5-turbo-instruct", "prompt": "[[words=300]]", "max_tokens": 999, "stream": True},
    ),
}
BOOK = PriceBook.load()
#: 1 000 tokens of input cost 37 500 × 0.1 in this model, of output 150 000 × 0.1.
WISH = Wish(model="gpt-4o-mini", is_stream=True)


@pytest.fixture(scope="module")
def caller() -> Iterator[CountingCaller]:
    """Call a sandbox that streams a word every two milliseconds."""
    with running_sandbox(SANDBOX_CHUNK_PAUSE_MS="2") as sandbox:
        yield CountingCaller(sandbox)


@pytest.mark.parametrize("leave_after", [1_500, 5_000, 30_000])
@pytest.mark.parametrize("name", STREAMS)
def test_who_leaves_amid_a_stream_pays_for_what_has_passed(caller: CountingCaller, name: str, leave_after: int) -> None:
    """From the bytes that have passed, the words are counted about as the sandbox does: within a fifth of the whole."""
    path, body = STREAMS[name]
    whole = caller.call("POST", path, json=body)
    left = caller.call("POST", path, json=body, leave_after=leave_after)
    assert left.settled.is_estimated
    assert 0 < left.settled.counted < whole.charged
    # The sandbox was some words ahead of the reader when it noticed.
    assert abs(left.settled.counted - left.charged) < whole.charged // 5


def test_anthropic_tells_the_input_first(caller: CountingCaller) -> None:
    """Who leaves after the first event pays for the exact input, and not for the one token that it announces."""
    path, body = STREAMS["messages"]
    whole = caller.call("POST", path, json=body)
    left = caller.call("POST", path, json=body, leave_after=600)
    assert left.settled.tokens.input == whole.settled.tokens.input


def test_after_the_usage_the_count_is_exact(caller: CountingCaller) -> None:
    """Who leaves when all has been said and told pays what everybody pays."""
    path, body = STREAMS["chat"]
    body = body | {"stream_options": {"include_usage": True}}
    whole = caller.call("POST", path, json=body)
    left = caller.call("POST", path, json=body, leave_after=len(whole.seen) - len(b"data: [DONE]\n\n"))
    assert not left.settled.is_estimated
    assert left.settled.counted == left.charged == whole.charged


def test_before_the_first_byte_only_the_input_counts() -> None:
    """A stream that was asked for and not begun costs about what was sent."""
    with running_sandbox(SANDBOX_CHUNK_PAUSE_MS="3000") as sandbox:
        caller = CountingCaller(sandbox)
        before, body = caller.balance(), json.dumps(STREAMS["chat"][1]).encode()
        _leave_at_once(sandbox, body)
        charged = before - caller.balance(settled=True)
    settled = Settlement(caller.prices).settle(CHAT, Wish(model="gpt-4o", is_stream=True), len(body), sent(), Meter())
    assert settled.tokens.output == 0
    assert 0 < charged <= settled.counted < 4 * charged


def _leave_at_once(sandbox: Sandbox, body: bytes) -> None:
    token = sandbox.token_of(EMAIL)[1]
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    with pytest.raises(requests.RequestException):
        requests.post(sandbox.url + CHAT, data=body, headers=headers, timeout=0.5)
    threading.Event().wait(0.5)


def sent(status: int | None = None, content_type: bytes = b"", waited_ms: int = 0) -> Ending:
    """Return the ending of a call that was handed over."""
    return Ending(was_sent=True, status=status, content_type=content_type, waited_ms=waited_ms)


def settle(ending: Ending, answer: bytes = b"", wish: Wish = WISH, path: str = CHAT, body_bytes: int = 4000) -> Settled:
    """Settle a call whose answer was this."""
    meter = Meter()
    meter.feed(answer)
    return Settlement(BOOK).settle(path, wish, body_bytes, ending, meter)


def test_what_was_told_first_is_kept_and_counted_on() -> None:
    """A stream that told its input and one token of output, and was cut, has said what has passed."""
    start = {"type": "message_start", "message": {"usage": {"input_tokens": 77, "output_tokens": 1}}}
    delta = {"type": "content_block_delta", "delta": {"type": "text_delta", "text": "twelve bytes"}}
    end = {"type": "message_delta", "delta": {}, "usage": {"output_tokens": 2}}
    cut = b"".join(b"event: x\ndata: " + json.dumps(event).encode() + b"\n\n" for event in (start, delta, delta))
    settled = settle(sent(200, SSE), cut)
    assert (settled.tokens, settled.is_estimated) == (Tokens(input=77, output=6), True)
    settled = settle(sent(200, SSE), cut + b"data: " + json.dumps(end).encode() + b"\n\n")
    assert (settled.tokens, settled.is_estimated) == (Tokens(input=77, output=2), False)


def test_what_was_not_sent_costs_nothing() -> None:
    """A call that never left the hub is free, also one that is paid by the call."""
    for path in (CHAT, "/api/v1/ai/draw/nd/imagine"):
        settled = settle(Ending(was_sent=False), path=path)
        assert (settled.cost, settled.counted, settled.tokens) == (0, 0, Tokens())


def test_what_was_sent_and_not_answered_costs_its_input() -> None:
    """Four bytes are taken for a token, and a stream has said nothing yet."""
    settled = settle(sent(waited_ms=5000))
    assert settled.tokens == Tokens(input=1000, output=0)
    assert (settled.cost, settled.is_estimated) == (3750, True)


@pytest.mark.parametrize(
    ("wish", "waited_ms", "output"),
    [
        (Wish(model="gpt-4o-mini"), 5000, 250),
        (Wish(model="gpt-4o-mini", output_limit=100), 5000, 100),
        (Wish(model="gpt-4o-mini", output_limit=100, choices=2), 5000, 200),
        (Wish(model="gpt-4o-mini"), 0, 0),
        (Wish(model="gpt-4o-mini"), 10_000_000, 16_384),
        (Wish(model="gpt-4o-mini", is_background=True), 0, 16_384),
        (Wish(model="gpt-4o-mini", is_background=True, output_limit=10), 0, 10),
    ],
)
def test_leaving_early_does_not_make_an_answer_free(wish: Wish, waited_ms: int, output: int) -> None:
    """An answer in one piece is made while somebody waits, fifty tokens a second, and never more than it may have."""
    assert settle(sent(waited_ms=waited_ms), wish=wish).tokens.output == output


def test_a_picture_in_the_body_is_not_counted_as_words() -> None:
    """Who leaves pays for a picture as for a picture, and never for more than the model takes."""
    wish = Wish(model="gpt-4o", is_stream=True, pictures=1, embedded_bytes=990_000)
    assert settle(sent(), wish=wish, body_bytes=1_000_000).tokens.input == 2500 + 1600
    assert settle(sent(), wish=Wish(model="gpt-4o"), body_bytes=10_000_000).tokens.input == 128_000


@pytest.mark.parametrize(
    ("path", "wish", "cost"),
    [
        ("/api/v1/ai/draw/nd/imagine", Wish(), 500_000),
        ("/api/v1/ai/draw/flux/dev", Wish(choices=2), 1_250_000),
        ("/v1/images/generations", Wish(model="dall-e-2"), 500_000),
        ("/v1/images/generations", Wish(model="gpt-image-1", quality="low"), 533_000),
        ("/v1/audio/speech", Wish(model="tts-1", characters=100), 37_500),
        ("/v1/audio/transcriptions", Wish(model="whisper-1"), 2_500),
        ("/v1/models", Wish(), 0),
    ],
)
def test_what_is_paid_by_the_piece_is_paid_when_it_is_asked_for(path: str, wish: Wish, cost: int) -> None:
    """Pictures, tasks, searches and voices cost the same, whether somebody waits for them or not."""
    assert settle(sent(), path=path, wish=wish).counted == cost


@pytest.mark.parametrize(
    ("status", "answer"),
    [(400, b'{"error": {}}'), (500, b"{}"), (429, b""), (200, b'{"statusCode": 402, "data": null}')],
)
def test_refusals_cost_nothing(status: int, answer: bytes) -> None:
    """Nobody is charged for an error, whichever way it is written."""
    for path in (CHAT, "/api/v1/ai/draw/nd/imagine"):
        settled = settle(sent(status, JSON), answer, path=path)
        assert (settled.cost, settled.counted) == (0, 0)


def test_an_unknown_model_counts_as_the_dearest() -> None:
    """It has no cost that could be written down, and no limit is passed by naming it."""
    answer = b'{"usage": {"prompt_tokens": 1000, "completion_tokens": 1000}}'
    settled = settle(sent(200, JSON), answer, wish=Wish(model="new"))
    assert settled.cost is None
    assert settled.tokens == Tokens(input=1000, output=1000)
    assert settled.counted == (375_000 + 1_875_000) * 110 // 100


def test_nothing_is_invented_for_an_unknown_route() -> None:
    """What the hub does not know is counted by call and bytes; its tokens are not guessed."""
    settled = settle(sent(200, JSON), b'{"text": "Hi"}', path="/v1/new", wish=Wish(), body_bytes=0)
    assert (settled.tokens, settled.cost, settled.counted) == (Tokens(), None, 0)


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (
            {
                "type": "response.done",
                "response": {
                    "usage": {
                        "input_tokens": 100,
                        "output_tokens": 50,
                        "input_token_details": {
                            "audio_tokens": 60,
                            "cached_tokens": 30,
                            "cached_tokens_details": {"audio_tokens": 20},
                        },
                        "output_token_details": {"audio_tokens": 40},
                    }
                },
            },
            Tokens(input=100, output=50, cached=30, heard=40, spoken=40),
        ),
        ({"type": "response.done", "response": {"usage": None}}, Tokens()),
        ({"type": "response.output_text.delta", "delta": '{"type": "response.done"}'}, None),
        ({"type": "response.created"}, None),
    ],
)
def test_realtime_tells_its_usage_in_an_event(event: dict[str, Any], expected: Tokens | None) -> None:
    """The end of each answer has its tokens, sound apart from words."""
    assert read_realtime(json.dumps(event)) == expected


def test_answers_of_one_connection_add_up() -> None:
    """Several answers over one socket cost their sum."""
    one = Tokens(input=1, output=2, cached=3, written=4, heard=5, spoken=6, seconds=7)
    assert one.plus(one) == Tokens(input=2, output=4, cached=6, written=8, heard=10, spoken=12, seconds=14)
    assert Tokens().plus(one).plus(Tokens()) == one


@pytest.mark.parametrize(
    ("usage", "expected"),
    [
        (
            {"input_tokens": 5, "cache_creation_input_tokens": 7, "output_tokens": 1},
            Tokens(input=12, written=7, output=1),
        ),
        (
            {"prompt_tokens": 12, "cache_read_input_tokens": 5, "completion_tokens": 1},
            Tokens(input=12, cached=5, output=1),
        ),
        ({"prompt_tokens": 12, "prompt_cache_hit_tokens": 5}, Tokens(input=12, cached=5)),
        (
            {"input_tokens": 9, "input_tokens_details": {"image_tokens": 4, "text_tokens": 5}, "output_tokens": 2},
            Tokens(input=9, output=2, heard=4),
        ),
        ({"type": "duration", "seconds": 2.5}, Tokens(seconds=3)),
        ({"type": "duration", "seconds": -1}, Tokens()),
        ({"type": "duration", "seconds": True}, Tokens()),
    ],
)
def test_every_vendor_counts_in_its_own_way(usage: dict[str, Any], expected: Tokens) -> None:
    """Caches beside the input or within it, sound, pictures and seconds."""
    meter = Meter()
    meter.feed(json.dumps({"usage": usage}).encode())
    assert meter.read(JSON) == expected
