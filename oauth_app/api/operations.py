"""What an operation of the partner API is, written down beside its view and read by the OpenAPI document."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from flask import Response, request
from flask.typing import ResponseReturnValue
from pydantic import BaseModel

from oauth_app.api.bodies import read_json
from oauth_app.api.schemas import PlainQuery
from oauth_app.services.scopes import Scope

_View = TypeVar("_View", bound=Callable[..., ResponseReturnValue])
_Model = TypeVar("_Model", bound=BaseModel)

_ATTRIBUTE = "partner_api_operation"


@dataclass(frozen=True, kw_only=True)
class Operation:
    """A view in words and shapes; the view's docstring is the summary."""

    answers: Mapping[int, type[BaseModel]]
    #: The codes of the problem table that are particular to it.
    problems: tuple[str, ...] = ()
    scope: Scope | None = None
    body: type[BaseModel] | None = None
    query: type[BaseModel] = PlainQuery
    #: Whether the ``Idempotency-Key`` header is required.
    is_idempotent: bool = field(default=False)
    #: Whether only the partner's own server may call, and for no user (``client_guard``).
    is_for_client: bool = field(default=False)


def describes(operation: Operation) -> Callable[[_View], _View]:
    """Write the operation down beside its view."""

    def attach(view: _View) -> _View:
        setattr(view, _ATTRIBUTE, operation)
        return view

    return attach


def find_operation(view: Callable[..., Any]) -> Operation | None:
    """Return what is written beside the view, if anything is."""
    operation: Operation | None = getattr(view, _ATTRIBUTE, None)
    return operation


def read_body(shape: type[_Model]) -> _Model:
    """Return the body in its shape.

    Raises:
        pydantic.ValidationError: a field is missing, unknown or wrong.
    """
    return shape.model_validate(read_json())


def read_query(shape: type[_Model]) -> _Model:
    """Return what stands behind the ``?`` in its shape.

    Raises:
        pydantic.ValidationError: a parameter is unknown or wrong.
    """
    return shape.model_validate(request.args.to_dict())


def answer(content: BaseModel, status: int = 200) -> Response:
    """Return the content as JSON; it is somebody's own, so nothing in between may keep it."""
    made = Response(content.model_dump_json(), status, content_type="application/json")
    made.headers["Cache-Control"] = "no-store"
    return made
