"""The OpenAPI 3.1 document, made from the routes and what is written beside their views, so it cannot drift."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from flask import Flask
from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode, models_json_schema
from werkzeug.routing import Rule

from oauth_app.api.operations import Operation, find_operation
from oauth_app.api.problem_table import HTTP_OF_ERROR, Problem
from oauth_app.api.protected_resource import API_PREFIX
from oauth_app.api.schemas import ProblemAnswer

_REF = "#/components/schemas/{model}"
#: What every operation may answer, and what those may that need a scope, take a body, or take a key.
_ALWAYS = ("unauthorized", "invalid_token", "invalid_client", "user_required", "unknown_user", "invalid_request")
_OF_CLIENT = ("client_required", "invalid_client", "invalid_request")
_SCOPED = ("insufficient_scope",)
_WITH_BODY = ("invalid_json", "body_too_large", "unsupported_media_type")
_WITH_KEY = (
    "idempotency_key_required",
    "idempotency_key_invalid",
    "idempotency_in_flight",
    "idempotency_mismatch",
)
_LAST = ("internal_error",)

_INTRODUCTION = """\
Amounts are whole numbers of hundredths: `3400000` of asset `OMG` is 34 000.00 OhMyGPT units, that is 1 CNY.
Moments are RFC 3339 in UTC. Lists come newest first, page by page: give `next_cursor` back as `cursor`.

Authenticate with an access token of the user, or with your client id and secret (HTTP Basic) and `user`, the
user's sub, if the user lets your server act alone (`offline_access`). Lists, refunds and letting holds go need no
user with client authentication, and reach users who have disconnected, too.

`OMG` is taken from the user's balance at OhMyGPT, `USD` and `CNY` from their wallet here. OhMyGPT has no call that
gives money back, so refunds of `OMG` arrive in the wallet, and pay the next charge that they cover as a whole.

An `Idempotency-Key` names one act, for as long as its object exists. Each kind of act has keys of its own: charging
(captures are charges), holding, letting a hold go, refunding, topping up. What is refused before anything is written
(`limit_exceeded`, an unknown field, a hold without cover) leaves the key free; a charge that was tried and took nothing
uses it up, and a repeat hears the same.
"""

_SECURITY = {
    "user": {"type": "http", "scheme": "bearer", "description": "An access token of the user (omc_at_…)."},
    "server": {"type": "http", "scheme": "basic", "description": "Your client id and secret, with user=<sub>."},
    "client": {"type": "http", "scheme": "basic", "description": "Your client id and secret; no user is meant."},
}


@dataclass(frozen=True, kw_only=True)
class Route:
    """One operation at its place."""

    path: str
    method: str
    name: str
    summary: str
    operation: Operation


def build_document(app: Flask, issuer: str) -> dict[str, Any]:
    """Return the OpenAPI document of the application's partner API."""
    routes = sorted(find_routes(app), key=lambda route: (route.path, route.method))
    references, schemas = models_json_schema(_shapes(routes), ref_template=_REF)
    paths: dict[str, dict[str, Any]] = defaultdict(dict)
    for route in routes:
        paths[route.path][route.method] = _described(route, references)
    return {
        "openapi": "3.1.0",
        "info": {"title": "OhMyGPT Connect", "version": "1", "description": _INTRODUCTION},
        "servers": [{"url": issuer}],
        "security": [{"user": []}, {"server": []}],
        "paths": dict(paths),
        "components": {"schemas": schemas.get("$defs", {}), "securitySchemes": _SECURITY},
    }


def find_routes(app: Flask) -> Iterator[Route]:
    """Return the routes of the partner API that have something written beside them."""
    for rule in app.url_map.iter_rules():
        operation = find_operation(app.view_functions[rule.endpoint])
        if rule.rule.startswith(API_PREFIX) and operation is not None:
            for method in sorted((rule.methods or set()) & {"GET", "POST", "PATCH", "DELETE"}):
                yield _route(app, rule, method, operation)


def problems_by_code() -> dict[str, Problem]:
    """Return each problem once."""
    return {problem.code: problem for problem in HTTP_OF_ERROR.values()}


def problem_codes(operation: Operation) -> Sequence[str]:
    """Return the codes of all problems that the operation may answer."""
    return (
        *(_OF_CLIENT if operation.is_for_client else _ALWAYS),
        *(_SCOPED if operation.scope else ()),
        *(_WITH_BODY if operation.body else ()),
        *(_WITH_KEY if operation.is_idempotent else ()),
        *operation.problems,
        *_LAST,
    )


def _route(app: Flask, rule: Rule, method: str, operation: Operation) -> Route:
    view = app.view_functions[rule.endpoint]
    return Route(
        path=rule.rule.replace("<", "{").replace(">", "}"),
        method=method.lower(),
        name=rule.endpoint,
        summary=(view.__doc__ or "").strip(),
        operation=operation,
    )


def _shapes(routes: Sequence[Route]) -> Sequence[tuple[type[BaseModel], JsonSchemaMode]]:
    taken = {route.operation.body for route in routes if route.operation.body}
    given = {shape for route in routes for shape in route.operation.answers.values()} | {ProblemAnswer}
    ordered = sorted(taken, key=_name), sorted(given, key=_name)
    return [*((shape, "validation") for shape in ordered[0]), *((shape, "serialization") for shape in ordered[1])]


def _name(shape: type[BaseModel]) -> str:
    return shape.__name__


def _described(route: Route, references: Any) -> dict[str, Any]:  # noqa: ANN401 - pydantic's own mapping
    operation = route.operation
    described: dict[str, Any] = {
        "operationId": route.name,
        "tags": [route.name.partition(".")[0]],
        "summary": route.summary,
        "parameters": _parameters(route),
        "responses": _answers(operation, references) | _problem_answers(operation, references),
    }
    if operation.is_for_client:
        described["security"] = [{"client": []}]
    if operation.scope:
        described["description"] = f"Needs the scope `{operation.scope}`."
    if operation.body:
        schema = references[operation.body, "validation"]
        described["requestBody"] = {"required": True, "content": {"application/json": {"schema": schema}}}
    return described


def _parameters(route: Route) -> list[dict[str, Any]]:
    text = {"type": "string"}
    names = [part[1:-1] for part in route.path.split("/") if part.startswith("{")]
    found: list[dict[str, Any]] = [{"name": name, "in": "path", "required": True, "schema": text} for name in names]
    if route.operation.is_idempotent:
        key = text | {"minLength": 1, "maxLength": 255}
        found.append({"name": "Idempotency-Key", "in": "header", "required": True, "schema": key})
    if route.method == "get":
        properties = route.operation.query.model_json_schema()["properties"]
        found += [{"name": name, "in": "query", "schema": schema} for name, schema in properties.items()]
    return found


def _answers(operation: Operation, references: Any) -> dict[str, Any]:  # noqa: ANN401 - pydantic's own mapping
    words = {200: "The answer", 201: "Done", 202: "Not known yet; ask again later"}
    if 201 in operation.answers:
        words[200] = "Done before, by an equal request"
    return {
        str(status): {
            "description": words[status],
            "content": {"application/json": {"schema": references[shape, "serialization"]}},
        }
        for status, shape in operation.answers.items()
    }


def _problem_answers(operation: Operation, references: Any) -> dict[str, Any]:  # noqa: ANN401 - pydantic's own mapping
    known = problems_by_code()
    codes: dict[int, list[str]] = defaultdict(list)
    for code in problem_codes(operation):
        codes[known[code].status].append(code)
    schema = references[ProblemAnswer, "serialization"]
    return {
        str(status): {
            "description": ", ".join(codes[status]),
            "content": {"application/problem+json": {"schema": schema}},
        }
        for status in sorted(codes)
    }
