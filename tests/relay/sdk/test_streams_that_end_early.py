"""Streams that one side gives up: the program, or OhMyGPT."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import anthropic
import httpx2
import openai
import pytest
from aiohttp import web

from tests.fixtures.accounts import Account
from tests.relay.sdk.conftest import CLAUDE, GPT
from tests.relay.servers import Script, Stub

MESSAGES = [{"role": "user", "content": "Say hello"}]
CHUNK = {
    "id": "chatcmpl-1",
    "object": "chat.completion.chunk",
    "created": 1,
    "model": GPT,
    "choices": [{"index": 0, "delta": {"content": "Hi"}, "finish_reason": None}],
}
MESSAGE = {"id": "msg_1", "type": "message", "role": "assistant", "model": CLAUDE, "content": [], "stop_reason": None}
GPT_EVENT = f"data: {json.dumps(CHUNK)}\n\n".encode()
CLAUDE_EVENT = (
    "event: message_start\ndata: "
    + json.dumps({"type": "message_start", "message": MESSAGE | {"usage": {"input_tokens": 1, "output_tokens": 1}}})
    + "\n\n"
).encode()
GPT_CALL: dict[str, Any] = {"model": GPT, "messages": MESSAGES, "stream": True}
CLAUDE_CALL: dict[str, Any] = {"model": CLAUDE, "messages": MESSAGES, "max_tokens": 50, "stream": True}

Streaming = Callable[[Account], Awaitable[Any]]


async def gpt_stream(account: Account) -> Any:  # noqa: ANN401 - the package's own class
    """Begin a stream under asyncio by OpenAI's package."""
    return await account.async_gpt().chat.completions.create(**GPT_CALL)


async def claude_stream(account: Account) -> Any:  # noqa: ANN401 - the package's own class
    """Begin a stream under asyncio by Anthropic's package."""
    return await account.async_claude().messages.create(**CLAUDE_CALL)


def unfinished(stub: Stub, ending: bytes = b"", *, is_cut: bool = False) -> Script:
    """Return a script that begins a stream; then it waits for ever, or cuts the connection."""

    async def script(request: web.Request) -> web.StreamResponse:
        await stub.note(request)
        response = web.StreamResponse(headers={"content-type": "text/event-stream"})
        await response.prepare(request)
        await response.write((CLAUDE_EVENT if request.path == "/v1/messages" else GPT_EVENT) + ending)
        await (asyncio.sleep(0.2) if is_cut else stub.passed())
        assert request.transport is not None
        request.transport.abort()
        return response

    return script


def test_closing_a_stream_stops_the_model(stubbed: Account, stub: Stub) -> None:
    """Whoever closes OpenAI's stream after its first piece stops the work upstream within a second."""
    stub.script = unfinished(stub)
    with stubbed.gpt() as client:
        stream = client.chat.completions.create(**GPT_CALL)
        assert next(stream).choices[0].delta.content == "Hi"
        stream.close()
        assert stub.left.wait(1)


def test_leaving_the_block_stops_the_model(stubbed: Account, stub: Stub) -> None:
    """Whoever leaves the block of Anthropic's reader stops the work upstream within a second."""
    stub.script = unfinished(stub)
    wish = {name: value for name, value in CLAUDE_CALL.items() if name != "stream"}
    with stubbed.claude() as client:
        with client.messages.stream(**wish) as stream:
            assert next(stream).type == "message_start"
        assert stub.left.wait(1)


@pytest.mark.parametrize("begin", [gpt_stream, claude_stream])
def test_cancelling_a_task_stops_the_model(stubbed: Account, stub: Stub, begin: Streaming) -> None:
    """A task that reads a stream and is cancelled lets go of it; so does ``close()``."""

    async def read() -> None:
        async with await begin(stubbed) as stream:
            async for _ in stream:
                read_one.set()

    async def cancel() -> bool:
        task = asyncio.create_task(read())
        await asyncio.wait_for(read_one.wait(), 10)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        return await asyncio.to_thread(stub.left.wait, 1)

    read_one = asyncio.Event()
    stub.script = unfinished(stub)
    assert asyncio.run(cancel())


@pytest.mark.parametrize("begin", [gpt_stream, claude_stream])
def test_cancelling_before_the_first_byte_stops_the_model(stubbed: Account, stub: Stub, begin: Streaming) -> None:
    """A call is given up while the model has said nothing yet."""

    async def script(_: web.Request) -> web.Response:
        await stub.passed()
        return web.Response()

    async def cancel() -> bool:
        task = asyncio.create_task(begin(stubbed))
        await asyncio.to_thread(stub.begun.wait, 10)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        return await asyncio.to_thread(stub.left.wait, 1)

    stub.script = script
    assert asyncio.run(cancel())


@pytest.mark.parametrize("begin", [gpt_stream, claude_stream])
@pytest.mark.parametrize("ending", [b"", b"event: x\ndata: {"], ids=["between events", "within an event"])
def test_a_cut_stream_is_an_error_and_not_an_end(stubbed: Account, stub: Stub, begin: Streaming, ending: bytes) -> None:
    """Half an answer never looks like a whole one: it ends by an error."""
    package = openai if begin is gpt_stream else anthropic
    stub.script = unfinished(stub, ending, is_cut=True)
    heard = []

    async def read() -> None:
        async for event in await begin(stubbed):
            heard.append(event)  # noqa: PERF401 - what came before the error is looked at

    # Between events there is room for the hub's own words. Elsewhere Anthropic's package lets through what broke below.
    broken = openai.APIConnectionError if begin is gpt_stream else httpx2.RemoteProtocolError
    expected, words = (broken, "onnection") if ending else (package.APIError, "not be reached")
    with pytest.raises(expected, match=words):
        asyncio.run(read())
    assert len(heard) == 1


def test_a_fault_in_the_sandboxs_stream_is_an_error(account: Account, faults: Any) -> None:  # noqa: ANN401 - the sandbox
    """The sandbox cuts a stream of Anthropic's after three events, and the package's reader says so."""
    faults.fail("/v1/messages", "cut_stream", after_chunks=3)
    with (
        account.claude() as client,
        pytest.raises((anthropic.APIError, httpx2.RemoteProtocolError)),
        client.messages.stream(**{name: value for name, value in CLAUDE_CALL.items() if name != "stream"}) as stream,
    ):
        stream.get_final_message()
