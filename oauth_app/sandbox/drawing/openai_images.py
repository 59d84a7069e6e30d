"""``POST /v1/images/generations`` and ``/v1/images/edits``, with the platform's own webhook."""

from collections.abc import Callable
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from oauth_app.sandbox import metering, tokens
from oauth_app.sandbox.clock import now_s
from oauth_app.sandbox.context import sandbox_of, store_of
from oauth_app.sandbox.credentials import vendor_account
from oauth_app.sandbox.drawing.gallery import Picture, make_seed, publish
from oauth_app.sandbox.drawing.openai_wish import Wish, read_edit, read_generation, read_image_fields
from oauth_app.sandbox.errors import VendorError
from oauth_app.sandbox.fields import is_web_address
from oauth_app.sandbox.json_fields import JsonFields, refuse
from oauth_app.sandbox.pricing import Tokens

_WEBHOOK: Final = "ohmygpt_webhook_url"


async def generations(request: Request) -> Response:
    """Draw pictures of a prompt."""
    return await _answer(request, read_generation)


async def edits(request: Request) -> Response:
    """Draw pictures of a prompt and other pictures."""
    return await _answer(request, read_edit)


async def _answer(request: Request, read_wish: Callable[[JsonFields], Wish]) -> Response:
    account = vendor_account(request)
    fields = await read_image_fields(request)
    webhook = _read_webhook(fields)
    try:
        body = _draw(request, account.id, read_wish(fields))
    except VendorError as error:
        told = {"success": False, "status": "failed", "message": error.text, "code": error.status, "data": None}
        _tell(request, webhook, told)
        raise
    _tell(request, webhook, {"success": True, "status": "succeed", "message": None, "code": 200, "data": body})
    return JSONResponse(body)


def _read_webhook(fields: JsonFields) -> str | None:
    if fields.values.get(_WEBHOOK) in (None, ""):
        return None
    address = fields.text(_WEBHOOK)
    return address if is_web_address(address) else refuse(_WEBHOOK, f"{_WEBHOOK} must be an absolute http(s) address.")


def _tell(request: Request, webhook: str | None, told: dict[str, Any]) -> None:
    """Post the outcome once, after the answer."""
    if webhook:
        callbacks = sandbox_of(request).callbacks
        callbacks.start(callbacks.post(webhook, told))


def _draw(request: Request, account_id: int, wish: Wish) -> dict[str, Any]:
    """Take the price and return the vendor's body."""
    used = _used(wish)
    metering.hold(store_of(request), account_id, wish.model, used).settle(used.completion)
    body = {"created": now_s(), "data": _data(request, wish)}
    return body | _details(wish, used) if wish.model.id == "gpt-image-1" else body


def _used(wish: Wish) -> Tokens:
    prompt = tokens.count(wish.prompt) + len(wish.inputs) * tokens.PER_IMAGE
    return Tokens(prompt=prompt, completion=wish.count * wish.offer.cost(wish.quality, wish.size))


def _data(request: Request, wish: Wish) -> list[dict[str, str]]:
    width, height = wish.size
    sources = (wish.model.id, wish.prompt, wish.quality, wish.style, wish.inputs)
    pictures = [Picture(seed=make_seed(sources, number), width=width, height=height) for number in range(wish.count)]
    if wish.response_format == "url":
        data = [{"url": url} for url in publish(request, pictures)]
    else:
        data = [{"b64_json": picture.base64()} for picture in pictures]
    revised = {"revised_prompt": wish.prompt} if wish.model.id == "dall-e-3" else {}
    return [revised | item for item in data]


def _details(wish: Wish, used: Tokens) -> dict[str, Any]:
    """Return what only the newest model tells."""
    images = len(wish.inputs) * tokens.PER_IMAGE
    return {
        "background": "opaque",
        "output_format": "png",
        "quality": "medium" if wish.quality == "auto" else wish.quality,
        "size": f"{wish.size[0]}x{wish.size[1]}",
        "usage": {
            "input_tokens": used.prompt,
            "input_tokens_details": {"image_tokens": images, "text_tokens": used.prompt - images},
            "output_tokens": used.completion,
            "total_tokens": used.prompt + used.completion,
        },
    }


ROUTES: Final = (
    Route("/v1/images/generations", generations, methods=["POST"]),
    Route("/v1/images/edits", edits, methods=["POST"]),
)
