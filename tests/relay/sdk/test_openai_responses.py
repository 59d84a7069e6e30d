"""OpenAI's package: the newer interface, ``responses``."""

import asyncio

import openai
import pytest

from tests.fixtures.accounts import Account
from tests.relay.sdk.conftest import GPT
from tests.relay.sdk.test_openai_chat import WEATHER, Verdict

TOOL = {"type": "function", **WEATHER["function"]}


def test_a_response_is_kept_and_deleted(account: Account) -> None:
    """It can be fetched, its input listed, another built on it, and when it is deleted it is gone."""
    with account.gpt() as client:
        made = client.responses.create(model=GPT, input="Say hello")
        assert "Say hello" in made.output_text
        assert client.responses.retrieve(made.id).output_text == made.output_text
        assert [item.role for item in client.responses.input_items.list(made.id)] == ["user"]
        assert client.responses.create(model=GPT, input="Again", previous_response_id=made.id).output_text
        client.responses.delete(made.id)
        with pytest.raises(openai.NotFoundError):
            client.responses.retrieve(made.id)


def test_a_response_is_streamed(account: Account) -> None:
    """Plain events and the package's own reader tell what the whole response says, in the right order."""
    with account.gpt() as client:
        whole = client.responses.create(model=GPT, input="Say hello").output_text
        events = list(client.responses.create(model=GPT, input="Say hello", stream=True))
        with client.responses.stream(model=GPT, input="Say hello") as stream:
            pieces = [event.delta for event in stream if event.type == "response.output_text.delta"]
            final = stream.get_final_response()
    assert [event.sequence_number for event in events] == list(range(len(events)))
    assert (events[0].type, events[-1].type) == ("response.created", "response.completed")
    assert "".join(pieces) == final.output_text == whole
    assert final.usage == events[-1].response.usage


def test_a_response_in_the_background_is_waited_for(account: Account) -> None:
    """It is queued, and some looks later it is complete."""

    async def wait() -> openai.types.responses.Response:
        async with account.async_gpt() as client:
            response = await client.responses.create(model=GPT, input="[[words=20]]", background=True)
            async with asyncio.timeout(20):
                while response.status in {"queued", "in_progress"}:
                    await asyncio.sleep(0.05)
                    response = await client.responses.retrieve(response.id)
            return response

    assert len(asyncio.run(wait()).output_text.split()) == 20


@pytest.mark.parametrize("is_stream", [False, True])
def test_a_response_calls_a_tool(account: Account, is_stream: bool) -> None:  # noqa: FBT001 - a parameter of a test
    """The call stands among the output, and what the tool says can be handed in by its id."""
    with account.gpt() as client:
        wish = {"model": GPT, "input": "[[tool=get_weather]]", "tools": [TOOL]}
        if is_stream:
            with client.responses.stream(**wish) as stream:
                response = stream.get_final_response()
        else:
            response = client.responses.parse(**wish)
        [call] = [item for item in response.output if item.type == "function_call"]
        assert (call.name, call.parsed_arguments) == ("get_weather", {"city": "Oslo", "days": 1})
        heard = {"type": "function_call_output", "call_id": call.call_id, "output": "Rain"}
        assert client.responses.create(model=GPT, previous_response_id=response.id, input=[heard]).output_text


def test_a_response_is_read_into_a_class(account: Account) -> None:
    """``parse()`` gives an instance of a pydantic class, under asyncio, too."""

    async def ask() -> Verdict | None:
        async with account.async_gpt() as client:
            return (await client.responses.parse(model=GPT, input="Judge", text_format=Verdict)).output_parsed

    assert asyncio.run(ask()) == Verdict(kind="sandbox", stars=1)


def test_a_conversation_is_kept(account: Account) -> None:
    """What is said in it is among its items."""
    with account.gpt() as client:
        talk = client.conversations.create()
        client.responses.create(model=GPT, input="Say hello", conversation=talk.id)
        assert [item.role for item in client.conversations.items.list(talk.id, order="asc")] == ["user", "assistant"]
        assert client.conversations.delete(talk.id).deleted
