"""``POST /v1/embeddings``: vectors that depend on the text alone."""

import base64
import hashlib
import math
import struct
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from oauth_app.sandbox import metering, tokens
from oauth_app.sandbox.context import store_of
from oauth_app.sandbox.credentials import vendor_account
from oauth_app.sandbox.json_fields import JsonFields, read_json_fields, refuse
from oauth_app.sandbox.llm_models import find_model
from oauth_app.sandbox.pricing import Kind, Tokens

_MOST_INPUTS: Final = 2048


async def embeddings(request: Request) -> Response:
    """Answer with a vector for each input, as numbers or as base64 of 32-bit floats."""
    account = vendor_account(request)
    fields = await read_json_fields(request)
    model = find_model(fields.text("model"), Kind.EMBEDDING)
    inputs = _read_inputs(fields)
    dimensions = fields.whole("dimensions", 1, model.dimensions) or model.dimensions
    vectors = _encoder(fields)
    total = sum(count for _, count in inputs)
    metering.hold(store_of(request), account.id, model, Tokens(prompt=total)).settle(0)
    data = [
        {"object": "embedding", "index": index, "embedding": vectors(_vector(text, dimensions))}
        for index, (text, _) in enumerate(inputs)
    ]
    usage = {"prompt_tokens": total, "total_tokens": total}
    return JSONResponse({"object": "list", "data": data, "model": model.id, "usage": usage})


def _read_inputs(fields: JsonFields) -> list[tuple[str, int]]:
    """Return each input as a text and its tokens; token lists are taken as they are."""
    value = fields.values.get("input")
    if value in (None, "", []):
        refuse("input", "Missing required parameter: 'input'.")
    single = isinstance(value, str) or _is_token_list(value)
    inputs = [value] if single else value
    if not isinstance(inputs, list) or len(inputs) > _MOST_INPUTS:
        refuse("input", f"Invalid type for 'input': expected a string or an array of at most {_MOST_INPUTS} inputs.")
    return [_read_input(item) for item in inputs]


def _read_input(item: object) -> tuple[str, int]:
    if isinstance(item, str) and item:
        return item, tokens.count(item)
    if not isinstance(item, list) or not _is_token_list(item):
        refuse("input", "Invalid type for 'input': each input must be a non-empty string or an array of token numbers.")
    return repr(item), len(item)


def _is_token_list(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(type(item) is int for item in value)


def _encoder(fields: JsonFields) -> Any:  # noqa: ANN401 - one of two functions
    encoding = fields.values.get("encoding_format", "float")
    if encoding not in ("float", "base64"):
        refuse("encoding_format", "Invalid value for 'encoding_format': must be 'float' or 'base64'.")
    return list if encoding == "float" else _base64


def _base64(vector: tuple[float, ...]) -> str:
    return base64.b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode()


def _vector(text: str, dimensions: int) -> tuple[float, ...]:
    """Return a vector of length one, drawn from a hash of the text."""
    numbers = struct.unpack(f"<{dimensions}h", hashlib.shake_256(text.encode()).digest(dimensions * 2))
    length = math.hypot(*numbers) or 1.0
    # Rounded to 32 bits, so that both encodings carry the same numbers.
    return struct.unpack(f"<{dimensions}f", struct.pack(f"<{dimensions}f", *(number / length for number in numbers)))


ROUTES: Final = (Route("/v1/embeddings", embeddings, methods=["POST"]),)
