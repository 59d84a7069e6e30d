"""Reading a request body: JSON, form or multipart, within the size limit."""

import json
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import parse_qsl

from python_multipart.multipart import parse_options_header
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request

from oauth_app.sandbox.context import sandbox_of

_MOST_FIELDS: Final = 1000


@dataclass(frozen=True, kw_only=True)
class Upload:
    """A file in a multipart body."""

    filename: str
    media_type: str
    content: bytes


class BodyError(ValueError):
    """The body is not what its content type says; the text tells the caller why."""


async def read(request: Request) -> bytes:
    """Return the whole body.

    Raises:
        HTTPException: 413, it is larger than the sandbox takes.
    """
    limit = sandbox_of(request).config.body_limit_bytes
    announced = request.headers.get("content-length", "0")
    if announced.isdecimal() and int(announced) > limit:
        raise HTTPException(413, f"The body is larger than {limit} bytes.")
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > limit:
            raise HTTPException(413, f"The body is larger than {limit} bytes.")
    return bytes(body)


def media_type(request: Request) -> str:
    """Return the content type without its parameters, in lower case."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def parse_json(body: bytes, *, numbers_as_text: bool = False) -> Any:  # noqa: ANN401 - any JSON value
    """Return the JSON value of a body.

    Args:
        body: the bytes as they came.
        numbers_as_text: keep numbers as they were written, so that an amount never becomes a float.

    Raises:
        BodyError: not UTF-8, not JSON, nested too deep, or text that UTF-8 cannot hold.
    """
    number = str if numbers_as_text else None
    try:
        value = json.loads(body.decode(), parse_constant=_refuse_constant, parse_float=number, parse_int=number)
        _check_encodable(body, value)
    except UnicodeError as error:
        msg = "The body is not valid UTF-8."
        raise BodyError(msg) from error
    except (ValueError, RecursionError) as error:
        msg = "The body is not valid JSON."
        raise BodyError(msg) from error
    return value


async def parse_form(request: Request) -> dict[str, str]:
    """Return the text fields of a urlencoded or multipart body; of a repeated field, the last one.

    Raises:
        BodyError: not UTF-8, or not of the form its content type says.
    """
    return {name: value for name, value in await parse_pairs(request) if isinstance(value, str)}


async def parse_pairs(request: Request) -> list[tuple[str, str | Upload]]:
    """Return all fields of a urlencoded or multipart body in their order, files among them.

    Raises:
        BodyError: not UTF-8, or not of the form its content type says.
    """
    if media_type(request) == "multipart/form-data":
        return await _multipart(request)
    body = await read(request)
    try:
        pairs = parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=_MOST_FIELDS, errors="strict")
    except UnicodeError as error:
        msg = "The form is not valid UTF-8."
        raise BodyError(msg) from error
    except ValueError as error:
        msg = "The form has too many fields."
        raise BodyError(msg) from error
    return [(name, value) for name, value in pairs]


def check_end(request: Request, body: bytes) -> None:
    """Check that a multipart body was sent to its end: the parser takes what there is, and leaves its files open.

    Raises:
        BodyError: the last boundary is missing.
    """
    _, options = parse_options_header(request.headers["content-type"])
    if b"\r\n--%b--" % options.get(b"boundary", b"") not in b"\r\n" + body:
        msg = "The multipart body cannot be read."
        raise BodyError(msg)


async def _multipart(request: Request) -> list[tuple[str, str | Upload]]:
    body = await read(request)
    check_end(request, body)

    async def stream() -> AsyncGenerator[bytes, None]:
        yield body

    try:
        form = await MultiPartParser(request.headers, stream(), max_fields=_MOST_FIELDS).parse()
    # A part without a name or a body without a boundary surfaces as KeyError.
    except (MultiPartException, KeyError, UnicodeError) as error:
        msg = "The multipart body cannot be read."
        raise BodyError(msg) from error
    return [(name, value if isinstance(value, str) else await _upload(value)) for name, value in form.multi_items()]


async def _upload(part: UploadFile) -> Upload:
    content = await part.read()
    await part.close()
    return Upload(filename=part.filename or "", media_type=part.content_type or "", content=content)


def _refuse_constant(name: str) -> None:
    raise ValueError(name)


def _check_encodable(body: bytes, value: object) -> None:
    # A lone surrogate can only be written as an escape, and no answer could repeat it.
    if rb"\u" in body:
        json.dumps(value, ensure_ascii=False).encode()
