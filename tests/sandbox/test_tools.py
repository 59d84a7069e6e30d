"""Tools, response formats and pictures, in chats and messages, by the vendors' own packages."""

import json
from collections.abc import Iterator

import anthropic
import openai
import pytest
import requests

from tests.sandbox.emulator import Emulator, chat

CHAT = "/v1/chat/completions"
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}, "days": {"type": "integer", "minimum": 3}}}
ARGUMENTS = {"city": "sandbox", "days": 3}
TOOL = {"type": "function", "function": {"name": "weather", "parameters": SCHEMA}}
CLAUDE = {
    "model": "claude-haiku-4-5-20251001",
    "max_tokens": 200,
    "messages": [{"role": "user", "content": "[[tool=weather]]"}],
    "tools": [{"name": "weather", "input_schema": SCHEMA}],
}
PICTURE = "data:image/png;base64,AAAA"


@pytest.fixture
def client(sandbox: Emulator, token: str) -> Iterator[openai.OpenAI]:
    """OpenAI's own client, with the token of Alice."""
    with openai.OpenAI(api_key=token, base_url=f"{sandbox.url}/v1", max_retries=0) as made:
        yield made


@pytest.fixture
def claude(sandbox: Emulator, token: str) -> Iterator[anthropic.Anthropic]:
    """Anthropic's own client, with the token of Alice."""
    with anthropic.Anthropic(api_key=token, base_url=sandbox.url, max_retries=0) as made:
        yield made


def test_a_message_asks_for_a_tool(client: openai.OpenAI) -> None:
    """The arguments fit the tool's schema; without the wish or the tool there is a text."""
    choice = client.chat.completions.create(**chat("[[tool=weather]]", tools=[TOOL])).choices[0]
    assert (choice.finish_reason, choice.message.content) == ("tool_calls", None)
    assert choice.message.tool_calls[0].function.name == "weather"
    assert json.loads(choice.message.tool_calls[0].function.arguments) == ARGUMENTS
    for call in (chat("hi", tools=[TOOL]), chat("[[tool=other]]", tools=[TOOL]), chat("[[tool=weather]]")):
        assert client.chat.completions.create(**call).choices[0].message.content


def test_a_streamed_tool_call_is_put_together(client: openai.OpenAI) -> None:
    """The package's own accumulator finds the same call, and it is paid."""
    call = chat("[[tool=weather]]", tools=[TOOL], stream_options={"include_usage": True})
    with client.chat.completions.stream(**call) as stream:
        whole = stream.get_final_completion()
    assert json.loads(whole.choices[0].message.tool_calls[0].function.arguments) == ARGUMENTS
    assert (whole.choices[0].finish_reason, whole.usage.completion_tokens > 0) == ("tool_calls", True)


def test_the_outcome_of_a_tool_is_answered(client: openai.OpenAI) -> None:
    """After the tool's message the wish is fulfilled, so a loop of calls ends with a text about the outcome."""
    call = chat("[[tool=weather]]", tools=[TOOL])
    first = client.chat.completions.create(**call).choices[0].message
    outcome = {"role": "tool", "tool_call_id": first.tool_calls[0].id, "content": "rain"}
    again = client.chat.completions.create(**call | {"messages": [*call["messages"], first.model_dump(), outcome]})
    assert (again.choices[0].finish_reason, "rain" in again.choices[0].message.content) == ("stop", True)


@pytest.mark.parametrize(
    ("choice", "reason"),
    [
        ("none", "stop"),
        ("auto", "stop"),
        ("required", "tool_calls"),
        ({"type": "function", "function": {"name": "weather"}}, "tool_calls"),
    ],
)
def test_a_tool_choice_is_obeyed(client: openai.OpenAI, choice: object, reason: str) -> None:
    """A choice can forbid tools, ask for any, or for one."""
    answer = client.chat.completions.create(**chat("hi", tools=[TOOL], tool_choice=choice))
    assert answer.choices[0].finish_reason == reason


@pytest.mark.parametrize(
    ("change", "param"),
    [
        ({"tools": {}, "tool_choice": "perhaps"}, "tool_choice.type"),
        ({"tools": "x"}, "tools"),
        ({"tools": [3]}, "tools[0]"),
        ({"tools": [{"type": "function"}]}, "tools[0].function.name"),
        ({"tools": [{"type": "function", "function": {"name": "a b"}}]}, "tools[0].function.name"),
        ({"tools": [{"type": "function", "function": {"name": "a", "parameters": 3}}]}, "tools[0].function.parameters"),
        ({"tools": [TOOL], "tool_choice": 3}, "tool_choice"),
        ({"tools": [TOOL], "tool_choice": {"type": "function", "function": {"name": "x"}}}, "tool_choice"),
        ({"response_format": "json"}, "response_format"),
        ({"response_format": {"type": "yaml"}}, "response_format.type"),
        ({"response_format": {"type": "json_schema"}}, "response_format.json_schema.name"),
        ({"messages": [{"role": "user", "content": [{"type": "image_url"}]}]}, "messages[0].content[0].image_url.url"),
    ],
)
def test_bad_tools_are_named(sandbox: Emulator, token: str, change: dict[str, object], param: str) -> None:
    """A wrong tool, choice, format or picture is a 400 with the name of the field."""
    answer = sandbox.post(CHAT, token, chat() | change)
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, param)


def test_deep_bodies_are_refused(sandbox: Emulator, token: str) -> None:
    """What could be read but not written again is a 400."""
    deep = '{"model": "gpt-4o", "tools": ' + "[" * 300 + "]" * 300 + "}"
    headers = {"Authorization": f"Bearer {token}"}
    assert requests.post(sandbox.url + CHAT, data=deep, headers=headers, timeout=10).status_code == 400


def test_json_is_answered_where_it_is_wanted(client: openai.OpenAI) -> None:
    """A JSON object holds the text; a schema is filled in."""
    wanted = ({"type": "json_object"}, {"type": "json_schema", "json_schema": {"name": "w", "schema": SCHEMA}})
    texts = [
        client.chat.completions.create(**chat("hi", response_format=form)).choices[0].message.content for form in wanted
    ]
    assert "hi" in json.loads(texts[0])["answer"]
    assert json.loads(texts[1]) == ARGUMENTS


def test_every_choice_is_counted(client: openai.OpenAI) -> None:
    """Two choices are twice the tokens, and both are clipped at the newer limit."""
    answer = client.chat.completions.create(**chat("[[words=50]]", n=2, max_tokens=9, max_completion_tokens=4))
    assert [choice.finish_reason for choice in answer.choices] == ["length", "length"]
    assert answer.usage.completion_tokens == 8


def test_a_picture_counts(client: openai.OpenAI, claude: anthropic.Anthropic) -> None:
    """A picture is 85 tokens at both vendors."""
    text = {"type": "text", "text": "x"}
    urls = [text, {"type": "image_url", "image_url": {"url": PICTURE}}]
    blocks = [text, {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AAAA"}}]
    seen = [
        client.chat.completions.create(
            model="gpt-4o", messages=[{"role": "user", "content": parts}]
        ).usage.prompt_tokens
        for parts in ([text], urls)
    ]
    counted = [
        claude.messages.count_tokens(model=CLAUDE["model"], messages=[{"role": "user", "content": parts}]).input_tokens
        for parts in ([text], blocks)
    ]
    assert (seen[1] - seen[0], counted[1] - counted[0]) == (85, 85)


def test_claude_uses_a_tool(claude: anthropic.Anthropic) -> None:
    """The block has an input that fits the schema; the package puts the streamed one together."""
    whole = claude.messages.create(**CLAUDE)
    with claude.messages.stream(**CLAUDE) as stream:
        kinds = [event.type for event in stream]
        streamed = stream.get_final_message()
    assert (whole.stop_reason, whole.content[0].name, whole.content[0].input) == ("tool_use", "weather", ARGUMENTS)
    assert (streamed.stop_reason, streamed.content[0].input, streamed.usage) == ("tool_use", ARGUMENTS, whole.usage)
    assert "input_json" in kinds


def test_claude_answers_the_outcome(claude: anthropic.Anthropic) -> None:
    """After a tool_result the answer is a text about it."""
    asked = claude.messages.create(**CLAUDE).content[0]
    outcome = {"type": "tool_result", "tool_use_id": asked.id, "content": [{"type": "text", "text": "rain"}]}
    history = [*CLAUDE["messages"], {"role": "assistant", "content": [asked]}, {"role": "user", "content": [outcome]}]
    answer = claude.messages.create(**CLAUDE | {"messages": history})
    assert (answer.stop_reason, "rain" in answer.content[0].text) == ("end_turn", True)


@pytest.mark.parametrize(
    "change",
    [
        {"tools": [{"input_schema": SCHEMA}]},
        {"tools": [{"name": "x", "input_schema": 3}]},
        {"tool_choice": {"type": "tool"}},
        {"tool_choice": {"type": "tool", "name": "x"}},
        {"messages": [{"role": "user", "content": [{"type": "tool_result"}]}]},
        {"messages": [{"role": "user", "content": [{"type": "image"}]}]},
    ],
)
def test_claude_refuses_bad_tools(claude: anthropic.Anthropic, change: dict[str, object]) -> None:
    """Anthropic's package recognises the refusal."""
    with pytest.raises(anthropic.BadRequestError, match="invalid_request_error"):
        claude.messages.create(**CLAUDE | change)


def test_the_events_of_claude_are_named(sandbox: Emulator, token: str) -> None:
    """Each event's name is its type, in the order that Anthropic documents."""
    answer = sandbox.post("/v1/messages", token, CLAUDE | {"stream": True, "max_tokens": 1, "tools": []})
    events = [dict(line.split(": ", 1) for line in text.split("\n")) for text in answer.text.split("\n\n") if text]
    names = [event["event"] for event in events]
    assert names[:3] == ["message_start", "content_block_start", "ping"]
    assert names[-3:] == ["content_block_stop", "message_delta", "message_stop"]
    assert [json.loads(event["data"])["type"] for event in events] == names
    assert json.loads(events[-2]["data"])["delta"]["stop_reason"] == "max_tokens"
