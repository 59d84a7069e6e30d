"""Serving an API operation: key, version, idempotency, parameters, transaction, answer."""

import base64
import binascii
import hmac
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from oauth_app.sandbox import request_body
from oauth_app.sandbox.stripe_double import expansion, form, idempotency, objects
from oauth_app.sandbox.stripe_double.calls import Call, carrying_out, double_of, make_request_id
from oauth_app.sandbox.stripe_double.errors import ParameterError, StripeError, bad_key
from oauth_app.sandbox.stripe_double.idempotency import Answer, Attempt
from oauth_app.sandbox.stripe_double.objects import Document
from oauth_app.sandbox.stripe_double.params import Params

PREFIX: Final = "/stripe"

#: The version of the objects, whatever version a caller asks for.
API_VERSION: Final = "2026-10-28.endive"

_VERSION: Final = re.compile(r"20[0-9]{2}-[0-9]{2}-[0-9]{2}(\.[a-z]{1,20})?", re.ASCII)

#: A handler that returns a StripeError keeps its changes and is answered with it; one that raises is undone.
Handler = Callable[[Call, Params], Document | StripeError]


@dataclass(frozen=True, kw_only=True)
class Operation:
    """What an address does; parameters in `ignored` are taken and have no effect."""

    handler: Handler
    ignored: frozenset[str] = frozenset()


def route(method: str, path: str, handler: Handler, ignored: frozenset[str] = frozenset()) -> Route:
    """Return the route of an operation at Stripe's own path."""
    operation = Operation(handler=handler, ignored=ignored)

    async def serve(request: Request) -> Response:
        return await _serve(request, operation)

    serve.__doc__ = handler.__doc__
    return Route(PREFIX + path, serve, methods=[method], name=handler.__name__)


def failure(error: StripeError, request_id: str | None = None) -> Response:
    """Return a refusal as Stripe's answer."""
    answer = Answer(status=error.status, body=json.dumps(error.body()))
    return _response(answer, {"Request-Id": request_id or make_request_id()})


async def _serve(request: Request, operation: Operation) -> Response:
    request_id = make_request_id()
    try:
        _check_key(request)
        headers = {"Request-Id": request_id, **_echoed(request)}
        answer = await _answer(request, operation, request_id)
    except StripeError as error:
        return failure(error, request_id)
    except HTTPException as error:
        return failure(ParameterError(error.detail, status=error.status_code), request_id)
    if answer.original_request_id:
        headers |= {"Idempotent-Replayed": "true", "Original-Request": answer.original_request_id}
    return _response(answer, headers)


async def _answer(request: Request, operation: Operation, request_id: str) -> Answer:
    double = double_of(request)
    key = (request.headers.get("idempotency-key") or None) if request.method == "POST" else None
    with idempotency.claim(double, key):
        pairs = await _read(request)
        if key is None:
            return _carry_out(request, operation, pairs, request_id)
        path = request.url.path.removeprefix(PREFIX)
        attempt = Attempt(key=key, path=path, parameters=idempotency.fingerprint(pairs), request_id=request_id)
        answer = idempotency.find(double.store, attempt)
        if answer is None:
            answer = _carry_out(request, operation, pairs, request_id)
            idempotency.keep(double.store, attempt, answer)
        return answer


async def _read(request: Request) -> list[tuple[str, str]]:
    if request.method != "POST":
        return form.parse(request.scope["query_string"])
    body = await request_body.read(request)
    if body and request_body.media_type(request) not in {"", "application/x-www-form-urlencoded"}:
        text = "Invalid request (check that your POST content type is application/x-www-form-urlencoded)."
        raise ParameterError(text)
    return form.parse(body)


def _carry_out(request: Request, operation: Operation, pairs: list[tuple[str, str]], request_id: str) -> Answer:
    """Return the answer of an operation; only wrong parameters raise, since their answer must not be kept."""
    params = Params(form.nest(pairs))
    paths = params.texts("expand")
    try:
        with carrying_out(request, request_id) as call:
            outcome = operation.handler(call, params)
            params.check_all_read(operation.ignored)
            if isinstance(outcome, StripeError):
                return _refusal(outcome)
            body = objects.public(expansion.expand(call.store, outcome, paths))
            return Answer(status=200, body=json.dumps(body, indent=2))
    except ParameterError:
        raise
    except StripeError as error:
        return _refusal(error)


def _refusal(error: StripeError) -> Answer:
    return Answer(status=error.status, body=json.dumps(error.body()))


def _check_key(request: Request) -> None:
    key = _presented_key(request)
    if not hmac.compare_digest(key.encode(), double_of(request).config.stripe_key.encode()):
        raise bad_key(key)


def _presented_key(request: Request) -> str:
    """Return the key of a Bearer header, or the user name of a Basic one."""
    scheme, _, credential = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return credential.strip()
    if scheme.lower() == "basic":
        try:
            return base64.b64decode(credential, validate=True).decode().partition(":")[0]
        except (binascii.Error, UnicodeError):
            return ""
    return ""


def _echoed(request: Request) -> dict[str, str]:
    version = request.headers.get("stripe-version") or API_VERSION
    if not _VERSION.fullmatch(version):
        text = f"Invalid Stripe API version: {version[:40]}"
        raise ParameterError(text)
    key = request.headers.get("idempotency-key")
    return {"Stripe-Version": version, **({"Idempotency-Key": key} if key else {})}


def _response(answer: Answer, headers: dict[str, str]) -> Response:
    return Response(answer.body, answer.status, headers, media_type="application/json")
