"""The messages of a chat: checked, counted, and the last one of the person found."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from oauth_app.sandbox import tokens
from oauth_app.sandbox.json_fields import JsonFields, refuse

OPENAI_ROLES: Final = frozenset({"system", "developer", "user", "assistant", "tool", "function"})
ANTHROPIC_ROLES: Final = frozenset({"user", "assistant"})


@dataclass(frozen=True, kw_only=True)
class Conversation:
    """What the sandbox needs to know of the messages."""

    last_prompt: str
    prompt_tokens: int


def read_conversation(fields: JsonFields, roles: frozenset[str]) -> Conversation:
    """Return the conversation of a request.

    Raises:
        VendorError: 400, a message is not of the vendor's form.
    """
    last_prompt = ""
    prompt_tokens = tokens.PER_REQUEST
    for message in fields.objects("messages"):
        role = message.text("role")
        if role not in roles:
            refuse(message.name("role"), f"Invalid value for '{message.name('role')}': '{role[:40]}'.")
        text, images = read_content(message, "content", optional=role == "assistant")
        prompt_tokens += tokens.PER_MESSAGE + tokens.count(text) + images * tokens.PER_IMAGE
        last_prompt = text if role == "user" else last_prompt
    return Conversation(last_prompt=last_prompt, prompt_tokens=prompt_tokens)


def read_content(fields: JsonFields, key: str, *, optional: bool) -> tuple[str, int]:
    """Return the text of a message and how many images it has.

    Raises:
        VendorError: 400, neither a text nor a list of parts.
    """
    value = fields.values.get(key)
    if value is None and optional:
        return "", 0
    if isinstance(value, str):
        return value, 0
    if not isinstance(value, list):
        refuse(fields.name(key), f"Invalid type for '{fields.name(key)}': expected a string or an array of parts.")
    return _join(fields.objects(key)) if value else ("", 0)


def _join(parts: Iterable[JsonFields]) -> tuple[str, int]:
    texts: list[str] = []
    images = 0
    for part in parts:
        kind = part.text("type")
        if kind == "text":
            texts.append(part.text("text"))
        elif kind in {"image", "image_url"}:
            images += 1
    return "\n".join(texts), images
