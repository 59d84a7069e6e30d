"""Bodies of every wrong form, on every AI route that takes JSON."""

from typing import Any

import pytest
import requests

from oauth_app.sandbox.config import Config
from tests.sandbox.emulator import Emulator, chat, running

CLAUDE = {"model": "claude-2.1", "max_tokens": 9, "messages": [{"role": "user", "content": "x"}]}
TOOL = {"type": "function", "name": "f", "function": {"name": "f"}, "parameters": {}, "input_schema": {}}

#: For each route a call that is good.
CALLS: dict[str, dict[str, Any]] = {
    "/v1/chat/completions": chat(tools=[TOOL]),
    "/v1/completions": {"model": "gpt-3.5-turbo-instruct", "prompt": "x"},
    "/v1/embeddings": {"model": "text-embedding-3-small", "input": "x"},
    "/v1/moderations": {"input": "x"},
    "/v1/audio/speech": {"model": "tts-1", "voice": "alloy", "input": "x"},
    "/v1/responses": {"model": "gpt-4o-mini", "input": "x", "tools": [TOOL]},
    "/v1/conversations": {"items": [{"role": "user", "content": "x"}]},
    "/v1/messages": CLAUDE | {"tools": [TOOL]},
    "/v1/messages/count_tokens": CLAUDE | {"tools": [TOOL]},
    "/v1/complete": {"model": "claude-2.1", "prompt": "\n\nHuman: x\n\nAssistant:", "max_tokens_to_sample": 9},
    "/api/v1/ai/openai/cc-omg/v1/messages": CLAUDE,
    "/api/v1/ai/openai/cc-omg/v1/chat/completions": chat(),
    "/api/v1/ai/openai/codex-omg/v1/responses": {"model": "gpt-5-codex", "input": "x"},
}

_CHAT = "model messages tools tool_choice response_format n stop max_tokens stream stream_options store metadata"
_CLAUDE = "model messages tools tool_choice system max_tokens stop_sequences stream"
_RESPONSE = (
    "model input tools tool_choice instructions max_output_tokens previous_response_id conversation store background "
    "stream metadata reasoning text temperature truncation"
)

#: For each route the fields that it reads; the gateways share their handlers with others.
FIELDS = {
    "/v1/chat/completions": _CHAT,
    "/v1/completions": "model prompt n max_tokens stop echo stream stream_options",
    "/v1/embeddings": "model input dimensions encoding_format",
    "/v1/moderations": "model input",
    "/v1/audio/speech": "model input voice response_format stream_format",
    "/v1/responses": _RESPONSE,
    "/v1/conversations": "items metadata",
    "/v1/messages": _CLAUDE,
    "/v1/complete": "model prompt max_tokens_to_sample stop_sequences stream",
}
ODD_VALUES = (
    *(None, True, 0, -1, 1.5, 10**40, "", "x", [], [None], [[]], [[[1]]], ["x", 1], {}, {"type": []}),
    *({"type": "x"}, {"id": []}, {"format": [], "type": "json_schema", "json_schema": {"schema": 1}}),
    *([{"type": {}}], [{"type": "text"}], [{"role": "user", "content": [{"type": "tool_result", "content": [1]}]}]),
    *([{"role": "assistant", "content": None, "tool_calls": 3}], [{"type": "function", "function": {"name": []}}]),
    *([{"type": "message", "role": "user", "content": [{"type": "input_text", "text": {}}]}], [{"type": "reasoning"}]),
    *([{"name": "f", "input_schema": {"type": ["object"], "properties": [1], "enum": 3}}],),
)


@pytest.mark.parametrize("path", CALLS)
def test_a_good_call_is_answered(sandbox: Emulator, token: str, path: str) -> None:
    """The calls that the other tests spoil are good."""
    assert sandbox.post(path, token, CALLS[path]).status_code == 200


@pytest.mark.parametrize("path", FIELDS)
def test_no_value_of_a_field_breaks_a_route(sandbox: Emulator, token: str, path: str) -> None:
    """Whatever a field holds, the answer is a result or a refusal of the caller, never a fault of the sandbox."""
    with requests.Session() as http:
        http.headers["Authorization"] = f"Bearer {token}"
        broken = [
            (field, value)
            for field in FIELDS[path].split()
            for value in ODD_VALUES
            if http.post(sandbox.url + path, json=CALLS[path] | {field: value}, timeout=10).status_code >= 500
        ]
    assert not broken


@pytest.mark.parametrize("path", CALLS)
def test_a_wrong_method_and_a_missing_key_are_refused(sandbox: Emulator, path: str) -> None:
    """405 and 401 come in the shape of the vendor."""
    wrong = requests.put(sandbox.url + path, timeout=10)
    nobody = requests.post(sandbox.url + path, json=CALLS[path], timeout=10)
    assert (wrong.status_code, nobody.status_code) == (405, 401)
    assert "error" in wrong.json()
    assert "error" in nobody.json()


def test_large_bodies_are_refused_everywhere() -> None:
    """413 on every route."""
    with running(Config(body_limit_bytes=1000, faults=True)) as sandbox:
        token = sandbox.token()
        statuses = {path: sandbox.post(path, token, {"x": "y" * 2000}).status_code for path in CALLS}
    assert statuses == dict.fromkeys(CALLS, 413)
