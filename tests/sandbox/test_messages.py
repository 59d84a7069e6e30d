"""Anthropic's messages, spoken to directly and by the anthropic package."""

import anthropic
import pytest
import requests

from tests.sandbox.emulator import BOB, Emulator

CALL = {"model": "claude-haiku-4-5-20251001", "max_tokens": 200, "messages": [{"role": "user", "content": "hi"}]}


def test_the_anthropic_package_works(sandbox: Emulator, token: str) -> None:
    """The vendor's own client reads an answer, its stream and a token count, which agree."""
    with anthropic.Anthropic(api_key=token, base_url=sandbox.url, max_retries=0) as client:
        whole = client.messages.create(**CALL)
        with client.messages.stream(**CALL) as stream:
            streamed = stream.get_final_message()
        counted = client.messages.count_tokens(model=CALL["model"], messages=CALL["messages"])
    assert streamed.content[0].text == whole.content[0].text
    assert streamed.usage.output_tokens == whole.usage.output_tokens
    assert counted.input_tokens == whole.usage.input_tokens


def test_both_headers_are_taken(sandbox: Emulator, token: str) -> None:
    """The credential may come as x-api-key, as Bearer, or raw."""
    for headers in ({"x-api-key": token}, {"Authorization": f"Bearer {token}"}, {"Authorization": token}):
        assert _post(sandbox, CALL, headers).status_code == 200
    assert sandbox.account()["calls"] == 3


def test_the_stop_reason_tells_what_ended_it(sandbox: Emulator, token: str) -> None:
    """Limits, stop sequences and natural ends have their own reasons."""
    headers = {"x-api-key": token}
    changes = ({}, {"max_tokens": 2}, {"stop_sequences": ["sandbox"]})
    reasons = [_post(sandbox, CALL | change, headers).json()["stop_reason"] for change in changes]
    assert reasons == ["end_turn", "max_tokens", "stop_sequence"]


@pytest.mark.parametrize(
    ("change", "status", "kind"),
    [
        ({"max_tokens": None}, 400, "invalid_request_error"),
        ({"messages": [{"role": "system", "content": "x"}]}, 400, "invalid_request_error"),
        ({"model": "claude-9"}, 404, "not_found_error"),
    ],
)
def test_refusals_have_the_anthropic_shape(
    sandbox: Emulator, token: str, change: dict[str, object], status: int, kind: str
) -> None:
    """Errors are of the vendor's form, with a request id."""
    answer = _post(sandbox, CALL | change, {"x-api-key": token})
    assert (answer.status_code, answer.json()["type"], answer.json()["error"]["type"]) == (status, "error", kind)


def test_credentials_and_money_are_checked(sandbox: Emulator) -> None:
    """A wrong key is 401 and an empty account 402, both in Anthropic's shape."""
    wrong = _post(sandbox, CALL, {"x-api-key": "sk-ant"})
    poor = _post(sandbox, CALL, {"x-api-key": sandbox.token(BOB)})
    assert (wrong.status_code, wrong.json()["error"]["type"]) == (401, "authentication_error")
    assert (poor.status_code, poor.json()["error"]["type"]) == (402, "insufficient_balance_error")


def _post(sandbox: Emulator, body: object, headers: dict[str, str]) -> requests.Response:
    return requests.post(f"{sandbox.url}/v1/messages", json=body, headers=headers, timeout=10)
