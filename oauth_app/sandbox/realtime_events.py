"""The events of one realtime response; they follow from the finished one."""

import base64
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from oauth_app.sandbox import answers, sound, tokens
from oauth_app.sandbox.response_events import Step


@dataclass(frozen=True, kw_only=True)
class Spoken:
    """A response and the one item it consists of."""

    response: dict[str, Any]
    item: dict[str, Any]
    text: str
    is_audio: bool
    voice: str

    def count(self, said: str) -> int:
        """Return the tokens of what was said so far; a word of sound is one more."""
        return tokens.count(said) + (len(said.split()) if self.is_audio else 0)


def steps(spoken: Spoken) -> Iterator[Step]:
    """Yield the events before ``response.done``, each with the text that is produced by it."""
    place = {"response_id": spoken.response["id"], "output_index": 0, "item_id": spoken.item["id"]}
    outer = {key: value for key, value in place.items() if key != "item_id"}
    empty: dict[str, Any] = {"content": []} if spoken.item["type"] == "message" else {"arguments": ""}
    opened = spoken.item | empty | {"status": "in_progress"}
    yield "", {"type": "response.output_item.added", **outer, "item": opened}
    yield "", {"type": "conversation.item.added", "previous_item_id": None, "item": opened}
    yield from (
        _said(spoken, place | {"content_index": 0}) if spoken.item["type"] == "message" else _called(spoken, place)
    )
    yield "", {"type": "response.output_item.done", **outer, "item": spoken.item}
    yield "", {"type": "conversation.item.done", "previous_item_id": None, "item": spoken.item}


def _said(spoken: Spoken, place: dict[str, Any]) -> Iterator[Step]:
    key = "transcript" if spoken.is_audio else "text"
    part = {"type": "audio" if spoken.is_audio else "text"}
    kind = "response.output_audio_transcript" if spoken.is_audio else "response.output_text"
    yield "", {"type": "response.content_part.added", **place, "part": part | {key: ""}}
    for piece in answers.pieces(spoken.text):
        yield piece, {"type": f"{kind}.delta", **place, "delta": piece}
        if spoken.is_audio:
            heard = base64.b64encode(sound.tone(piece, spoken.voice)).decode()
            yield "", {"type": "response.output_audio.delta", **place, "delta": heard}
    if spoken.is_audio:
        yield "", {"type": "response.output_audio.done", **place}
    yield "", {"type": f"{kind}.done", **place, key: spoken.text}
    yield "", {"type": "response.content_part.done", **place, "part": part | {key: spoken.text}}


def _called(spoken: Spoken, place: dict[str, Any]) -> Iterator[Step]:
    call = {"call_id": spoken.item["call_id"]}
    for piece in answers.pieces(spoken.text):
        yield piece, {"type": "response.function_call_arguments.delta", **place, **call, "delta": piece}
    named = {"name": spoken.item["name"], "arguments": spoken.text}
    yield "", {"type": "response.function_call_arguments.done", **place, **call, **named}
