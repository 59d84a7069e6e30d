"""Lists of objects, newest first, a page at a time."""

import json
from typing import Final

from oauth_app.sandbox.store import Store
from oauth_app.sandbox.stripe_double.calls import Call
from oauth_app.sandbox.stripe_double.errors import ParameterError
from oauth_app.sandbox.stripe_double.objects import Document, get
from oauth_app.sandbox.stripe_double.params import Params

_DEFAULT_LIMIT: Final = 10
_HIGHEST_LIMIT: Final = 100


class Query:
    """Conditions on the objects of one kind."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self._conditions = ["kind = ?"]
        self._values: list[object] = [kind]

    def where(self, field: str, value: object, sign: str = "=") -> "Query":
        """Keep objects whose field compares so to a value; None keeps all. `field` is never a caller's text."""
        if value is not None:
            self._add(f"json_extract(body, '$.{field}') {sign} ?", value)
        return self

    def where_any(self, field: str, values: list[str]) -> "Query":
        """Keep objects whose field is one of some texts; an empty list keeps all."""
        if values:
            condition = f"json_extract(body, '$.{field}') IN (SELECT value FROM json_each(?))"  # noqa: S608 - ours
            self._add(condition, json.dumps(values))
        return self

    def where_null(self, field: str, *, is_null: bool) -> "Query":
        """Keep objects whose field is null, or those where it is not."""
        self._add(f"(json_extract(body, '$.{field}') IS NULL) = ?", int(is_null))
        return self

    def beside(self, sign: str, object_id: str) -> "Query":
        """Keep objects that are older (``<``) or newer (``>``) than one."""
        self._add(f"sequence {sign} (SELECT sequence FROM stripe_object WHERE id = ?)", object_id)  # noqa: S608 - ours
        return self

    def fetch(self, store: Store, order: str, limit: int) -> list[Document]:
        """Return the first objects in an order."""
        wanted = " AND ".join(self._conditions)
        query = f"SELECT body FROM stripe_object WHERE {wanted} ORDER BY sequence {order} LIMIT ?"  # noqa: S608 - ours
        return [json.loads(row["body"]) for row in store.rows(query, *self._values, limit)]

    def _add(self, condition: str, value: object) -> None:
        self._conditions.append(condition)
        self._values.append(value)


def page(call: Call, params: Params, path: str, query: Query) -> Document:
    """Return the page of a list that ``limit``, ``starting_after``, ``ending_before`` and ``created`` ask for.

    It has the operator's objects only.
    """
    limit = params.find_whole("limit", 1, _HIGHEST_LIMIT) or _DEFAULT_LIMIT
    query.where_null("_account", is_null=True)
    for sign, moment_s in params.bounds("created"):
        query.where("created", moment_s, sign)
    before = _cursor(call, params, query.kind, "ending_before")
    after = _cursor(call, params, query.kind, "starting_after")
    if before and after:
        text = "You may only specify one of these parameters: starting_after, ending_before."
        raise ParameterError(text)
    if before:
        found = query.beside(">", before).fetch(call.store, "ASC", limit + 1)
        items = found[:limit][::-1]
    else:
        found = (query.beside("<", after) if after else query).fetch(call.store, "DESC", limit + 1)
        items = found[:limit]
    return {"object": "list", "data": items, "has_more": len(found) > limit, "url": path}


def _cursor(call: Call, params: Params, kind: str, name: str) -> str | None:
    object_id = params.find_text(name)
    return get(call.store, kind, object_id, name)["id"] if object_id else None
