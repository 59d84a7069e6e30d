"""The fields of a drawing request, with lists and files, however they were encoded."""

import json
from collections.abc import AsyncGenerator, Iterable
from typing import Any, Final
from urllib.parse import parse_qsl

from starlette.datastructures import FormData
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request

from oauth_app.sandbox import request_body
from oauth_app.sandbox.request_body import BodyError

_MOST_FIELDS: Final = 100

_FORM: Final = "application/x-www-form-urlencoded"
_MULTIPART: Final = "multipart/form-data"


async def read_values(request: Request, *, numbers_as_text: bool) -> dict[str, Any]:
    """Return the fields by name: a repeated field is a list, a file is its bytes.

    Args:
        request: the request to read.
        numbers_as_text: keep the numbers of a JSON body as they were written.

    Raises:
        BodyError: the body is not what its content type says, or no object.
    """
    body = await request_body.read(request)
    match request_body.media_type(request):
        case "application/x-www-form-urlencoded":
            return _gathered(_urlencoded(body))
        case "multipart/form-data":
            return _gathered(await _multipart(request, body))
    values = request_body.parse_json(body, numbers_as_text=numbers_as_text) if body.strip() else {}
    if not isinstance(values, dict):
        msg = "The body must be a JSON object."
        raise BodyError(msg)
    return values


def is_form(request: Request) -> bool:
    """Tell whether every field of the request is a text or a file."""
    return request_body.media_type(request) in {_FORM, _MULTIPART}


def listed(value: object) -> list[Any]:
    """Return the items of a list, however it was sent: absent, alone, repeated, or as JSON in a text."""
    if value in (None, ""):
        return []
    if isinstance(value, str) and value.startswith("["):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return [value]
    return value if isinstance(value, list) else [value]


def _urlencoded(body: bytes) -> list[tuple[str, str]]:
    try:
        return parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=_MOST_FIELDS, errors="strict")
    except UnicodeError as error:
        msg = "The form is not valid UTF-8."
        raise BodyError(msg) from error
    except ValueError as error:
        msg = "The form has too many fields."
        raise BodyError(msg) from error


async def _multipart(request: Request, body: bytes) -> list[tuple[str, str | bytes]]:
    async def stream() -> AsyncGenerator[bytes, None]:
        yield body

    request_body.check_end(request, body)
    # One part may be all of the body: pictures come as text too, in base64.
    limits = {"max_fields": _MOST_FIELDS, "max_files": _MOST_FIELDS, "max_part_size": len(body)}
    try:
        return await _parts(await MultiPartParser(request.headers, stream(), **limits).parse())
    # A part without a name or a body without a boundary surfaces as KeyError.
    except (MultiPartException, KeyError, UnicodeError) as error:
        msg = "The multipart body cannot be read."
        raise BodyError(msg) from error


async def _parts(form: FormData) -> list[tuple[str, str | bytes]]:
    try:
        return [(name, value if isinstance(value, str) else await value.read()) for name, value in form.multi_items()]
    finally:
        await form.close()


def _gathered(pairs: Iterable[tuple[str, str | bytes]]) -> dict[str, Any]:
    """Return a mapping in which repeated names, and those that end in ``[]``, hold lists."""
    found: dict[str, list[str | bytes]] = {}
    lists = set()
    for name, value in pairs:
        plain = name.removesuffix("[]")
        found.setdefault(plain, []).append(value)
        if plain != name or len(found[plain]) > 1:
            lists.add(plain)
    return {name: values if name in lists else values[0] for name, values in found.items()}
