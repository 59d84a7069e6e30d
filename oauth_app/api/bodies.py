"""The body of a request: JSON, small, and with one meaning only."""

import json
from typing import Any, NoReturn

from flask import g, request
from werkzeug.exceptions import UnsupportedMediaType

from oauth_app.api.errors import InvalidJsonError

MAX_BODY_BYTES = 64 * 1024


def read_json() -> dict[str, Any]:
    """Return the JSON object of the present request; read once, however often it is asked for.

    Raises:
        UnsupportedMediaType: it does not say that it is JSON.
        RequestEntityTooLarge: more than 64 KB.
        InvalidJsonError: not UTF-8, not JSON, a name twice, NaN, or not an object.
    """
    if "json_body" not in g:
        g.json_body = _read()
    body: dict[str, Any] = g.json_body
    return body


def _read() -> dict[str, Any]:
    if request.mimetype != "application/json":
        raise UnsupportedMediaType
    request.max_content_length = MAX_BODY_BYTES
    try:
        body = json.loads(
            request.get_data().decode("utf-8"), object_pairs_hook=_object, parse_constant=_refuse_constant
        )
    except UnicodeDecodeError:
        msg = "It is not UTF-8"
        raise InvalidJsonError(msg) from None
    except (ValueError, RecursionError):
        msg = "It cannot be parsed"
        raise InvalidJsonError(msg) from None
    if not isinstance(body, dict):
        msg = "It is not an object"
        raise InvalidJsonError(msg)
    return body


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    # Two readers of {"amount": 1, "amount": 9} may each see another amount.
    names = dict(pairs)
    if len(names) < len(pairs):
        msg = "A name stands twice in one object"
        raise InvalidJsonError(msg)
    return names


def _refuse_constant(name: str) -> NoReturn:
    msg = f"{name} is no JSON"
    raise InvalidJsonError(msg)
