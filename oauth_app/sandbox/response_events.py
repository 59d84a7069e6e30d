"""The events that a response consists of when it is streamed; they follow from the finished response."""

from collections.abc import Iterator
from typing import Any

from oauth_app.sandbox import answers

#: An event, and the text in it that is produced at that moment.
Step = tuple[str, dict[str, Any]]


def steps(response: dict[str, Any]) -> Iterator[Step]:
    """Yield the typed events of a response in order, numbered from zero."""
    for number, (piece, event) in enumerate(_all(response)):
        yield piece, event | {"sequence_number": number}


def started(response: dict[str, Any], status: str) -> dict[str, Any]:
    """Return what a response looks like before it has an answer."""
    unknown: dict[str, Any] = {"output": [], "usage": None, "completed_at": None, "incomplete_details": None}
    return response | unknown | {"status": status}


def _all(response: dict[str, Any]) -> Iterator[Step]:
    status = "queued" if response["background"] else "in_progress"
    yield "", {"type": "response.created", "response": started(response, status)}
    if response["background"]:
        yield "", {"type": "response.queued", "response": started(response, status)}
    yield "", {"type": "response.in_progress", "response": started(response, "in_progress")}
    for index, item in enumerate(response["output"]):
        place = {"output_index": index, "item_id": item["id"]}
        yield "", {"type": "response.output_item.added", "output_index": index, "item": _opened(item)}
        yield from _said(item, place) if item["type"] == "message" else _called(item, place)
        yield "", {"type": "response.output_item.done", "output_index": index, "item": item}
    yield "", {"type": f"response.{response['status']}", "response": response}


def _opened(item: dict[str, Any]) -> dict[str, Any]:
    empty: dict[str, Any] = {"content": []} if item["type"] == "message" else {"arguments": ""}
    return item | empty | {"status": "in_progress"}


def _said(item: dict[str, Any], place: dict[str, Any]) -> Iterator[Step]:
    part = item["content"][0]
    place |= {"content_index": 0}
    yield "", {"type": "response.content_part.added", **place, "part": part | {"text": ""}}
    for piece in answers.pieces(part["text"]):
        yield piece, {"type": "response.output_text.delta", **place, "delta": piece, "logprobs": []}
    yield "", {"type": "response.output_text.done", **place, "text": part["text"], "logprobs": []}
    yield "", {"type": "response.content_part.done", **place, "part": part}


def _called(item: dict[str, Any], place: dict[str, Any]) -> Iterator[Step]:
    for piece in answers.pieces(item["arguments"]):
        yield piece, {"type": "response.function_call_arguments.delta", **place, "delta": piece}
    named = {"name": item["name"], "arguments": item["arguments"]}
    yield "", {"type": "response.function_call_arguments.done", **place, **named}
