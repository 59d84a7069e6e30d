"""Lists that are read page by page, and the metadata of what is listed."""

from collections.abc import Sequence
from typing import Any, Final, NoReturn

from starlette.requests import Request

from oauth_app.sandbox.errors import VendorError
from oauth_app.sandbox.json_fields import JsonFields, refuse

_USUAL_LIMIT: Final = 20
_HIGHEST_LIMIT: Final = 100
_MOST_METADATA: Final = 16
_LONGEST_KEY: Final = 64
_LONGEST_VALUE: Final = 512


def listed(request: Request, items: Sequence[dict[str, Any]], usual_order: str) -> dict[str, Any]:
    """Return the page of a list that the query asks for.

    Args:
        request: its query has ``after``, ``limit`` and ``order``.
        items: everything, oldest first.
        usual_order: ``asc`` or ``desc``, when the query does not say.

    Raises:
        VendorError: 400, the query cannot be understood; 404, there is no item to begin after.
    """
    order = JsonFields(request.query_params).one_of("order", (usual_order, "asc", "desc"))
    ordered = list(items if order == "asc" else reversed(items))
    limit = read_limit(request)
    rest = ordered[_start(ordered, request.query_params.get("after")) :]
    page = rest[:limit]
    return {
        "object": "list",
        "data": page,
        "first_id": page[0]["id"] if page else None,
        "last_id": page[-1]["id"] if page else None,
        "has_more": len(rest) > limit,
    }


def read_limit(request: Request) -> int:
    """Return how many items a page may have.

    Raises:
        VendorError: 400, not a number from 1 to 100.
    """
    text = request.query_params.get("limit", str(_USUAL_LIMIT))
    if not (text.isascii() and text.isdecimal() and len(text) < 4 and 1 <= int(text) <= _HIGHEST_LIMIT):
        refuse("limit", f"Invalid value for 'limit': must be from 1 to {_HIGHEST_LIMIT}.")
    return int(text)


def read_metadata(fields: JsonFields) -> dict[str, str]:
    """Return up to sixteen pairs of texts; absent is empty.

    Raises:
        VendorError: 400, there are more, or they are longer or no texts.
    """
    pairs = dict(fields.nested("metadata").values)
    if len(pairs) > _MOST_METADATA or not all(_is_pair(*pair) for pair in pairs.items()):
        text = f"at most {_MOST_METADATA} texts of {_LONGEST_VALUE} characters, names of {_LONGEST_KEY}"
        refuse("metadata", f"Invalid value for 'metadata': {text}.")
    return pairs


def refuse_unknown(what: str, thing_id: str) -> NoReturn:
    """Refuse an id that is unknown, or another account's."""
    text = f"{what} with id '{thing_id[:100]}' not found."
    raise VendorError(404, "invalid_request_error", text, param="id")


def _is_pair(key: str, value: object) -> bool:
    return len(key) <= _LONGEST_KEY and isinstance(value, str) and len(value) <= _LONGEST_VALUE


def _start(items: Sequence[dict[str, Any]], after: str | None) -> int:
    if after is None:
        return 0
    for index, item in enumerate(items):
        if item["id"] == after:
            return index + 1
    refuse_unknown("Item", after)
