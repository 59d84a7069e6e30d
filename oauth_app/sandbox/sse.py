"""Server-sent events as the vendors write them."""

import json
from typing import Any, Final

#: OpenAI ends its older streams with a line that is no JSON.
DONE: Final = "data: [DONE]\n\n"


def compact(value: object) -> str:
    """Return a value as JSON without spaces, letters of every script as they are."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def unnamed(body: dict[str, Any]) -> str:
    """Return an event that has data alone."""
    return f"data: {compact(body)}\n\n"


def named(body: dict[str, Any]) -> str:
    """Return an event that is named by the type in its data."""
    return f"event: {body['type']}\n{unnamed(body)}"
