"""What the packages do again, what they do not, and that the hub adds nothing of its own to it."""

import time
from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Any

import anthropic
import openai
import pytest
from aiohttp import web

from tests.fixtures.accounts import Account
from tests.relay.sdk.conftest import CLAUDE, GPT
from tests.relay.servers import CHAT, Script, Stub

MESSAGES = [{"role": "user", "content": "Say hello"}]
MESSAGE = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": CLAUDE,
    "content": [{"type": "text", "text": "Hi"}],
    "stop_reason": "end_turn",
    "stop_sequence": None,
    "usage": {"input_tokens": 12, "output_tokens": 34},
}
_Ask = Callable[..., Any]


def ask_gpt(account: Account, **options: Any) -> Any:  # noqa: ANN401 - the package's own class
    """Ask by OpenAI's package."""
    with account.gpt(**options) as client:
        return client.chat.completions.create(model=GPT, messages=MESSAGES)


def ask_claude(account: Account, **options: Any) -> Any:  # noqa: ANN401 - the package's own class
    """Ask by Anthropic's package."""
    with account.claude(**options) as client:
        return client.messages.create(model=CLAUDE, max_tokens=50, messages=MESSAGES)


VENDORS = {"openai": (openai, ask_gpt), "anthropic": (anthropic, ask_claude)}
both = pytest.mark.parametrize(("package", "ask"), VENDORS.values(), ids=VENDORS)


def answers(stub: Stub, refusals: Sequence[tuple[int, dict[str, str]]]) -> Script:
    """Return a script that refuses some calls, and answers those after them."""

    async def script(request: web.Request) -> web.Response:
        await stub.note(request)
        if len(stub.seen) > len(refusals):
            return web.json_response(MESSAGE if request.path == "/v1/messages" else CHAT)
        status, headers = refusals[len(stub.seen) - 1]
        error = {"type": "error", "error": {"message": "Not now", "type": "api_error", "code": None}}
        return web.json_response(error, status=status, headers=headers)

    return script


@both
def test_a_server_error_is_tried_again(stubbed: Account, stub: Stub, package: ModuleType, ask: _Ask) -> None:
    """After two 5xx the third call succeeds; OhMyGPT saw each once, for a hub that repeats could charge twice."""
    del package
    stub.script = answers(stub, [(500, {}), (503, {})])
    assert ask(stubbed, max_retries=2).usage
    assert len(stub.seen) == 3


@both
def test_patience_ends(stubbed: Account, stub: Stub, package: ModuleType, ask: _Ask) -> None:
    """When every call fails, the last failure is raised, after as many calls as were allowed."""
    stub.script = answers(stub, [(500, {})] * 9)
    with pytest.raises(package.InternalServerError, match="Not now"):
        ask(stubbed, max_retries=1)
    assert len(stub.seen) == 2


@both
@pytest.mark.parametrize("status", [400, 402, 403, 404, 422])
def test_what_is_wrong_is_not_tried_again(
    stubbed: Account, stub: Stub, package: ModuleType, ask: _Ask, status: int
) -> None:
    """A refusal for good is raised at once."""
    stub.script = answers(stub, [(status, {})] * 9)
    with pytest.raises(package.APIStatusError):
        ask(stubbed, max_retries=2)
    assert len(stub.seen) == 1


@both
def test_the_package_waits_as_long_as_it_is_told(stubbed: Account, stub: Stub, package: ModuleType, ask: _Ask) -> None:
    """``Retry-After`` passes the hub, and the package keeps to it: left to itself it would wait half a second."""
    del package
    stub.script = answers(stub, [(429, {"Retry-After": "2"})])
    begin = time.monotonic()
    assert ask(stubbed, max_retries=1).usage
    assert time.monotonic() - begin >= 2
    assert len(stub.seen) == 2


@both
@pytest.mark.parametrize("header", ["x-should-retry", "retry-after-ms"])
def test_the_vendors_own_headers_pass(
    stubbed: Account, stub: Stub, package: ModuleType, ask: _Ask, header: str
) -> None:
    """A server that says by its vendor's header whether and when to try again is heard."""
    stub.script = answers(stub, [(500, {header: "false" if header == "x-should-retry" else "20"})])
    with pytest.raises(package.InternalServerError) as error:
        ask(stubbed)
    assert header in error.value.response.headers


@both
def test_a_broken_connection_is_tried_again(stubbed: Account, stub: Stub, package: ModuleType, ask: _Ask) -> None:
    """A connection that OhMyGPT drops is a 502, and the package may try again, since it sent the call itself."""
    del package
    whole = answers(stub, [])

    async def script(request: web.Request) -> web.StreamResponse:
        if not stub.seen:
            await stub.note(request)
            assert request.transport is not None
            request.transport.abort()
        return await whole(request)

    stub.script = script
    assert ask(stubbed, max_retries=1).usage
    assert len(stub.seen) >= 2


@both
def test_impatience_is_a_timeout(stubbed: Account, stub: Stub, package: ModuleType, ask: _Ask) -> None:
    """A program that waits no longer gets the package's timeout, and OhMyGPT's work ends within a second."""

    async def script(_: web.Request) -> web.Response:
        await stub.passed()
        return web.Response()

    stub.script = script
    with pytest.raises(package.APITimeoutError):
        ask(stubbed, timeout=0.5)
    assert stub.left.wait(1)
