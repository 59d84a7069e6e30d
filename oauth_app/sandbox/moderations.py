"""``POST /v1/moderations``: nothing is judged; ``[[flag=violence]]`` in an input sets that flag."""

import hashlib
import re
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from oauth_app.sandbox import metering, tokens
from oauth_app.sandbox.context import store_of
from oauth_app.sandbox.credentials import vendor_account
from oauth_app.sandbox.identifiers import alnum
from oauth_app.sandbox.json_fields import JsonFields, read_json_fields, refuse
from oauth_app.sandbox.llm_models import find_model
from oauth_app.sandbox.pricing import Kind, Tokens

_FLAG: Final = re.compile(r"\[\[flag=([a-z/-]{1,40})\]\]", re.ASCII)
_MOST_INPUTS: Final = 2048

_TEXT_ONLY: Final = (
    "harassment",
    "harassment/threatening",
    "hate",
    "hate/threatening",
    "illicit",
    "illicit/violent",
    "sexual/minors",
)
_TEXT_AND_IMAGE: Final = (
    "self-harm",
    "self-harm/instructions",
    "self-harm/intent",
    "sexual",
    "violence",
    "violence/graphic",
)
CATEGORIES: Final = (*_TEXT_ONLY, *_TEXT_AND_IMAGE)


async def moderations(request: Request) -> Response:
    """Say for each input which flags it asks for; it costs nothing."""
    account = vendor_account(request)
    fields = await read_json_fields(request)
    model = find_model(
        fields.text("model") if fields.values.get("model") else "omni-moderation-latest", Kind.MODERATION
    )
    inputs = _read_inputs(fields)
    total = sum(tokens.count(text) for text, _ in inputs)
    metering.hold(store_of(request), account.id, model, Tokens(prompt=total)).settle(0)
    results = [_result(text, has_image=has_image) for text, has_image in inputs]
    return JSONResponse({"id": f"modr-{alnum(29)}", "model": model.id, "results": results})


def _read_inputs(fields: JsonFields) -> list[tuple[str, bool]]:
    """Return each input as its text and whether it has an image; parts together are one input."""
    value = fields.values.get("input")
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return [_join(fields.objects("input"))]
    texts = fields.texts("input")
    if value is None or texts == [] or len(texts) > _MOST_INPUTS:
        refuse("input", f"Invalid value for 'input': expected from 1 to {_MOST_INPUTS} inputs.")
    return [(text, False) for text in texts]


def _join(parts: list[JsonFields]) -> tuple[str, bool]:
    texts: list[str] = []
    for part in parts:
        match part.text("type"):
            case "text":
                texts.append(part.text("text"))
            case "image_url":
                part.nested("image_url").text("url")
            case _:
                refuse(part.name("type"), f"Invalid value for '{part.name('type')}': must be 'text' or 'image_url'.")
    return "\n".join(texts), len(texts) < len(parts)


def _result(text: str, *, has_image: bool) -> dict[str, Any]:
    flags = set(_FLAG.findall(text))
    noise = hashlib.sha256(text.encode()).digest()
    categories = {name: name in flags for name in CATEGORIES}
    scores = {name: 0.95 if categories[name] else noise[index] / 1e4 for index, name in enumerate(CATEGORIES)}
    kinds = [*(["text"] if text else []), *(["image"] if has_image else [])]
    return {
        "flagged": any(categories.values()),
        "categories": categories,
        "category_scores": scores,
        "category_applied_input_types": {
            name: kinds if name in _TEXT_AND_IMAGE else [kind for kind in kinds if kind == "text"]
            for name in CATEGORIES
        },
    }


ROUTES: Final = (Route("/v1/moderations", moderations, methods=["POST"]),)
