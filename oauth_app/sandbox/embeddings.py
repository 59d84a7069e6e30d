"""``POST /v1/embeddings``: vectors that depend on the text alone."""

import base64
import hashlib
import math
import struct
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from oauth_app.sandbox import metering
from oauth_app.sandbox.context import store_of
from oauth_app.sandbox.credentials import vendor_account
from oauth_app.sandbox.json_fields import JsonFields, read_json_fields, refuse
from oauth_app.sandbox.llm_models import find_model
from oauth_app.sandbox.pricing import Kind, Tokens
from oauth_app.sandbox.token_inputs import read_inputs

_MOST_INPUTS: Final = 2048


async def embeddings(request: Request) -> Response:
    """Answer with a vector for each input, as numbers or as base64 of 32-bit floats."""
    account = vendor_account(request)
    fields = await read_json_fields(request)
    model = find_model(fields.text("model"), Kind.EMBEDDING)
    inputs = read_inputs(fields, "input", _MOST_INPUTS)
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
