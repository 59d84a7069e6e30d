"""Which addresses speak a vendor's dialect: ``/v1/…``, and the gateways for command-line programs."""

from dataclasses import replace
from typing import Final

from starlette.requests import HTTPConnection

from oauth_app.sandbox.pricing import Model

CLAUDE_CODE: Final = "/api/v1/ai/openai/cc-omg"
CODEX: Final = "/api/v1/ai/openai/codex-omg"

#: What calls through a gateway cost, of the price elsewhere.
_GATEWAY_PERCENT: Final = 50


def inner(path: str) -> str:
    """Return a path without the gateway before it."""
    return path.removeprefix(CLAUDE_CODE).removeprefix(CODEX)


def is_vendor(path: str) -> bool:
    """Tell whether an address answers in a vendor's shape."""
    return path.startswith(("/v1/", f"{CLAUDE_CODE}/", f"{CODEX}/"))


def priced(connection: HTTPConnection, model: Model) -> Model:
    """Return a model with the multiplier it has at the address that was called."""
    path = connection.url.path
    return model if inner(path) == path else replace(model, percent=model.percent * _GATEWAY_PERCENT // 100)
