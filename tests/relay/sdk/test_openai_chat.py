"""OpenAI's package: chats, tools, structured answers, and the small calls."""

import asyncio
from typing import Any

import openai
import pytest
from pydantic import BaseModel

from tests.fixtures.accounts import Account
from tests.relay.sdk.conftest import GPT

QUESTION: list[dict[str, str]] = [{"role": "user", "content": "Say hello"}]
WEATHER: dict[str, Any] = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "strict": True,
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string", "enum": ["Oslo"]}, "days": {"type": "integer"}},
            "required": ["city", "days"],
            "additionalProperties": False,
        },
    },
}
ASKED: list[dict[str, str]] = [{"role": "user", "content": "[[tool=get_weather]] What is the weather?"}]


class Verdict(BaseModel):
    """What a structured answer is read into."""

    kind: str
    stars: int


def test_a_chat_is_streamed_by_the_packages_own_reader(account: Account) -> None:
    """``chat.completions.stream()`` tells each piece, and at the end the whole, with the tokens of the whole answer."""
    with account.gpt() as client:
        whole = client.chat.completions.create(model=GPT, messages=QUESTION)
        with client.chat.completions.stream(
            model=GPT, messages=QUESTION, stream_options={"include_usage": True}
        ) as stream:
            pieces = [event.delta for event in stream if event.type == "content.delta"]
            streamed = stream.get_final_completion()
    assert len(pieces) > 5
    assert "".join(pieces) == streamed.choices[0].message.content == whole.choices[0].message.content
    assert streamed.usage == whole.usage


def test_the_asynchronous_half_does_the_same(account: Account) -> None:
    """Chat, stream and the package's own reader give one text under asyncio, too, also three at a time."""

    async def ask() -> set[str | None]:
        async with account.async_gpt() as client:
            whole, plain, read = await asyncio.gather(
                client.chat.completions.create(model=GPT, messages=QUESTION), plainly(client), by_reader(client)
            )
        return {whole.choices[0].message.content, plain, read}

    async def plainly(client: openai.AsyncOpenAI) -> str:
        stream = await client.chat.completions.create(model=GPT, messages=QUESTION, stream=True)
        return "".join([chunk.choices[0].delta.content or "" async for chunk in stream])

    async def by_reader(client: openai.AsyncOpenAI) -> str | None:
        async with client.chat.completions.stream(model=GPT, messages=QUESTION) as stream:
            return (await stream.get_final_completion()).choices[0].message.content

    [said] = asyncio.run(ask())
    assert "Say hello" in str(said)


@pytest.mark.parametrize("is_stream", [False, True])
def test_a_tool_is_called_and_its_answer_heard(account: Account, is_stream: bool) -> None:  # noqa: FBT001 - a parameter of a test
    """The model's call has the tool's arguments, in one piece or in many; what the tool says goes back to the model."""
    with account.gpt() as client:
        call = (_streamed_call if is_stream else _whole_call)(client)
        assert call.function.name == "get_weather"
        assert call.function.parsed_arguments == {"city": "Oslo", "days": 1}
        turn = {"role": "assistant", "tool_calls": [call.model_dump(exclude={"function": {"parsed_arguments"}})]}
        heard = {"role": "tool", "tool_call_id": call.id, "content": "Rain"}
        end = client.chat.completions.create(model=GPT, messages=[*ASKED, turn, heard], tools=[WEATHER])
    assert end.choices[0].finish_reason == "stop"


def _whole_call(client: openai.OpenAI) -> Any:  # noqa: ANN401 - the package's own class
    answer = client.chat.completions.parse(model=GPT, messages=ASKED, tools=[WEATHER])
    assert answer.choices[0].finish_reason == "tool_calls"
    [call] = answer.choices[0].message.tool_calls or []
    return call


def _streamed_call(client: openai.OpenAI) -> Any:  # noqa: ANN401 - the package's own class
    with client.chat.completions.stream(model=GPT, messages=ASKED, tools=[WEATHER]) as stream:
        kinds = [event.type for event in stream]
        [call] = stream.get_final_completion().choices[0].message.tool_calls or []
    assert kinds.count("tool_calls.function.arguments.delta") >= 1
    return call


def test_a_structured_answer_is_read_into_a_class(account: Account) -> None:
    """``parse()`` sends the schema of a pydantic class and gives back an instance, whole and from a stream."""
    with account.gpt() as client:
        answer = client.chat.completions.parse(model=GPT, messages=QUESTION, response_format=Verdict)
        with client.chat.completions.stream(model=GPT, messages=QUESTION, response_format=Verdict) as stream:
            streamed = stream.get_final_completion()
    assert answer.choices[0].message.parsed == Verdict(kind="sandbox", stars=1)
    assert streamed.choices[0].message.parsed == answer.choices[0].message.parsed


@pytest.mark.parametrize("is_stream", [False, True])
def test_completions_of_old_work(account: Account, is_stream: bool) -> None:  # noqa: FBT001 - a parameter of a test
    """``completions.create`` completes a prompt, at once and as a stream."""
    with account.gpt() as client:
        answer = client.completions.create(model="gpt-3.5-turbo-instruct", prompt="[[words=9]]", stream=is_stream)
        answers = list(answer) if is_stream else [answer]
    assert len("".join(part.choices[0].text for part in answers).split()) == 9


def test_a_stored_chat_is_listed_and_deleted(account: Account) -> None:
    """What was stored is found by its metadata, page by page; what was deleted is not."""
    with account.gpt() as client:
        made = [
            client.chat.completions.create(model=GPT, messages=QUESTION, store=True, metadata={"of": "sdk"}).id
            for _ in range(3)
        ]
        listed = [chat.id for chat in client.chat.completions.list(metadata={"of": "sdk"}, limit=2)]
        gone = client.chat.completions.delete(made[0])
        assert (sorted(listed), gone.deleted) == (sorted(made), True)
        with pytest.raises(openai.NotFoundError):
            client.chat.completions.retrieve(made[0])


def test_embeddings_come_as_numbers(account: Account) -> None:
    """The package asks for base64 and gives numbers, as many as were asked for."""
    with account.gpt() as client:
        packed = client.embeddings.create(model="text-embedding-3-small", input=["a", "b"], dimensions=64)
        plain = client.embeddings.create(
            model="text-embedding-3-small", input=["a", "b"], dimensions=64, encoding_format="float"
        )
    assert [len(item.embedding) for item in packed.data] == [64, 64]
    assert packed.data[0].embedding == pytest.approx(plain.data[0].embedding)


def test_texts_are_moderated(account: Account) -> None:
    """A text that asks for a flag gets it."""
    with account.gpt() as client:
        answer = client.moderations.create(input="[[flag=violence]] Hello")
    assert answer.results[0].flagged
    assert answer.results[0].categories.violence
    assert not answer.results[0].categories.hate


def test_a_model_is_described(account: Account) -> None:
    """A model from the list can be asked for by its name."""
    with account.gpt() as client:
        names = [model.id for model in client.models.list()]
        assert client.models.retrieve(GPT).id == GPT
    assert len(names) > 5


def test_the_request_id_is_told(account: Account) -> None:
    """``with_raw_response`` shows the headers; the id in them is the one in the answer, and another for each call."""
    with account.gpt() as client:
        raw = client.chat.completions.with_raw_response.create(model=GPT, messages=QUESTION)
        other = client.chat.completions.create(model=GPT, messages=QUESTION)
        with client.chat.completions.with_streaming_response.create(model=GPT, messages=QUESTION) as streaming:
            third = streaming.headers["x-request-id"]
    assert raw.headers["x-request-id"] == raw.request_id == raw.parse()._request_id  # noqa: SLF001 - documented by OpenAI under this name
    assert len({raw.request_id, other._request_id, third}) == 3  # noqa: SLF001 - as above
