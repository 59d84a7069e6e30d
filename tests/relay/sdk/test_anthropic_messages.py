"""Anthropic's package: messages, streams, tools, counting."""

import asyncio
from typing import Any

import anthropic
import pytest

from tests.fixtures.accounts import Account
from tests.relay.sdk.conftest import CLAUDE
from tests.relay.servers import Stub

ASK: dict[str, Any] = {
    "model": CLAUDE,
    "max_tokens": 200,
    "system": "Be brief.",
    "messages": [{"role": "user", "content": "Say hello"}],
}
WEATHER: dict[str, Any] = {
    "name": "get_weather",
    "input_schema": {"type": "object", "properties": {"city": {"type": "string", "enum": ["Oslo"]}}},
}


def test_a_message_is_streamed(account: Account) -> None:
    """Raw events and the package's own reader tell the whole answer, with its tokens."""
    with account.claude() as client:
        whole = client.messages.create(**ASK)
        raw = [event.type for event in client.messages.create(**ASK, stream=True)]
        with client.messages.stream(**ASK) as stream:
            text = "".join(stream.text_stream)
            final = stream.get_final_message()
    assert (raw[0], raw[-1]) == ("message_start", "message_stop")
    assert text == final.content[0].text == whole.content[0].text
    assert final.usage.output_tokens == whole.usage.output_tokens
    assert final.stop_reason == "end_turn"


def test_the_asynchronous_half_does_the_same(account: Account) -> None:
    """Under asyncio a message, a stream and the package's own reader give one text, all at a time."""

    async def ask() -> set[str]:
        async with account.async_claude() as client:
            whole, streamed = await asyncio.gather(client.messages.create(**ASK), read(client))
        return {whole.content[0].text, streamed}

    async def read(client: anthropic.AsyncAnthropic) -> str:
        async with client.messages.stream(**ASK) as stream:
            return "".join([text async for text in stream.text_stream])

    [said] = asyncio.run(ask())
    assert "Say hello" in said


@pytest.mark.parametrize("is_stream", [False, True])
def test_a_tool_is_called_and_its_answer_heard(account: Account, is_stream: bool) -> None:  # noqa: FBT001 - a parameter of a test
    """The model's call has the tool's arguments; what the tool says goes back to the model."""
    question = {"role": "user", "content": "What is the weather?"}
    wish = ASK | {"tools": [WEATHER], "tool_choice": {"type": "any"}, "messages": [question]}
    with account.claude() as client:
        if is_stream:
            with client.messages.stream(**wish) as stream:
                answer = stream.get_final_message()
        else:
            answer = client.messages.create(**wish)
        assert answer.stop_reason == "tool_use"
        [call] = answer.content
        assert (call.name, call.input) == ("get_weather", {"city": "Oslo"})
        heard = {"type": "tool_result", "tool_use_id": call.id, "content": "Rain"}
        turns = [question, {"role": "assistant", "content": answer.content}, {"role": "user", "content": [heard]}]
        end = client.messages.create(**ASK | {"tools": [WEATHER], "messages": turns})
    assert end.stop_reason == "end_turn"


def test_tokens_are_counted_as_they_are_used(account: Account) -> None:
    """``count_tokens`` says what the message then has."""
    with account.claude() as client:
        counted = client.messages.count_tokens(**{name: value for name, value in ASK.items() if name != "max_tokens"})
        used = client.messages.create(**ASK).usage
    assert counted.input_tokens == used.input_tokens > 0


def test_the_token_goes_by_either_name(account: Account) -> None:
    """``api_key`` and ``auth_token`` are the same to the hub."""
    with anthropic.Anthropic(base_url=account.url, auth_token=account.token, api_key=None, max_retries=0) as client:
        assert client.messages.create(**ASK).content


def test_beta_calls_pass(account: Account) -> None:
    """``beta.messages`` is a call with a header more."""
    with account.claude() as client:
        assert client.beta.messages.create(**ASK, betas=["context-1m-2025-08-07"]).content


def test_the_vendors_headers_arrive(stubbed: Account, stub: Stub) -> None:
    """OhMyGPT sees the version and the betas that were asked for, and not the token or the program's own headers."""
    with stubbed.claude() as client:
        client.beta.messages.create(**ASK, betas=["context-1m-2025-08-07"])
    [seen] = stub.seen
    assert seen.headers["anthropic-beta"] == "context-1m-2025-08-07"
    assert seen.headers["anthropic-version"]
    assert stubbed.token not in str(seen)
    assert [name for name in seen.headers if name.startswith("x-")] == []


def test_models_are_described(account: Account) -> None:
    """A model can be asked for by its name."""
    with account.claude() as client:
        assert client.models.retrieve(CLAUDE).id == CLAUDE


def test_the_request_id_is_told(account: Account) -> None:
    """``with_raw_response`` shows the headers; the id stands there under both vendors' names."""
    with account.claude() as client:
        raw = client.messages.with_raw_response.create(**ASK)
    assert raw.headers["x-request-id"] == raw.headers["request-id"] == raw.parse()._request_id  # noqa: SLF001 - documented by Anthropic under this name
