"""Reading what an OpenAI image call asks for."""

from dataclasses import dataclass
from typing import Any, Final

from starlette.requests import Request

from oauth_app.sandbox.drawing import bodies, data_urls
from oauth_app.sandbox.drawing.openai_offers import OFFERS, Offer, Size
from oauth_app.sandbox.drawing.parameters import FAIL_MARK
from oauth_app.sandbox.errors import PlatformError, VendorError
from oauth_app.sandbox.json_fields import JsonFields, read_object, refuse
from oauth_app.sandbox.llm_models import find_model
from oauth_app.sandbox.pricing import Kind, Model
from oauth_app.sandbox.request_body import BodyError

_PNG: Final = b"\x89PNG\r\n\x1a\n"

_NUMBERS: Final = ("n", "output_compression", "partial_images")
_FLAGS: Final = {"true": True, "false": False}


@dataclass(frozen=True, kw_only=True)
class Wish:
    """A checked call."""

    model: Model
    offer: Offer
    prompt: str
    count: int
    size: Size
    quality: str
    style: str
    response_format: str
    inputs: tuple[bytes, ...] = ()
    """The pictures to edit, and the mask."""


async def read_image_fields(request: Request) -> JsonFields:
    """Return the fields of a JSON, form or multipart body; in forms some texts are numbers and booleans.

    Raises:
        VendorError: 400, the body cannot be read.
    """
    try:
        values = await bodies.read_values(request, numbers_as_text=False)
    except BodyError as error:
        raise VendorError(400, "invalid_request_error", str(error)) from error
    if bodies.is_form(request):
        values = {name: _typed(name, value) for name, value in values.items()}
    return read_object(values)


def read_generation(fields: JsonFields) -> Wish:
    """Return what a call for new pictures asks for."""
    wish = _read_wish(fields, ())
    _check_mark(wish.prompt)
    return wish


def read_edit(fields: JsonFields) -> Wish:
    """Return what a call for changed pictures asks for."""
    images = [_read_picture("image", item) for item in _listed_inputs(fields)]
    masks = [_read_picture("mask", item) for item in bodies.listed(fields.values.get("mask"))]
    wish = _read_wish(fields, (*images, *masks))
    if not images:
        refuse("image", "Missing required parameter: 'image'.")
    if len(images) > wish.offer.most_inputs:
        refuse("image", f"'{wish.model.id}' edits at most {wish.offer.most_inputs} images.")
    if len(masks) > 1 or not all(mask.startswith(_PNG) for mask in masks):
        refuse("mask", "Invalid value for 'mask': must be one PNG file.")
    _check_mark(wish.prompt)
    return wish


def _read_wish(fields: JsonFields, inputs: tuple[bytes, ...]) -> Wish:
    model, offer = _read_model(fields)
    prompt = fields.text("prompt")
    if len(prompt) > offer.longest_prompt:
        refuse("prompt", f"Invalid value for 'prompt': at most {offer.longest_prompt} characters.")
    _check_ignored(fields)
    return Wish(
        model=model,
        offer=offer,
        prompt=prompt,
        count=fields.whole("n", 1, offer.most) or 1,
        size=offer.sizes[fields.one_of("size", tuple(offer.sizes))],
        quality=fields.one_of("quality", tuple(offer.tokens)),
        style=fields.one_of("style", ("vivid", "natural")),
        response_format=fields.one_of("response_format", offer.response_formats),
        inputs=inputs,
    )


def _read_model(fields: JsonFields) -> tuple[Model, Offer]:
    name = "dall-e-2" if fields.values.get("model") is None else fields.text("model")
    model = find_model(name, Kind.IMAGE)
    return model, OFFERS[model.id]


def _check_ignored(fields: JsonFields) -> None:
    """Check what has no effect here."""
    fields.one_of("background", ("auto", "transparent", "opaque"))
    fields.one_of("moderation", ("auto", "low"))
    fields.one_of("output_format", ("png", "jpeg", "webp"))
    fields.whole("output_compression", 0, 100)
    if fields.flag("stream"):
        refuse("stream", "The sandbox does not stream pictures.")


def _check_mark(prompt: str) -> None:
    if FAIL_MARK in prompt:
        text = "Your request was rejected as a result of our safety system: the prompt asked for a failure."
        raise VendorError(400, "invalid_request_error", text, code="content_policy_violation")


def _listed_inputs(fields: JsonFields) -> list[Any]:
    """Return the pictures: files or data URLs in ``image``, or objects with an ``image_url`` in ``images``."""
    if fields.values.get("images") is None:
        return bodies.listed(fields.values.get("image"))
    return [item.text("image_url") for item in fields.objects("images")]


def _read_picture(name: str, value: object) -> bytes:
    try:
        picture = data_urls.read_image(value, name)
    except PlatformError as error:
        refuse(name, error.text)
    is_webp = picture.startswith(b"RIFF") and picture[8:12] == b"WEBP"
    if not (is_webp or picture.startswith((_PNG, b"\xff\xd8\xff"))):
        refuse(name, f"Invalid file '{name}': unsupported mimetype. Supported are PNG, JPEG and WebP.")
    return picture


def _typed(name: str, value: Any) -> Any:  # noqa: ANN401 - any field of a form
    if name in _NUMBERS and isinstance(value, str) and value.isascii() and value.isdecimal():
        return int(value[:9])
    return _FLAGS.get(value, value) if name == "stream" and isinstance(value, str) else value
