"""OpenAI's responses, by its own package."""

import json
import time
from collections.abc import Iterator
from typing import Any

import openai
import pytest

from tests.sandbox.emulator import BOB, Emulator

URL = "/v1/responses"
CALL: dict[str, Any] = {"model": "gpt-4o-mini", "input": "hi"}
TOOL = {"type": "function", "name": "weather", "parameters": {"properties": {"city": {"type": "string"}}}}


@pytest.fixture
def client(sandbox: Emulator, token: str) -> Iterator[openai.OpenAI]:
    """The vendor's own client, with the token of Alice."""
    with openai.OpenAI(api_key=token, base_url=f"{sandbox.url}/v1", max_retries=0) as made:
        yield made


@pytest.fixture
def stranger(sandbox: Emulator) -> Iterator[openai.OpenAI]:
    """The vendor's own client, with the token of Bob."""
    with openai.OpenAI(api_key=sandbox.token(BOB), base_url=f"{sandbox.url}/v1", max_retries=0) as made:
        yield made


def test_an_input_is_answered(client: openai.OpenAI) -> None:
    """A text and the same text as a message cost and answer the same."""
    message = {"role": "user", "content": [{"type": "input_text", "text": "hi"}]}
    made = [client.responses.create(**CALL | {"input": given}) for given in ("hi", [message])]
    assert made[0].output_text == made[1].output_text
    assert "“hi”" in made[0].output_text
    assert made[0].usage == made[1].usage
    assert made[0].status == "completed"


def test_the_events_come_in_order(client: openai.OpenAI) -> None:
    """The typed events open what they close, are numbered, and end with the whole response and its usage."""
    with client.responses.create(**CALL | {"input": "[[words=2]]"}, stream=True) as stream:
        events = list(stream)
    assert [event.type for event in events] == [
        "response.created",
        "response.in_progress",
        "response.output_item.added",
        "response.content_part.added",
        "response.output_text.delta",
        "response.output_text.delta",
        "response.output_text.done",
        "response.content_part.done",
        "response.output_item.done",
        "response.completed",
    ]
    assert [event.sequence_number for event in events] == list(range(10))
    assert events[-1].response.output_text == "word1 word2"
    assert events[-1].response.usage.output_tokens == 3


def test_the_package_puts_a_stream_together(client: openai.OpenAI) -> None:
    """The accumulator of the package finds what a whole call gives."""
    with client.responses.stream(**CALL) as stream:
        final = stream.get_final_response()
    assert final.output_text == client.responses.create(**CALL).output_text


def test_a_limit_makes_it_incomplete(client: openai.OpenAI) -> None:
    """The reason is told, whole and streamed."""
    call = CALL | {"input": "[[words=99]]", "max_output_tokens": 16}
    whole = client.responses.create(**call)
    with client.responses.create(**call, stream=True) as stream:
        last = list(stream)[-1]
    assert (whole.status, whole.incomplete_details.reason) == ("incomplete", "max_output_tokens")
    assert (last.type, last.response.usage.output_tokens) == ("response.incomplete", 16)


def test_a_tool_is_called_and_its_outcome_answered(client: openai.OpenAI) -> None:
    """The call has deterministic arguments; with its outcome the previous response goes on."""
    call = CALL | {"tools": [TOOL]}
    first = client.responses.create(**call | {"input": "[[tool=weather]]"})
    asked = first.output[0]
    outcome = {"type": "function_call_output", "call_id": asked.call_id, "output": "rain"}
    again = client.responses.create(**call | {"input": [outcome]}, previous_response_id=first.id)
    assert (asked.name, json.loads(asked.arguments)) == ("weather", {"city": "sandbox"})
    assert "rain" in again.output_text


def test_a_tool_call_is_streamed(client: openai.OpenAI) -> None:
    """The pieces of the arguments add up."""
    with client.responses.create(**CALL | {"input": "[[tool=weather]]"}, tools=[TOOL], stream=True) as stream:
        events = list(stream)
    pieces = "".join(event.delta for event in events if event.type == "response.function_call_arguments.delta")
    assert pieces == events[-1].response.output[0].arguments


def test_a_response_is_kept_for_its_owner(client: openai.OpenAI, stranger: openai.OpenAI) -> None:
    """The owner reads it and its input, nobody else; deleted it is gone."""
    made = client.responses.create(**CALL, metadata={"a": "b"})
    assert client.responses.retrieve(made.id) == made
    assert [item.content[0].text for item in client.responses.input_items.list(made.id)] == ["hi"]
    with pytest.raises(openai.NotFoundError):
        stranger.responses.retrieve(made.id)
    client.responses.delete(made.id)
    with pytest.raises(openai.NotFoundError):
        client.responses.retrieve(made.id)


def test_a_response_can_stay_unstored(client: openai.OpenAI) -> None:
    """Without store it can be neither read nor continued."""
    made = client.responses.create(**CALL, store=False)
    with pytest.raises(openai.NotFoundError):
        client.responses.retrieve(made.id)
    with pytest.raises(openai.BadRequestError, match="Previous response"):
        client.responses.create(**CALL, previous_response_id=made.id)


def test_a_streamed_response_is_kept_and_replayed(client: openai.OpenAI) -> None:
    """A stored stream can be read again from any event on, free of charge."""
    with client.responses.create(**CALL, stream=True) as stream:
        events = list(stream)
    with client.responses.retrieve(events[0].response.id, stream=True, starting_after=2) as stream:
        assert list(stream) == events[3:]


def test_earlier_responses_count(client: openai.OpenAI) -> None:
    """A continued response has the tokens of what came before."""
    first = client.responses.create(**CALL)
    second = client.responses.create(**CALL, previous_response_id=first.id)
    assert second.usage.input_tokens > first.usage.input_tokens + first.usage.output_tokens
    assert second.previous_response_id == first.id


def test_a_background_response_finishes_later(client: openai.OpenAI) -> None:
    """It is queued, then in progress, then completed."""
    made = client.responses.create(**CALL | {"input": "[[words=100]]"}, background=True)
    states = [made.status, client.responses.retrieve(made.id).status]
    while (now := client.responses.retrieve(made.id)).status != "completed":
        time.sleep(0.05)
    assert states == ["queued", "in_progress"]
    assert now.output_text.endswith("word100")


def test_a_background_response_can_be_cancelled(client: openai.OpenAI) -> None:
    """Cancelling holds, and a response that ran in the foreground refuses it."""
    made = client.responses.create(**CALL | {"input": "[[words=5000]]"}, background=True)
    assert client.responses.cancel(made.id).status == "cancelled"
    assert client.responses.retrieve(made.id).status == "cancelled"
    with pytest.raises(openai.BadRequestError, match="synchronous"):
        client.responses.cancel(client.responses.create(**CALL).id)


def test_input_items_are_paged(client: openai.OpenAI) -> None:
    """The package walks all pages, newest first or oldest first."""
    texts = [f"t{number}" for number in range(5)]
    made = client.responses.create(**CALL | {"input": [{"role": "user", "content": text} for text in texts]})
    for order, expected in (("asc", texts), ("desc", texts[::-1])):
        found = client.responses.input_items.list(made.id, limit=2, order=order)
        assert [item.content[0].text for item in found] == expected


@pytest.mark.parametrize(
    ("change", "param"),
    [
        ({"input": None}, "input"),
        ({"input": 3}, "input"),
        ({"input": []}, "input"),
        ({"input": [3]}, "input[0]"),
        ({"input": [{"role": "king", "content": "x"}]}, "input[0].role"),
        ({"input": [{"role": "user"}]}, "input[0].content"),
        ({"input": [{"role": "user", "content": [{"type": "input_text"}]}]}, "input[0].content[0].text"),
        ({"input": [{"role": "user", "content": [{"type": "input_image"}]}]}, "input[0].content[0].image_url"),
        ({"input": [{"type": "function_call", "call_id": "x"}]}, "input[0].name"),
        ({"input": [{"type": "function_call_output", "call_id": "x"}]}, "input[0].output"),
        ({"input": [{"type": 3}]}, "input[0].type"),
        ({"max_output_tokens": 1}, "max_output_tokens"),
        ({"metadata": {"a": 3}}, "metadata"),
        ({"metadata": "x"}, "metadata"),
        ({"stream": "x"}, "stream"),
        ({"store": 1}, "store"),
        ({"background": True, "store": False}, "background"),
        ({"temperature": "hot"}, "temperature"),
        ({"top_p": True}, "top_p"),
        ({"truncation": "x"}, "truncation"),
        ({"text": {"format": {"type": "x"}}}, "text.format.type"),
        ({"tools": [{"type": "function"}]}, "tools[0].name"),
        ({"previous_response_id": 3}, "previous_response_id"),
        ({"conversation": 3}, "conversation"),
        ({"conversation": "x", "previous_response_id": "y"}, "conversation"),
        ({"instructions": 3}, "instructions"),
    ],
)
def test_a_bad_response_is_refused(sandbox: Emulator, token: str, change: dict[str, object], param: str) -> None:
    """A 400 names the field, and nothing was paid."""
    answer = sandbox.post(URL, token, CALL | change)
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, param)
    assert sandbox.account()["calls"] == 0


@pytest.mark.parametrize("query", ["limit=0", "limit=x", "limit=101", "limit=٣", "order=up", "after=nothing"])
def test_a_bad_page_is_refused(client: openai.OpenAI, query: str) -> None:
    """Limits, orders and starting points are checked."""
    made = client.responses.create(**CALL)
    key, _, value = query.partition("=")
    with pytest.raises((openai.BadRequestError, openai.NotFoundError)):
        client.responses.input_items.list(made.id, extra_query={key: value})


def test_money_is_needed(stranger: openai.OpenAI) -> None:
    """Bob has none."""
    with pytest.raises(openai.APIStatusError, match="Insufficient balance") as refusal:
        stranger.responses.create(**CALL)
    assert refusal.value.status_code == 402


def test_leaving_a_stream_keeps_no_response(sandbox: Emulator, token: str, client: openai.OpenAI) -> None:
    """A response that was not read to its end is not stored."""
    call = CALL | {"input": "[[words=5000]]", "stream": True}
    with sandbox.post(URL, token, call, stream=True) as answer:
        lines = answer.iter_lines()
        next(lines)
        made = json.loads(next(lines).removeprefix(b"data: "))
    with pytest.raises(openai.NotFoundError):
        client.responses.retrieve(made["response"]["id"])
