"""OpenAI's conversations, by its own package."""

from collections.abc import Iterator
from typing import Any

import openai
import pytest
import requests

from tests.sandbox.emulator import BOB, Emulator

URL = "/v1/conversations"
MESSAGE: dict[str, Any] = {"type": "message", "role": "user", "content": "hi"}


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


def test_a_conversation_lives_until_it_is_deleted(client: openai.OpenAI) -> None:
    """It can be read and renamed, and then it is gone."""
    made = client.conversations.create(metadata={"a": "b"})
    changed = client.conversations.update(made.id, metadata={"a": "c"})
    assert client.conversations.retrieve(made.id) == changed
    assert (made.metadata, changed.metadata) == ({"a": "b"}, {"a": "c"})
    assert client.conversations.delete(made.id).deleted
    with pytest.raises(openai.NotFoundError):
        client.conversations.retrieve(made.id)


def test_items_are_added_read_and_deleted(client: openai.OpenAI) -> None:
    """Each item has an id of its own; the list is newest first."""
    made = client.conversations.create(items=[MESSAGE])
    added = client.conversations.items.create(made.id, items=[MESSAGE | {"content": "two"}]).data[0]
    assert [item.content[0].text for item in client.conversations.items.list(made.id)] == ["two", "hi"]
    assert client.conversations.items.retrieve(added.id, conversation_id=made.id) == added
    assert client.conversations.items.delete(added.id, conversation_id=made.id).id == made.id
    with pytest.raises(openai.NotFoundError):
        client.conversations.items.retrieve(added.id, conversation_id=made.id)


def test_nobody_else_finds_it(client: openai.OpenAI, stranger: openai.OpenAI) -> None:
    """To another account the conversation and its items do not exist."""
    made = client.conversations.create(items=[MESSAGE])
    item = next(iter(client.conversations.items.list(made.id)))
    for attempt in (
        lambda: stranger.conversations.retrieve(made.id),
        lambda: stranger.conversations.delete(made.id),
        lambda: stranger.conversations.items.list(made.id),
        lambda: stranger.conversations.items.retrieve(item.id, conversation_id=made.id),
        lambda: stranger.responses.create(model="gpt-4o", input="x", conversation=made.id),
    ):
        with pytest.raises(openai.NotFoundError):
            attempt()


def test_a_response_adds_to_its_conversation(client: openai.OpenAI) -> None:
    """Question and answer are kept, and the next response counts them."""
    made = client.conversations.create()
    first = client.responses.create(model="gpt-4o", input="one", conversation=made.id)
    second = client.responses.create(model="gpt-4o", input="one", conversation={"id": made.id})
    roles = [item.role for item in client.conversations.items.list(made.id, order="asc")]
    assert roles == ["user", "assistant", "user", "assistant"]
    assert second.usage.input_tokens > first.usage.input_tokens + first.usage.output_tokens
    assert second.conversation.id == made.id


def test_the_oldest_go(client: openai.OpenAI) -> None:
    """An account keeps a bounded number of bytes; what is oldest is forgotten first."""
    made = [client.conversations.create(items=[MESSAGE | {"content": "x" * 15_000_000}]) for _ in range(3)]
    with pytest.raises(openai.NotFoundError):
        client.conversations.retrieve(made[0].id)
    assert client.conversations.retrieve(made[2].id).id == made[2].id


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("", []),
        ("", {"metadata": 3}),
        ("", {"items": 3}),
        ("", {"items": [{"type": "message"}]}),
        ("/{id}", {}),
        ("/{id}", {"metadata": {"x" * 65: "y"}}),
        ("/{id}/items", {}),
        ("/{id}/items", {"items": []}),
        ("/{id}/items", {"items": [MESSAGE] * 21}),
        ("/{id}/items", {"items": [MESSAGE | {"content": [{"type": 3}]}]}),
    ],
)
def test_a_bad_body_is_refused(sandbox: Emulator, token: str, path: str, body: object) -> None:
    """Wrong types and missing fields are a 400 in OpenAI's shape."""
    made = sandbox.post(URL, token, {}).json()
    answer = sandbox.post(URL + path.format(id=made["id"]), token, body)
    assert (answer.status_code, answer.json()["error"]["type"]) == (400, "invalid_request_error")


@pytest.mark.parametrize("path", ["/conv_x", "/conv_x/items", "/conv_x/items/msg_x"])
def test_credentials_come_first(sandbox: Emulator, path: str) -> None:
    """Without a credential nothing is said about what exists."""
    answer = requests.get(sandbox.url + URL + path, timeout=10)
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "invalid_api_key")
