"""Anthropic's text completion of old; its package no longer speaks it, so HTTP does."""

import json

import pytest
import requests

from tests.sandbox.emulator import BOB, Emulator

URL = "/v1/complete"
CALL = {"model": "claude-2.1", "prompt": "\n\nHuman: [[words=5]]\n\nAssistant:", "max_tokens_to_sample": 100}


def test_the_last_turn_is_answered(sandbox: Emulator, token: str) -> None:
    """The stream carries the text of the whole answer, in named events."""
    whole = sandbox.post(URL, token, CALL).json()
    answer = sandbox.post(URL, token, CALL | {"stream": True})
    events = [dict(line.split(": ", 1) for line in text.split("\n")) for text in answer.text.split("\n\n") if text]
    bodies = [json.loads(event["data"]) for event in events]
    assert [event["event"] for event in events] == [body["type"] for body in bodies]
    assert "".join(body.get("completion", "") for body in bodies) == whole["completion"]
    assert whole["completion"] == "word1 word2 word3 word4 word5"


def test_limits_end_it(sandbox: Emulator, token: str) -> None:
    """The reason and the sequence that ended it are told."""
    changes = ({}, {"max_tokens_to_sample": 2}, {"stop_sequences": ["word3"]})
    made = [sandbox.post(URL, token, CALL | change).json() for change in changes]
    assert [body["stop_reason"] for body in made] == ["stop_sequence", "max_tokens", "stop_sequence"]
    assert [body["stop"] for body in made] == [None, None, "word3"]


@pytest.mark.parametrize(
    ("change", "status", "kind"),
    [
        ({"prompt": "hi"}, 400, "invalid_request_error"),
        ({"prompt": "\n\nHuman: hi"}, 400, "invalid_request_error"),
        ({"prompt": 3}, 400, "invalid_request_error"),
        ({"max_tokens_to_sample": None}, 400, "invalid_request_error"),
        ({"stream": "x"}, 400, "invalid_request_error"),
        ({"model": "claude-9"}, 404, "not_found_error"),
    ],
)
def test_a_bad_call_is_refused(
    sandbox: Emulator, token: str, change: dict[str, object], status: int, kind: str
) -> None:
    """Refusals have Anthropic's shape and cost nothing."""
    answer = sandbox.post(URL, token, CALL | change)
    assert (answer.status_code, answer.json()["type"], answer.json()["error"]["type"]) == (status, "error", kind)
    assert sandbox.account()["calls"] == 0


def test_it_costs(sandbox: Emulator, token: str) -> None:
    """Alice pays, and Bob is told in Anthropic's shape that he cannot."""
    sandbox.post(URL, token, CALL)
    poor = requests.post(sandbox.url + URL, json=CALL, headers={"x-api-key": sandbox.token(BOB)}, timeout=10)
    assert float(sandbox.account()["spent_on_calls"]) > 0
    assert (poor.status_code, poor.json()["error"]["type"]) == (402, "insufficient_balance_error")
