"""``POST /api/v1/ai/draw/flux/…``: five models, each with its own parameters."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from oauth_app.sandbox import funds
from oauth_app.sandbox.context import store_of
from oauth_app.sandbox.credentials import platform_account
from oauth_app.sandbox.drawing.flux_variants import CUSTOM, SIZES, VARIANTS, Variant
from oauth_app.sandbox.drawing.gallery import Picture, make_seed, publish
from oauth_app.sandbox.drawing.parameters import FAIL_MARK, Parameters, read_parameters
from oauth_app.sandbox.envelope import success
from oauth_app.sandbox.errors import refuse

_GRID: Final = 32


def _endpoint(variant: Variant) -> Callable[[Request], Awaitable[Response]]:
    async def draw(request: Request) -> Response:
        account = platform_account(request)
        given = await read_parameters(request)
        pictures = _pictures(variant, given)
        response_format = given.choice("response_format", ("url", "b64_json"), "url")
        funds.pay(store_of(request), account.id, variant.model, variant.cents * len(pictures))
        return success("Success", {"outputs": _outputs(request, pictures, response_format)})

    return draw


def _pictures(variant: Variant, given: Parameters) -> list[Picture]:
    """Return the pictures that a request asks for, once all of its parameters hold."""
    given.choice("model", (variant.model,), variant.model)
    prompt = given.text("prompt")
    values: dict[str, Any] = {rule.name: rule.read(given) for rule in variant.rules}
    width, height = _size(values)
    if FAIL_MARK in prompt:
        refuse("The prompt asked for a failure.")
    numbers = range(int(values.get("num_outputs", 1)))
    seeds = (make_seed(variant.model, prompt, sorted(values.items()), number) for number in numbers)
    return [Picture(seed=seed, width=width, height=height) for seed in seeds]


def _size(values: Mapping[str, Any]) -> tuple[int, int]:
    ratio = values["aspect_ratio"]
    if ratio != CUSTOM:
        return SIZES[ratio]
    if values["width"] is None or values["height"] is None:
        refuse("width and height are required when aspect_ratio is custom")
    return _rounded(values["width"]), _rounded(values["height"])


def _rounded(side: int) -> int:
    return (side + _GRID // 2) // _GRID * _GRID


def _outputs(request: Request, pictures: list[Picture], response_format: str) -> list[dict[str, str]]:
    """Return the outputs; with b64_json each has the address as well."""
    outputs = [{"url": url} for url in publish(request, pictures)]
    if response_format == "url":
        return outputs
    return [output | {"b64_json": picture.base64()} for output, picture in zip(outputs, pictures, strict=True)]


ROUTES: Final = tuple(
    Route(f"/api/v1/ai/draw/flux/{variant.path}", _endpoint(variant), methods=["POST"]) for variant in VARIANTS
)
