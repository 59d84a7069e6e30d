"""OpenAI's chat and models, spoken to directly and by the openai package."""

import json
import time
from decimal import Decimal

import openai
import pytest
import requests

from tests.sandbox.emulator import BOB, Emulator, chat

CHAT = "/v1/chat/completions"


def test_equal_questions_have_equal_answers(sandbox: Emulator, token: str) -> None:
    """The answer repeats the question, names the sandbox, and depends on nothing else."""
    texts = {_answer(sandbox, token, "what is six by nine?") for _ in range(2)}
    assert len(texts) == 1
    assert "what is six by nine?" in texts.copy().pop()


def test_every_call_costs(sandbox: Emulator, token: str) -> None:
    """The balance falls by the price of the tokens in the usage block."""
    usage = sandbox.post(CHAT, token, chat("[[words=100]]")).json()["usage"]
    milli_usd = usage["prompt_tokens"] * 150 + usage["completion_tokens"] * 600
    cents = -(-milli_usd * 20 * 25_000_000 // 100_000_000_000)
    assert Decimal("3400000.00") - Decimal(sandbox.account()["balance"]) == Decimal(cents) / 100


def test_the_free_allowance_is_used_first(sandbox: Emulator, token: str) -> None:
    """A call takes from the free balance before it touches the paid one."""
    sandbox.control("PUT", "accounts/alice@example.com", {"balance": "10.00", "free_balance": "0.10"})
    sandbox.post(CHAT, token, chat())
    account = sandbox.account()
    assert account["free_balance"] == "0.00"
    assert Decimal(9) < Decimal(account["balance"]) < Decimal(10)


def test_a_stream_carries_the_same_text(sandbox: Emulator, token: str) -> None:
    """The pieces of a stream add up to the answer, between a role and a finish reason."""
    chunks = _stream(sandbox, token, chat("hello", stream=True))
    deltas = [chunk["choices"][0]["delta"] for chunk in chunks]
    assert deltas[0] == {"role": "assistant", "content": ""}
    assert chunks[-1]["choices"][0]["finish_reason"] == "stop"
    assert "".join(delta.get("content", "") for delta in deltas) == _answer(sandbox, token, "hello")


def test_the_usage_chunk_comes_last(sandbox: Emulator, token: str) -> None:
    """With include_usage a chunk without choices ends the stream, and the others say null."""
    chunks = _stream(sandbox, token, chat(stream=True, stream_options={"include_usage": True}))
    assert chunks[-1]["choices"] == []
    assert chunks[-1]["usage"]["total_tokens"] > 0
    assert {str(chunk["usage"]) for chunk in chunks[:-1]} == {"None"}


def test_max_tokens_and_stop_end_the_answer(sandbox: Emulator, token: str) -> None:
    """A limit clips the text and says so; a stop sequence does not appear in it."""
    clipped = sandbox.post(CHAT, token, chat("[[words=50]]", max_tokens=3)).json()
    stopped = sandbox.post(CHAT, token, chat("[[words=50]]", stop=["word3", "zzz"])).json()
    assert (clipped["choices"][0]["finish_reason"], clipped["usage"]["completion_tokens"]) == ("length", 3)
    assert stopped["choices"][0]["message"]["content"] == "word1 word2 "


def test_leaving_a_stream_pays_for_what_was_sent(sandbox: Emulator, token: str) -> None:
    """A reader who hangs up stops the answer and pays less than the whole."""
    with sandbox.post(CHAT, token, chat("[[words=5000]]", stream=True), stream=True) as answer:
        next(answer.iter_lines())
    # A token of this model costs 0.03 units, and the whole answer has more than ten thousand.
    assert Decimal(0) < _settled(sandbox) < Decimal(30)


def test_no_money_is_402_in_the_observed_shape(sandbox: Emulator) -> None:
    """The body has message and type alone, as was seen in production."""
    answer = sandbox.post(CHAT, sandbox.token(BOB), chat())
    assert answer.status_code == 402
    assert answer.json()["error"].keys() == {"message", "type"}
    assert answer.json()["error"]["type"] == "insufficient_balance_error"


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"messages": [{"role": "user", "content": "x"}]}, "model"),
        (chat() | {"model": 4}, "model"),
        (chat() | {"messages": []}, "messages"),
        (chat() | {"messages": "hi"}, "messages"),
        (chat() | {"messages": [3]}, "messages[0]"),
        (chat() | {"messages": [{"role": "king", "content": "x"}]}, "messages[0].role"),
        (chat() | {"messages": [{"role": "user", "content": 3}]}, "messages[0].content"),
        (chat() | {"messages": [{"role": "user", "content": [{"type": "text"}]}]}, "messages[0].content[0].text"),
        (chat(stream="yes"), "stream"),
        (chat(stream_options=[1]), "stream_options"),
        (chat(max_tokens=0), "max_tokens"),
        (chat(max_tokens=True), "max_tokens"),
        (chat(n=10**30), "n"),
        (chat(stop=[1]), "stop"),
        ([], None),
    ],
)
def test_a_bad_body_is_a_400_that_names_the_field(
    sandbox: Emulator, token: str, body: object, param: str | None
) -> None:
    """Missing fields and wrong types are refused in OpenAI's shape."""
    answer = sandbox.post(CHAT, token, body)
    error = answer.json()["error"]
    assert (answer.status_code, error["type"], error["param"]) == (400, "invalid_request_error", param)


@pytest.mark.parametrize("body", [b"", b"{", b"\xff\xfe", b'{"model": NaN}', b"[" * 100_000, b'{"model": "\\ud800"}'])
def test_a_body_that_is_no_json_is_a_400(sandbox: Emulator, token: str, body: bytes) -> None:
    """Bytes that cannot be read are refused and never become a 500."""
    headers = {"Authorization": f"Bearer {token}"}
    answer = requests.post(sandbox.url + CHAT, data=body, headers=headers, timeout=10)
    assert (answer.status_code, answer.json()["error"]["type"]) == (400, "invalid_request_error")


def test_a_revoked_token_is_named(sandbox: Emulator, token: str) -> None:
    """A 401 of an OAuth token has its own type, a wrong key has OpenAI's."""
    sandbox.control("POST", "tokens/revoke", {"email": "alice@example.com"})
    kinds = [sandbox.post(CHAT, credential, chat()).json()["error"]["type"] for credential in (token, "sk-x")]
    assert kinds == ["oauth_invalid_token_error", "invalid_request_error"]


def test_the_openai_package_works(sandbox: Emulator, token: str) -> None:
    """The vendor's own client reads answers, streams, models and embeddings."""
    with openai.OpenAI(api_key=token, base_url=f"{sandbox.url}/v1", max_retries=0) as client:
        whole = client.chat.completions.create(**chat("hi"))
        with client.chat.completions.create(**chat("hi"), stream=True) as stream:
            text = "".join(chunk.choices[0].delta.content or "" for chunk in stream)
        vector = client.embeddings.create(model="text-embedding-3-small", input="hi").data[0].embedding
        assert client.models.retrieve("gpt-4o").owned_by == "openai"
    assert text == whole.choices[0].message.content
    assert len(vector) == 1536


def test_the_openai_package_raises_its_own_errors(sandbox: Emulator, token: str) -> None:
    """The vendor's client recognises each refusal."""
    with openai.OpenAI(api_key=token, base_url=f"{sandbox.url}/v1", max_retries=0) as client:
        with pytest.raises(openai.NotFoundError, match="does not exist"):
            client.chat.completions.create(**chat() | {"model": "gpt-9"})
        with pytest.raises(openai.BadRequestError):
            client.chat.completions.create(**chat() | {"model": "text-embedding-3-small"})
        with pytest.raises(openai.AuthenticationError):
            client.with_options(api_key="sk-wrong").models.list()


def _answer(sandbox: Emulator, token: str, prompt: str) -> str:
    return str(sandbox.post(CHAT, token, chat(prompt)).json()["choices"][0]["message"]["content"])


def _stream(sandbox: Emulator, token: str, body: object) -> list[dict[str, object]]:
    with sandbox.post(CHAT, token, body, stream=True) as answer:
        lines = [line.removeprefix(b"data: ") for line in answer.iter_lines() if line]
    assert lines.pop() == b"[DONE]"
    return [json.loads(line) for line in lines]


def _settled(sandbox: Emulator) -> Decimal:
    for _ in range(100):
        account = sandbox.account()
        if account["calls"]:
            return Decimal(account["spent_on_calls"])
        time.sleep(0.02)
    raise AssertionError
