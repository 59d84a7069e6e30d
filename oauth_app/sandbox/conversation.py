"""The messages of a chat: checked, counted, and the last one of the person found."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from oauth_app.sandbox import sse, tokens
from oauth_app.sandbox.json_fields import JsonFields, refuse

OPENAI_ROLES: Final = frozenset({"system", "developer", "user", "assistant", "tool", "function"})
ANTHROPIC_ROLES: Final = frozenset({"user", "assistant"})

_OUTCOME_ROLES: Final = frozenset({"tool", "function"})


@dataclass(frozen=True, kw_only=True)
class Content:
    """What one message holds."""

    text: str
    images: int = 0
    is_outcome: bool = False
    """It tells what a tool returned."""


@dataclass(frozen=True, kw_only=True)
class Conversation:
    """What the sandbox needs to know of the messages."""

    last_prompt: str
    prompt_tokens: int
    open_prompt: str
    """The last message of the person, or nothing once a tool has returned something."""


def read_conversation(fields: JsonFields, roles: frozenset[str]) -> Conversation:
    """Return the conversation of a request.

    Raises:
        VendorError: 400, a message is not of the vendor's form.
    """
    last_prompt = ""
    prompt_tokens = tokens.PER_REQUEST
    is_outcome = False
    for message in fields.objects("messages"):
        role = message.text("role")
        if role not in roles:
            refuse(message.name("role"), f"Invalid value for '{message.name('role')}': '{role[:40]}'.")
        content = read_content(message, "content", optional=role == "assistant")
        prompt_tokens += tokens.PER_MESSAGE + _count(content, message)
        is_outcome = content.is_outcome or role in _OUTCOME_ROLES
        last_prompt = content.text if role == "user" or is_outcome else last_prompt
    open_prompt = "" if is_outcome else last_prompt
    return Conversation(last_prompt=last_prompt, prompt_tokens=prompt_tokens, open_prompt=open_prompt)


def read_content(fields: JsonFields, key: str, *, optional: bool) -> Content:
    """Return what stands in a message, as a text or as a list of parts.

    Raises:
        VendorError: 400, neither a text nor a list of parts.
    """
    value = fields.values.get(key)
    if value is None and optional:
        return Content(text="")
    if isinstance(value, str):
        return Content(text=value)
    if not isinstance(value, list):
        refuse(fields.name(key), f"Invalid type for '{fields.name(key)}': expected a string or an array of parts.")
    return _join(fields.objects(key)) if value else Content(text="")


def _count(content: Content, message: JsonFields) -> int:
    calls = message.values.get("tool_calls")
    called = tokens.count(sse.compact(calls)) if calls else 0
    return tokens.count(content.text) + content.images * tokens.PER_IMAGE + called


def _join(parts: Iterable[JsonFields]) -> Content:
    texts: list[str] = []
    images = 0
    is_outcome = False
    for part in parts:
        match part.text("type"):
            case "text":
                texts.append(part.text("text"))
            case "image_url":
                part.nested("image_url").text("url")
                images += 1
            case "image":
                part.nested("source").text("type")
                images += 1
            case "tool_result":
                part.text("tool_use_id")
                texts.append(_outcome(part.values.get("content")))
                is_outcome = True
            case "tool_use":
                texts.append(sse.compact(part.nested("input").values))
    return Content(text="\n".join(texts), images=images, is_outcome=is_outcome)


def _outcome(value: object) -> str:
    """Return the text of what a tool returned; pictures in it are passed over."""
    parts = value if isinstance(value, list) else [{"text": value}]
    texts = [part.get("text") for part in parts if isinstance(part, dict)]
    return "\n".join(text for text in texts if isinstance(text, str))
