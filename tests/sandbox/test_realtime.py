"""Realtime talks over a WebSocket, by the openai package and by hand."""

import base64
import json
import time
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import openai
import pytest
from openai.resources.realtime.realtime import RealtimeConnection
from websockets.exceptions import InvalidStatus
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Subprotocol

from tests.sandbox.emulator import ALICE, BOB, Emulator

#: The openai package opens its connection in a way that the websockets package would rather not see.
pytestmark = pytest.mark.filterwarnings(r"ignore:connect\(\) must be used as a context manager:DeprecationWarning")

PATH = "/v1/realtime?model=gpt-realtime"
TEXT = {"output_modalities": ["text"]}
TOOL = {"type": "function", "name": "weather", "parameters": {"properties": {"city": {"type": "string"}}}}


@pytest.fixture
def talk(sandbox: Emulator, token: str) -> Iterator[RealtimeConnection]:
    """A talk of Alice by the vendor's own client; the session has been created."""
    with (
        openai.OpenAI(api_key=token, base_url=f"{sandbox.url}/v1", max_retries=0) as client,
        client.realtime.connect(model="gpt-realtime") as made,
    ):
        assert made.recv().type == "session.created"
        yield made


@pytest.fixture
def wire(sandbox: Emulator, token: str) -> Iterator[ClientConnection]:
    """A talk of Alice that can send anything; the session has been created."""
    with _connect(sandbox, {"Authorization": f"Bearer {token}"}) as made:
        made.recv(5)
        yield made


def test_a_text_is_answered_by_text(talk: RealtimeConnection) -> None:
    """The events come in order, the deltas add up, and the usage is in the last one."""
    _ask(talk, "[[words=2]]")
    talk.response.create(response=TEXT)
    events = _until_done(talk)
    assert [event.type for event in events] == [
        "response.created",
        "response.output_item.added",
        "conversation.item.added",
        "response.content_part.added",
        "response.output_text.delta",
        "response.output_text.delta",
        "response.output_text.done",
        "response.content_part.done",
        "response.output_item.done",
        "conversation.item.done",
        "response.done",
    ]
    assert events[6].text == "word1 word2"
    assert events[-1].response.output[0].content[0].text == "word1 word2"
    assert events[-1].response.usage.output_tokens == 3


def test_a_text_is_answered_by_sound(talk: RealtimeConnection) -> None:
    """A session begins with sound: each word is a twentieth of a second of PCM, with its transcript."""
    _ask(talk, "[[words=4]]")
    talk.response.create()
    events = _until_done(talk)
    heard = b"".join(base64.b64decode(event.delta) for event in events if event.type == "response.output_audio.delta")
    said = "".join(event.delta for event in events if event.type == "response.output_audio_transcript.delta")
    assert len(heard) == 4 * 2400
    assert said == events[-1].response.output[0].content[0].transcript == "word1 word2 word3 word4"
    assert events[-1].response.usage.output_token_details.audio_tokens == 4


def test_a_session_can_be_changed(talk: RealtimeConnection) -> None:
    """What was changed holds for the answers that follow."""
    talk.session.update(session={"type": "realtime", "instructions": "be brief", **TEXT})
    session = talk.recv().session
    _ask(talk, "hi")
    talk.response.create()
    assert (session.instructions, session.output_modalities) == ("be brief", ["text"])
    assert _until_done(talk)[-1].response.output_modalities == ["text"]


def test_a_tool_is_called(talk: RealtimeConnection) -> None:
    """The call has arguments of its schema, and its outcome is answered."""
    talk.session.update(session={"type": "realtime", "tools": [TOOL], **TEXT})
    talk.recv()
    _ask(talk, "[[tool=weather]]")
    talk.response.create()
    call = _until_done(talk)[-1].response.output[0]
    talk.conversation.item.create(item={"type": "function_call_output", "call_id": call.call_id, "output": "rain"})
    talk.response.create()
    assert (call.name, json.loads(call.arguments)) == ("weather", {"city": "sandbox"})
    assert "rain" in _until_done(talk)[-1].response.output[0].content[0].text


def test_sound_becomes_an_item(talk: RealtimeConnection) -> None:
    """What was appended is committed as a message of the person; an empty buffer is refused."""
    talk.input_audio_buffer.append(audio=base64.b64encode(bytes(48_000)).decode())
    talk.input_audio_buffer.commit()
    events = [talk.recv() for _ in range(3)]
    talk.input_audio_buffer.commit()
    assert [event.type for event in events[:2]] == ["input_audio_buffer.committed", "conversation.item.added"]
    assert events[1].item.content[0].transcript == "1000 ms of sound"
    assert talk.recv().error.code == "input_audio_buffer_commit_empty"


def test_items_can_be_read_and_deleted(talk: RealtimeConnection) -> None:
    """An item keeps the id that it was given, until it is deleted."""
    part = {"type": "input_text", "text": "hi"}
    talk.conversation.item.create(item={"id": "mine", "type": "message", "role": "user", "content": [part]})
    added = [talk.recv(), talk.recv()][0].item
    talk.conversation.item.retrieve(item_id="mine")
    assert talk.recv().item == added
    talk.conversation.item.delete(item_id="mine")
    assert talk.recv().item_id == "mine"
    talk.conversation.item.retrieve(item_id="mine")
    assert talk.recv().error.code == "item_not_found"


def test_an_answer_can_be_cancelled(sandbox: Emulator, talk: RealtimeConnection) -> None:
    """Only one answer runs at a time; cancelled, it is paid as far as it got."""
    _ask(talk, "[[words=9000]]")
    talk.response.create(response=TEXT)
    talk.response.create(response=TEXT)
    talk.response.cancel()
    events = _until_done(talk)
    assert [event.error.code for event in events if event.type == "error"] == [
        "conversation_already_has_active_response"
    ]
    assert events[-1].response.status == "cancelled"
    assert events[-1].response.usage.output_tokens < 5000
    assert sandbox.account()["calls"] == 1
    talk.response.cancel()
    assert talk.recv().error.code == "response_cancel_not_active"


def test_a_limit_makes_it_incomplete(talk: RealtimeConnection) -> None:
    """The reason is told."""
    _ask(talk, "[[words=99]]")
    talk.response.create(response=TEXT | {"max_output_tokens": 5})
    response = _until_done(talk)[-1].response
    assert (response.status, response.status_details.reason) == ("incomplete", "max_output_tokens")


def test_leaving_pays_for_what_was_sent(sandbox: Emulator, token: str) -> None:
    """Whoever hangs up in the middle of an answer pays less than the whole."""
    with _connect(sandbox, {"Authorization": f"Bearer {token}"}) as wire:
        wire.send(json.dumps({"type": "response.create", "response": TEXT | {"input": [_message("[[words=9000]]")]}}))
        while json.loads(wire.recv(5))["type"] != "response.output_text.delta":
            pass
    for _ in range(100):
        if sandbox.account()["calls"]:
            break
        time.sleep(0.02)
    # A token of this model costs 1.6 units, and the whole answer has some twenty thousand.
    assert Decimal(0) < Decimal(sandbox.account()["spent_on_calls"]) < Decimal(8000)


@pytest.mark.parametrize(
    ("event", "param"),
    [
        ({}, "type"),
        ({"type": 3}, "type"),
        ({"type": "response.dance"}, "type"),
        ({"type": "session.update", "session": 3}, "session"),
        ({"type": "session.update", "session": {"type": "dance"}}, "session.type"),
        ({"type": "session.update", "session": {"output_modalities": ["smell"]}}, "session.output_modalities"),
        ({"type": "session.update", "session": {"tools": [{"type": "function"}]}}, "session.tools[0].name"),
        ({"type": "session.update", "session": {"audio": {"output": {"voice": 3}}}}, "session.audio.output.voice"),
        ({"type": "session.update", "session": {"instructions": 3}}, "session.instructions"),
        ({"type": "conversation.item.create"}, "item.role"),
        ({"type": "conversation.item.create", "item": {"role": "user", "content": 3}}, "item.content"),
        ({"type": "conversation.item.create", "item": {"role": "user", "content": "x", "id": 3}}, "item.id"),
        ({"type": "conversation.item.retrieve"}, "item_id"),
        ({"type": "conversation.item.delete", "item_id": "x"}, "item_id"),
        ({"type": "input_audio_buffer.append", "audio": "!"}, "audio"),
        ({"type": "response.create", "response": {"input": 3}}, "response.input"),
        ({"type": "response.create", "response": {"max_output_tokens": 0}}, "response.max_output_tokens"),
        ({"type": "response.create", "response": {"conversation": "x"}}, "response.conversation"),
        ({"type": "response.create", "response": {"metadata": {"a": 1}}}, "metadata"),
    ],
)
def test_a_bad_event_is_answered_by_an_error(wire: ClientConnection, event: dict[str, Any], param: str) -> None:
    """The error names the event and the field, and the talk goes on."""
    wire.send(json.dumps(event | {"event_id": "e1"}))
    error = json.loads(wire.recv(5))
    assert (error["type"], error["error"]["event_id"], error["error"]["param"]) == ("error", "e1", param)
    wire.send(json.dumps({"type": "input_audio_buffer.clear"}))
    assert json.loads(wire.recv(5))["type"] == "input_audio_buffer.cleared"


@pytest.mark.parametrize("data", ["", "{", "[]", "NaN", '{"type": "\\ud800"}', b"\x00", "[" * 5000])
def test_what_is_no_event_is_answered_by_an_error(wire: ClientConnection, data: str | bytes) -> None:
    """Whatever is sent, the talk goes on."""
    wire.send(data)
    assert json.loads(wire.recv(5))["error"]["type"] == "invalid_request_error"


def test_a_browser_hides_its_key_in_a_subprotocol(sandbox: Emulator, token: str) -> None:
    """The server chooses the other one, so that the key is not repeated."""
    offered = [Subprotocol("realtime"), Subprotocol(f"openai-insecure-api-key.{token}")]
    with connect(sandbox.url.replace("http", "ws") + PATH, subprotocols=offered) as wire:
        assert (wire.subprotocol, json.loads(wire.recv(5))["type"]) == ("realtime", "session.created")


@pytest.mark.parametrize(
    ("credential", "path", "status"),
    [("", PATH, 401), ("sk-wrong", PATH, 401), (ALICE, "/v1/realtime", 404), (ALICE, "/v1/realtime?model=gpt-4o", 400)],
)
def test_who_may_not_talk_gets_an_http_answer(sandbox: Emulator, credential: str, path: str, status: int) -> None:
    """A refusal before the talk is of OpenAI's shape."""
    key = sandbox.token() if credential == ALICE else credential
    with pytest.raises(InvalidStatus) as refusal:
        _connect(sandbox, {"Authorization": key} if key else {}, path)
    assert refusal.value.response.status_code == status
    assert json.loads(refusal.value.response.body)["error"]["type"] == "invalid_request_error"


def test_no_money_and_lost_tokens_are_errors(sandbox: Emulator) -> None:
    """Each answer is paid and authorized anew."""
    poor = sandbox.token(BOB)
    with _connect(sandbox, {"Authorization": f"Bearer {poor}"}) as wire:
        wire.recv(5)
        wire.send('{"type": "response.create"}')
        assert json.loads(wire.recv(5))["error"]["type"] == "insufficient_balance_error"
        sandbox.control("POST", "tokens/revoke", {"email": BOB})
        wire.send('{"type": "response.create"}')
        assert json.loads(wire.recv(5))["error"]["type"] == "oauth_invalid_token_error"


def test_without_an_upgrade_there_is_nothing(sandbox: Emulator, token: str) -> None:
    """A plain request is told so in OpenAI's shape."""
    answer = sandbox.post("/v1/realtime", token, {})
    assert (answer.status_code, answer.json()["error"]["type"]) == (404, "invalid_request_error")


def _connect(sandbox: Emulator, headers: dict[str, str], path: str = PATH) -> ClientConnection:
    return connect(sandbox.url.replace("http", "ws") + path, additional_headers=headers)


def _message(text: str) -> dict[str, Any]:
    return {"type": "message", "role": "user", "content": [{"type": "input_text", "text": text}]}


def _ask(talk: RealtimeConnection, text: str) -> None:
    talk.conversation.item.create(item=_message(text))
    assert [talk.recv().type for _ in range(2)] == ["conversation.item.added", "conversation.item.done"]


def _until_done(talk: RealtimeConnection) -> list[Any]:
    """Return the events up to the end of a response; those about items that were added before are left out."""
    events: list[Any] = []
    while not events or events[-1].type != "response.done":
        event = talk.recv()
        if event.type != "conversation.item.added" or events:
            events.append(event)
    return events if events[0].type != "conversation.item.done" else events[1:]
