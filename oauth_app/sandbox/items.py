"""The items of responses and conversations: messages, tool calls, outcomes; checked, completed, counted."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from oauth_app.sandbox import sse, tokens
from oauth_app.sandbox.conversation import Conversation
from oauth_app.sandbox.identifiers import alnum
from oauth_app.sandbox.json_fields import JsonFields, refuse
from oauth_app.sandbox.tool_calls import ToolCall

_ROLES: Final = frozenset({"user", "assistant", "system", "developer"})
_TEXT_PARTS: Final = frozenset({"input_text", "output_text", "text", "summary_text"})
_LONGEST_TYPE: Final = 64

#: How the ids of items begin; other kinds begin with ``item_``.
_PREFIXES: Final = {"message": "msg", "function_call": "fc", "function_call_output": "fco", "reasoning": "rs"}


def read_input(fields: JsonFields) -> list[dict[str, Any]]:
    """Return the input of a response as items.

    Raises:
        VendorError: 400, neither a text nor a list of items.
    """
    text = fields.values.get("input")
    if isinstance(text, str) and text:
        return [_complete({"type": "message", "role": "user", "content": [{"type": "input_text", "text": text}]})]
    return [read_item(item) for item in fields.objects("input")]


def read_item(fields: JsonFields) -> dict[str, Any]:
    """Return an item with a fresh id.

    Raises:
        VendorError: 400, the item is not of the form of its type.
    """
    kind = fields.text("type") if fields.values.get("type") else "message"
    if len(kind) > _LONGEST_TYPE:
        refuse(fields.name("type"), f"Invalid value for '{fields.name('type')}'.")
    match kind:
        case "message":
            return _complete(_read_message(fields))
        case "function_call":
            for key in ("call_id", "name", "arguments"):
                fields.text(key)
        case "function_call_output":
            fields.text("call_id")
            if not isinstance(fields.values.get("output"), str | list):
                refuse(fields.name("output"), f"Missing required parameter: '{fields.name('output')}'.")
    return _complete(dict(fields.values) | {"type": kind})


def say(text: str, *, is_whole: bool) -> dict[str, Any]:
    """Return the item of a text that is said."""
    part = {"type": "output_text", "text": text, "annotations": [], "logprobs": []}
    message = _complete({"type": "message", "role": "assistant", "content": [part]})
    return message if is_whole else message | {"status": "incomplete"}


def call(tool: ToolCall) -> dict[str, Any]:
    """Return the item of a tool that is called."""
    made = {"type": "function_call", "call_id": f"call_{alnum(24)}", "name": tool.name, "arguments": tool.written}
    return _complete(made)


def summarize(items: Iterable[Mapping[str, Any]]) -> Conversation:
    """Return what the sandbox needs to know of items that were checked before."""
    last_prompt = ""
    is_outcome = False
    prompt_tokens = tokens.PER_REQUEST
    for item in items:
        text, images = _spoken(item)
        prompt_tokens += tokens.PER_MESSAGE + tokens.count(text) + images * tokens.PER_IMAGE
        if item.get("role") == "user" or item["type"].endswith("_output"):
            last_prompt = text
            is_outcome = item["type"] != "message"
    open_prompt = "" if is_outcome else last_prompt
    return Conversation(last_prompt=last_prompt, prompt_tokens=prompt_tokens, open_prompt=open_prompt)


def _complete(item: dict[str, Any]) -> dict[str, Any]:
    prefix = _PREFIXES.get(item["type"], "item")
    return item | {"id": f"{prefix}_{alnum(32)}", "status": "completed"}


def _read_message(fields: JsonFields) -> dict[str, Any]:
    role = fields.text("role")
    if role not in _ROLES:
        refuse(fields.name("role"), f"Invalid value for '{fields.name('role')}': '{role[:40]}'.")
    content = fields.values.get("content")
    if not isinstance(content, str):
        parts = [_read_part(part) for part in fields.objects("content")]
    elif role == "assistant":
        parts = [{"type": "output_text", "text": content, "annotations": []}]
    else:
        parts = [{"type": "input_text", "text": content}]
    return {"type": "message", "role": role, "content": parts}


def _read_part(fields: JsonFields) -> dict[str, Any]:
    kind = fields.text("type")
    if kind in _TEXT_PARTS and not isinstance(fields.values.get("text"), str):
        refuse(fields.name("text"), f"Invalid type for '{fields.name('text')}': expected a string.")
    if kind == "input_image" and not fields.values.get("file_id"):
        fields.text("image_url")
    return ({"detail": "auto"} if kind == "input_image" else {}) | dict(fields.values)


def _spoken(item: Mapping[str, Any]) -> tuple[str, int]:
    """Return the text of an item and how many pictures it has; what is no message counts as it is written."""
    parts = item.get("content") if item["type"] == "message" else item.get("output")
    if isinstance(parts, str):
        return parts, 0
    if not isinstance(parts, list):
        return sse.compact(dict(item)), 0
    objects = [part for part in parts if isinstance(part, dict)]
    texts = [part.get("text") or part.get("transcript") for part in objects]
    return "\n".join(text for text in texts if isinstance(text, str)), sum(
        part.get("type") == "input_image" for part in objects
    )
