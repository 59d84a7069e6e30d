"""The gateways for command-line programs, by the vendors' own packages."""

from decimal import Decimal

import anthropic
import openai
import pytest
import requests

from tests.sandbox.emulator import BOB, Emulator, chat

CLAUDE_CODE = "/api/v1/ai/openai/cc-omg"
CODEX = "/api/v1/ai/openai/codex-omg/v1"
CLAUDE = {
    "model": "claude-sonnet-4-6",
    "max_tokens": 20_000,
    "messages": [{"role": "user", "content": "[[words=1000]]"}],
}


def test_claude_code_gets_its_messages_at_half_price(sandbox: Emulator, token: str) -> None:
    """Whole, streamed and counted, each for half of what it costs elsewhere."""
    with anthropic.Anthropic(api_key=token, base_url=f"{sandbox.url}{CLAUDE_CODE}", max_retries=0) as client:
        whole = client.messages.create(**CLAUDE)
        half = _spent(sandbox)
        counted = client.messages.count_tokens(model=CLAUDE["model"], messages=CLAUDE["messages"])
    sandbox.post("/v1/messages", token, CLAUDE)
    assert counted.input_tokens == whole.usage.input_tokens
    assert _spent(sandbox) - half == pytest.approx(2 * half, abs=Decimal("0.02"))


def test_a_stream_is_cheaper_too(sandbox: Emulator, token: str) -> None:
    """The stream is settled at the price of the gateway."""
    for path in (f"{CLAUDE_CODE}/v1/chat/completions", "/v1/chat/completions"):
        sandbox.post(path, token, chat("[[words=20]]", stream=True))
    spent = _spent(sandbox)
    single = sandbox.post("/v1/chat/completions", token, chat("[[words=20]]")).json()["usage"]
    price = (single["prompt_tokens"] * 150 + single["completion_tokens"] * 600) * 20 * 25_000_000 / 10**11 / 100
    assert float(spent) == pytest.approx(1.5 * price, abs=0.02)


def test_codex_streams_its_responses(sandbox: Emulator, token: str) -> None:
    """The package finds the response where Codex looks for it."""
    with (
        openai.OpenAI(api_key=token, base_url=f"{sandbox.url}{CODEX}", max_retries=0) as client,
        client.responses.stream(model="gpt-5-codex", input="hi") as stream,
    ):
        assert "“hi”" in stream.get_final_response().output_text


def test_models_are_listed(sandbox: Emulator, token: str) -> None:
    """The same list as elsewhere."""
    lists = [_get(sandbox, path, token).json() for path in (f"{CLAUDE_CODE}/models", "/v1/models")]
    assert lists[0] == lists[1]


@pytest.mark.parametrize(
    ("path", "keys"),
    [
        (f"{CLAUDE_CODE}/v1/messages", {"type", "error", "request_id"}),
        (f"{CLAUDE_CODE}/v1/chat/completions", {"error"}),
        (f"{CODEX}/responses", {"error"}),
        (f"{CLAUDE_CODE}/v1/nothing", {"error"}),
    ],
)
def test_refusals_have_the_shape_of_the_vendor(sandbox: Emulator, token: str, path: str, keys: set[str]) -> None:
    """Errors are the vendors', although the address is the platform's."""
    assert sandbox.post(path, token, {}).json().keys() == keys
    assert sandbox.post(path, "sk-wrong", {}).json().keys() == keys


def test_no_money_is_402(sandbox: Emulator) -> None:
    """The text is the one that was seen on this gateway."""
    answer = sandbox.post(f"{CLAUDE_CODE}/v1/chat/completions", sandbox.token(BOB), chat())
    assert (answer.status_code, answer.json()["error"].keys()) == (402, {"message", "type"})


def _spent(sandbox: Emulator) -> Decimal:
    return Decimal(sandbox.account()["spent_on_calls"])


def _get(sandbox: Emulator, path: str, token: str) -> requests.Response:
    return requests.get(sandbox.url + path, headers={"Authorization": f"Bearer {token}"}, timeout=10)
