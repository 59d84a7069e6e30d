"""Stored chat completions, by the openai package."""

from collections.abc import Iterator

import openai
import pytest

from tests.sandbox.emulator import BOB, Emulator, chat

URL = "/v1/chat/completions"


@pytest.fixture
def client(sandbox: Emulator, token: str) -> Iterator[openai.OpenAI]:
    """The vendor's own client, with the token of Alice."""
    with openai.OpenAI(api_key=token, base_url=f"{sandbox.url}/v1", max_retries=0) as made:
        yield made


def test_a_chat_is_stored_when_it_is_asked_for(client: openai.OpenAI) -> None:
    """It can be read with what it was asked; a chat without the wish leaves nothing."""
    made = client.chat.completions.create(**chat("hi", store=True))
    client.chat.completions.create(**chat("hi"))
    assert [found.id for found in client.chat.completions.list()] == [made.id]
    assert client.chat.completions.retrieve(made.id).choices == made.choices
    assert [message.content for message in client.chat.completions.messages.list(made.id)] == ["hi"]


def test_a_streamed_chat_is_stored(client: openai.OpenAI) -> None:
    """Its id is the one of the chunks, and its text their sum."""
    with client.chat.completions.create(**chat("hi", store=True), stream=True) as stream:
        chunks = list(stream)
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks)
    assert client.chat.completions.retrieve(chunks[0].id).choices[0].message.content == text


def test_stored_chats_are_found_by_metadata(client: openai.OpenAI) -> None:
    """Metadata and models narrow the list, and the metadata can be replaced."""
    made = [client.chat.completions.create(**chat("hi", store=True, metadata={"n": str(n)})) for n in range(3)]
    assert [found.id for found in client.chat.completions.list(metadata={"n": "1"})] == [made[1].id]
    assert [found.id for found in client.chat.completions.list(limit=1, order="desc")] == [m.id for m in made[::-1]]
    assert not list(client.chat.completions.list(model="gpt-4o"))
    changed = client.chat.completions.update(made[0].id, metadata={"n": "9"})
    assert changed.metadata == client.chat.completions.retrieve(made[0].id).metadata == {"n": "9"}


def test_only_the_owner_deletes(sandbox: Emulator, client: openai.OpenAI) -> None:
    """To another account the chat does not exist; deleted it is gone."""
    made = client.chat.completions.create(**chat("hi", store=True))
    with pytest.raises(openai.NotFoundError):
        client.with_options(api_key=sandbox.token(BOB)).chat.completions.delete(made.id)
    assert client.chat.completions.delete(made.id).deleted
    with pytest.raises(openai.NotFoundError):
        client.chat.completions.retrieve(made.id)


@pytest.mark.parametrize("change", [{"store": "yes"}, {"metadata": [1]}, {"metadata": {"a": 1}}])
def test_bad_wishes_are_refused(sandbox: Emulator, token: str, change: dict[str, object]) -> None:
    """Wrong types are a 400 that names the field."""
    answer = sandbox.post(URL, token, chat() | change)
    assert (answer.status_code, [answer.json()["error"]["param"]]) == (400, list(change))


def test_a_change_needs_metadata(sandbox: Emulator, token: str) -> None:
    """Nothing else can be changed."""
    made = sandbox.post(URL, token, chat(store=True)).json()
    assert sandbox.post(f"{URL}/{made['id']}", token, {}).status_code == 400
