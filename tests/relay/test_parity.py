"""A call costs the same whether it is streamed or not, and what the sandbox has charged for it."""

import io
import json
import wave
from collections.abc import Iterator
from typing import Any

import pytest

from oauth_app.relay.prices import PriceBook
from tests.fixtures.hub import Sandbox, running_sandbox
from tests.relay.counted import Counted, CountingCaller
from tests.relay.test_catalogue import PASSED

#: The sandbox repeats what it is told, so tokens differ by prompt.
TEXT = "Tell me of the sea, 说说大海. " * 3
LONG = "Go on. [[words=400]]"
TOOL = {"name": "look", "parameters": {"type": "object", "properties": {"place": {"type": "string"}}}}
CLAUDE_TOOL = {"name": "look", "input_schema": TOOL["parameters"]}
RESPONSE_TOOL = {"type": "function", **TOOL}
PICTURE = {"type": "image_url", "image_url": {"url": "https://a.example/a.png"}}


def chat(text: str, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    """Return a chat of OpenAI's."""
    return {"model": "gpt-4o", "messages": [{"role": "user", "content": text}], **more}


def messages(text: str, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    """Return messages of Anthropic's."""
    return {"model": "claude-sonnet-4-6", "max_tokens": 9000, "messages": [{"role": "user", "content": text}], **more}


GATE = "/api/v1/ai/openai"
CALLS = {
    "chat": ("/v1/chat/completions", chat(TEXT)),
    "chat, long": ("/v1/chat/completions", chat(LONG)),
    "chat, clipped": ("/v1/chat/completions", chat(TEXT, max_tokens=7)),
    "chat, three choices": ("/v1/chat/completions", chat(TEXT, n=3)),
    "chat, tool": ("/v1/chat/completions", chat("[[tool=look]]", tools=[{"type": "function", "function": TOOL}])),
    "chat, picture": ("/v1/chat/completions", chat([{"type": "text", "text": TEXT}, PICTURE])),  # type: ignore[arg-type]
    "chat, gateway": (f"{GATE}/cc-omg/v1/chat/completions", chat(TEXT)),
    "completions": ("/v1/completions", {"model": "gpt-3.5-turbo-instruct", "prompt": TEXT, "max_tokens": 90}),
    "completions, two": ("/v1/completions", {"model": "gpt-3.5-turbo-instruct", "prompt": [TEXT, "Hi"], "n": 2}),
    "responses": ("/v1/responses", {"model": "gpt-4.1", "input": TEXT}),
    "responses, long": ("/v1/responses", {"model": "gpt-4.1", "input": LONG}),
    "responses, tool": ("/v1/responses", {"model": "gpt-4.1", "input": "[[tool=look]]", "tools": [RESPONSE_TOOL]}),
    "responses, gateway": (f"{GATE}/codex-omg/v1/responses", {"model": "gpt-5-codex", "input": TEXT}),
    "messages": ("/v1/messages", messages(TEXT)),
    "messages, long": ("/v1/messages", messages(LONG)),
    "messages, tool": ("/v1/messages", messages("[[tool=look]]", tools=[CLAUDE_TOOL])),
    "messages, gateway": (f"{GATE}/cc-omg/v1/messages", messages(TEXT)),
}
#: What is not streamed, and charged by its own measure.
OTHERS: dict[str, tuple[str, dict[str, Any]]] = {
    "embeddings": ("/v1/embeddings", {"json": {"model": "text-embedding-3-large", "input": [TEXT] * 50}}),
    "gpt-image": (
        "/v1/images/generations",
        {"json": {"model": "gpt-image-1", "prompt": TEXT, "quality": "low", "n": 2, "response_format": "b64_json"}},
    ),
    "dall-e-3": (
        "/v1/images/generations",
        {"data": {"model": "dall-e-3", "prompt": TEXT, "quality": "hd", "size": "1024x1024"}},
    ),
    "dall-e-2": ("/v1/images/generations", {"json": {"model": "dall-e-2", "prompt": TEXT, "n": 3}}),
    "speech": ("/v1/audio/speech", {"json": {"model": "tts-1-hd", "input": TEXT, "voice": "alloy"}}),
    "azure": ("/api/v1/ai/azure/tts", {"json": {"voiceShortName": "en-US-JennyNeural", "text": TEXT}}),
    "flux": ("/api/v1/ai/draw/flux/dev", {"data": {"prompt": TEXT, "num_outputs": 3}}),
    "midjourney": ("/api/v1/ai/draw/mj/imagine", {"json": {"prompt": TEXT, "model": "midjourney", "type": "NORMAL"}}),
    "nd": ("/api/v1/ai/draw/nd/imagine", {"json": {"prompt": TEXT}}),
    "serper": ("/api/v1/openapi/search/serper/v1", {"data": {"q": "sea"}}),
}


@pytest.fixture(scope="module")
def quick_sandbox() -> Iterator[Sandbox]:
    """Run a sandbox that streams without a pause."""
    with running_sandbox(SANDBOX_CHUNK_PAUSE_MS="0") as sandbox:
        yield sandbox


@pytest.fixture(scope="module")
def caller(quick_sandbox: Sandbox) -> CountingCaller:
    """Call as somebody who has money, by the sandbox's own multipliers."""
    return CountingCaller(quick_sandbox)


def agree(*calls: Counted) -> None:
    """Check that both sides count the same, and all calls as much."""
    for call in calls:
        assert call.status == 200, call.seen[:500]
        assert not call.settled.is_estimated
        assert call.settled.cost == call.settled.counted == call.charged <= call.ceiling
    assert len({(call.settled.tokens.input, call.settled.tokens.output) for call in calls}) == 1


@pytest.mark.parametrize(("path", "body"), CALLS.values(), ids=CALLS)
def test_a_stream_costs_what_the_whole_costs(caller: CountingCaller, path: str, body: dict[str, Any]) -> None:
    """The tokens and the cost of a streamed call are those of the same call in one piece, and those charged."""
    whole = caller.call("POST", path, json=body)
    streamed = caller.call("POST", path, json=body | {"stream": True})
    agree(whole, streamed)
    assert b'"choices":[]' not in streamed.seen, "nobody asked for it"


@pytest.mark.parametrize("name", ["chat", "chat, tool", "chat, three choices", "completions"])
def test_who_asks_for_the_usage_gets_it(caller: CountingCaller, name: str) -> None:
    """A caller who asked sees the event, one who did not sees the same stream without it, and both count alike."""
    path, body = CALLS[name]
    asked = caller.call("POST", path, json=body | {"stream": True, "stream_options": {"include_usage": True}})
    unasked = caller.call("POST", path, json=body | {"stream": True})
    agree(asked, unasked)
    assert asked.seen.count(b'"choices":[]') == 1
    assert len(events(unasked)) == len(events(asked)) - 1
    assert events(unasked)[-1] == "[DONE]"


def events(call: Counted) -> list[str]:
    """Return the data of the events that reached the caller."""
    return [line.removeprefix("data: ") for line in call.seen.decode().splitlines() if line.startswith("data: ")]


def test_who_wants_no_usage_is_estimated(caller: CountingCaller) -> None:
    """A body that says no is left alone; what was said is counted from the words, within a tenth."""
    path, body = CALLS["chat, long"]
    call = caller.call("POST", path, json=body | {"stream": True, "stream_options": {"include_usage": False}})
    assert call.settled.is_estimated
    assert call.charged * 9 // 10 <= call.settled.counted <= call.charged * 11 // 10


@pytest.mark.parametrize("is_stream", [True, False])
def test_anthropics_old_completions_tell_no_usage(caller: CountingCaller, is_stream: bool) -> None:  # noqa: FBT001
    """Neither streamed nor whole; both are estimated alike, close to what is charged."""
    body = {"model": "claude-2.1", "prompt": f"\n\nHuman: {TEXT}\n\nAssistant:", "max_tokens_to_sample": 999}
    call = caller.call("POST", "/v1/complete", json=body | {"stream": is_stream})
    assert call.settled.is_estimated
    assert call.charged * 9 // 10 <= call.settled.counted <= call.charged * 12 // 10
    assert call.charged <= call.ceiling


@pytest.mark.parametrize(("path", "sent"), OTHERS.values(), ids=OTHERS)
def test_other_kinds_cost_what_is_charged(caller: CountingCaller, path: str, sent: dict[str, Any]) -> None:
    """Pictures, characters, searches and tasks cost by the book what the sandbox takes."""
    agree(caller.call("POST", path, **sent))


def recording(seconds: int) -> tuple[str, bytes, str]:
    """Return silence to be written down."""
    sound = io.BytesIO()
    with wave.open(sound, "wb") as file:
        file.setparams((1, 2, 8000, 0, "NONE", ""))
        file.writeframes(b"\0\0" * 8000 * seconds)
    return "a.wav", sound.getvalue(), "audio/wav"


@pytest.mark.parametrize(
    ("fields", "is_told"),
    [
        ({"model": "whisper-1"}, True),
        ({"model": "whisper-1", "response_format": "verbose_json"}, True),
        ({"model": "whisper-1", "response_format": "srt"}, False),
        ({"model": "gpt-4o-transcribe"}, True),
        ({"model": "gpt-4o-mini-transcribe", "stream": "true"}, True),
        ({"model": "gpt-4o-transcribe", "response_format": "text"}, False),
    ],
)
def test_a_recording_costs_its_seconds(caller: CountingCaller, fields: dict[str, str], is_told: bool) -> None:  # noqa: FBT001
    """By the seconds or the tokens that the answer tells or, where it is bare text, by the length of the file."""
    call = caller.call("POST", "/v1/audio/transcriptions", data=fields, files={"file": recording(7)})
    assert call.status == 200, call.seen
    assert call.settled.is_estimated is not is_told
    assert call.charged <= call.settled.counted <= call.charged * 8 // 7 + 1
    assert call.settled.counted <= call.ceiling
    assert not is_told or call.settled.cost == call.charged


@pytest.mark.parametrize("book", [None, PriceBook.load()], ids=["its own multipliers", "the book's"])
def test_nothing_in_the_catalogue_exceeds_its_ceiling(quick_sandbox: Sandbox, book: PriceBook | None) -> None:
    """Whatever the sandbox takes for a call of the whole catalogue was set aside before it."""
    caller = CountingCaller(quick_sandbox, book)
    for method, path, sent in PASSED:
        call = caller.call(method, path, **sent)
        assert call.status == 200, path
        assert call.charged <= call.ceiling, path
        assert call.settled.cost is not None, f"{path} has a price"
        assert call.settled.counted <= call.ceiling, path
        assert (call.ceiling > 0) >= (call.charged > 0), path


@pytest.mark.parametrize("is_platform", [True, False])
def test_a_refusal_costs_nothing(caller: CountingCaller, is_platform: bool) -> None:  # noqa: FBT001
    """Neither a vendor's error nor one in the platform's envelope, which may say 200 on the outside."""
    if is_platform:
        call = caller.call("POST", "/api/v1/ai/draw/mj/imagine", json={"model": "midjourney"})
        assert json.loads(call.seen)["statusCode"] == 400
    else:
        call = caller.call("POST", "/v1/chat/completions", json={"model": "gpt-4o"})
        assert call.status == 400
    assert (call.charged, call.settled.cost, call.settled.counted) == (0, 0, 0)
