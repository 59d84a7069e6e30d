"""Errors of the partner API as ``application/problem+json`` (RFC 9457).

What the caller reads stands in the problem table; what an error says of itself is for the log. No text of
OhMyGPT and nothing of a token can come out, for neither is ever put in.
"""

import json
import logging
from typing import Any

from flask import Blueprint, Flask, Response, g, request
from pydantic import ValidationError
from werkzeug.exceptions import HTTPException
from werkzeug.routing import RequestRedirect

from oauth_app.api.dpop import hand_out_nonce
from oauth_app.api.problem_table import Problem, problem_of
from oauth_app.api.protected_resource import API_PREFIX, pointed
from oauth_app.hub import current_hub
from oauth_app.identifiers import Kind, new_id
from oauth_app.services.charge_errors import InsufficientFundsError
from oauth_app.services.hold_errors import UncoveredHoldError
from oauth_app.services.top_up_errors import InvalidTopUpError
from oauth_app.services.webhook_errors import InvalidEndpointError
from oauth_app.upstream import UpstreamInsufficientFundsError

_log = logging.getLogger(__name__)

#: A browser application calls with a bearer token and without cookies, so any origin may.
_CORS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "X-Request-Id, Retry-After, WWW-Authenticate, DPoP-Nonce",
}
_PREFLIGHT = {
    "Access-Control-Allow-Methods": "GET, POST",
    "Access-Control-Allow-Headers": "Authorization, Content-Type, DPoP, Idempotency-Key, X-Request-Id",
    "Access-Control-Max-Age": "7200",
}


def register_problems(app: Flask) -> None:
    """Answer what no view of the partner API is there to answer, and let browsers read every answer."""
    app.before_request(_refuse_unrouted)
    app.after_request(_allow_origins)


def answer_problems(bp: Blueprint) -> None:
    """Let every error in the blueprint's views become a problem."""
    bp.register_error_handler(Exception, problem_answer)
    # An application-wide handler of one status would win over the line above.
    for status in (400, 404, 405, 413, 415):
        bp.register_error_handler(status, problem_answer)


def problem_answer(error: Exception) -> Response:
    """Return the error as the caller is told of it."""
    problem = problem_of(type(error))
    status = problem.status
    if isinstance(error, HTTPException) and error.code and problem.code == "bad_request":
        status = error.code
    if status >= 500:
        _log.error("%s in request %s", problem.code, _request_id(), exc_info=error)
    answer = Response(json.dumps(_body(error, problem, status)), status, content_type="application/problem+json")
    answer.headers.update(_headers(error, problem))
    return answer


def _body(error: Exception, problem: Problem, status: int) -> dict[str, Any]:
    body: dict[str, Any] = {
        "type": f"{current_hub().settings.hub_issuer}/docs#{problem.code}",
        "title": problem.title,
        "status": status,
        "code": problem.code,
        "detail": problem.detail.format(error=error) or problem.title,
        "request_id": _request_id(),
        "errors": _field_errors(error),
    }
    if isinstance(error, InsufficientFundsError | UncoveredHoldError | UpstreamInsufficientFundsError):
        body["top_up_url"] = f"{current_hub().settings.hub_issuer}/account/top-up"
    if charge_id := getattr(error, "charge_id", None):
        body["charge_id"] = charge_id
    return body


def _field_errors(error: Exception) -> list[dict[str, str]]:
    if isinstance(error, InvalidTopUpError | InvalidEndpointError):
        return [{"field": error.field, "message": error.reason}]
    if not isinstance(error, ValidationError):
        return []
    # Without the input: a field may hold what is nobody's business in a log of the partner's.
    problems = error.errors(include_url=False, include_input=False, include_context=False)
    return [{"field": ".".join(map(str, one["loc"])), "message": one["msg"]} for one in problems]


def _headers(error: Exception, problem: Problem) -> dict[str, str]:
    headers = {"Cache-Control": "no-store"}
    if problem.challenge:
        headers["WWW-Authenticate"] = pointed(problem.challenge.format(error=error))
    if retry_after_s := getattr(error, "retry_after_s", problem.retry_after_s):
        headers["Retry-After"] = str(retry_after_s)
    if isinstance(error, HTTPException) and (allowed := getattr(error, "valid_methods", None)):
        headers["Allow"] = ", ".join(sorted(allowed))
    return headers


def _request_id() -> str:
    if "request_id" not in g:
        g.request_id = new_id(Kind.REQUEST)
    return str(g.request_id)


def _refuse_unrouted() -> Response | None:
    error = request.routing_exception
    if not request.path.startswith(API_PREFIX) or error is None or isinstance(error, RequestRedirect):
        return None
    return problem_answer(error)


def _allow_origins(answer: Response) -> Response:
    if request.path.startswith(API_PREFIX):
        answer.headers.update(_CORS)
        hand_out_nonce(answer)
        if request.method == "OPTIONS":
            answer.headers.update(_PREFLIGHT)
    return answer
