"""``POST /api/v1/ai/draw/nd/imagine``: pictures in OpenAI's shape on a platform's address."""

import re
from typing import Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from oauth_app.sandbox import funds
from oauth_app.sandbox.clock import now_s
from oauth_app.sandbox.context import store_of
from oauth_app.sandbox.credentials import platform_account
from oauth_app.sandbox.drawing.gallery import Picture, make_seed, publish
from oauth_app.sandbox.drawing.parameters import FAIL_MARK, Parameters, read_parameters
from oauth_app.sandbox.errors import refuse

_MODEL: Final = "nd-imagine-v3"
_CENTS: Final = 5_000_00

_SIZE: Final = re.compile(r"([0-9]{2,4})x([0-9]{2,4})", re.ASCII)
_SIDES: Final = range(64, 2048 + 1)


async def imagine(request: Request) -> Response:
    """Draw one picture."""
    account = platform_account(request)
    given = await read_parameters(request)
    picture = _picture(given)
    response_format = given.choice("response_format", ("url", "b64_json"), "url")
    funds.pay(store_of(request), account.id, _MODEL, _CENTS)
    item = {"url": publish(request, [picture])[0]} if response_format == "url" else {"b64_json": picture.base64()}
    return JSONResponse({"created": now_s(), "data": [item]})


def _picture(given: Parameters) -> Picture:
    given.choice("model", (_MODEL,), _MODEL)
    prompt, negative = given.text("prompt"), given.find_text("negative_prompt")
    size = _SIZE.fullmatch(given.find_text("size") or "1024x1024")
    if size is None or int(size[1]) not in _SIDES or int(size[2]) not in _SIDES:
        refuse(f"size must be like 1024x1024, each side from {_SIDES.start} to {_SIDES.stop - 1}")
    if FAIL_MARK in prompt:
        refuse("The prompt asked for a failure.")
    return Picture(seed=make_seed(prompt, negative), width=int(size[1]), height=int(size[2]))


ROUTES: Final = (Route("/api/v1/ai/draw/nd/imagine", imagine, methods=["POST"]),)
