"""How an error looks to the caller: one table, three dialects.

The SDKs of OpenAI and Anthropic then raise their own exception classes, and clients of OhMyGPT's own
API find the envelope they know.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from oauth_app.relay import errors
from oauth_app.relay.asgi_types import RawHeaders
from oauth_app.relay.routes import Dialect


@dataclass(frozen=True, slots=True)
class Problem:
    """Status, code and sentence of an error; ``{issuer}`` in the sentence is the hub's address."""

    status: int
    code: str
    message: str
    #: How long the caller had better wait (RFC 9110 10.2.3); None says nothing about it.
    retry_after_s: int | None = None
    #: Whether it is for the caller to prove a key (RFC 9449 7.1).
    is_about_key: bool = False


PROBLEMS: Mapping[type[errors.RelayError], Problem] = {
    errors.MalformedTargetError: Problem(400, "malformed_path", "This path is not written in its plain form."),
    errors.UnknownRouteError: Problem(404, "not_found", "This address is not relayed."),
    errors.UnknownTokenError: Problem(
        401, "invalid_token", "The access token is missing, unknown, expired or revoked. Get a new one from {issuer}."
    ),
    errors.WithdrawnError: Problem(401, "invalid_token", "The access was withdrawn while the call ran."),
    errors.BoundTokenError: Problem(
        401,
        "invalid_token",
        "A token that is bound to a key goes with Authorization: DPoP and a proof, any other with Bearer.",
        is_about_key=True,
    ),
    errors.WrongProofError: Problem(401, "invalid_dpop_proof", "The DPoP proof cannot be accepted.", is_about_key=True),
    errors.NonceWantedError: Problem(
        401,
        "use_dpop_nonce",
        "Repeat the call with a fresh DPoP proof that holds the nonce of the DPoP-Nonce header.",
        is_about_key=True,
    ),
    errors.MissingScopeError: Problem(
        403, "insufficient_scope", "The user did not grant the scope api, which AI calls need."
    ),
    errors.LostConnectionError: Problem(
        403, "connection_lost", "The connection to OhMyGPT is lost. Ask the user to sign in again at {issuer}/login."
    ),
    errors.EmptyBalanceError: Problem(
        402, "insufficient_balance", "The OhMyGPT balance is insufficient. Top up at {issuer}/account/top-up"
    ),
    errors.TooManyCallsError: Problem(
        429, "rate_limit_exceeded", "Only so many calls a minute, or at once, are allowed. See Retry-After."
    ),
    errors.SpendLimitError: Problem(
        403, "limit_exceeded", "The limit for AI calls is reached. The user can change it at {issuer}/account"
    ),
    errors.ModelNotAllowedError: Problem(
        403, "model_not_allowed", "The user did not allow this model. They can change that at {issuer}/account"
    ),
    errors.EndpointNotAllowedError: Problem(
        403,
        "endpoint_not_allowed",
        "The user did not allow calls of this kind. They can change that at {issuer}/account",
    ),
    errors.LimitsAwayError: Problem(
        503, "limits_unavailable", "The limits cannot be checked at the moment. Try again.", retry_after_s=1
    ),
    errors.BodyTooLargeError: Problem(413, "request_too_large", "The request is larger than this hub passes on."),
    errors.IdleClientError: Problem(408, "request_timeout", "The request was begun and not continued."),
    errors.NoAnswerError: Problem(502, "upstream_unavailable", "OhMyGPT could not be reached. Try again later."),
    errors.WrongAnswerError: Problem(
        502, "upstream_protocol_error", "OhMyGPT gave an answer that makes no sense here."
    ),
    errors.LateAnswerError: Problem(504, "upstream_timeout", "OhMyGPT did not answer in time."),
}

#: What the caller hears of an error that nobody foresaw.
INTERNAL = Problem(500, "internal_error", "Something went wrong in the hub. The request id helps to find out what.")

#: Anthropic's names of errors; OhMyGPT keeps its own name for the 402.
_ANTHROPIC_TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "insufficient_balance_error",
    403: "permission_error",
    404: "not_found_error",
    408: "timeout_error",
    413: "request_too_large",
    429: "rate_limit_error",
    504: "timeout_error",
}
_OPENAI_TYPES = {401: "authentication_error", 402: "insufficient_balance_error", 403: "permission_error"}
#: The words of OhMyGPT where it has one for the same thing.
_PLATFORM_TYPES = {401: "oauth_invalid_token_error", 402: "insufficient_balance_error"}


def problem_of(error: Exception) -> Problem:
    """Return what to tell the caller about an error."""
    problem = PROBLEMS.get(type(error), INTERNAL) if isinstance(error, errors.RelayError) else INTERNAL
    if isinstance(error, errors.WrongProofError):
        return replace(problem, message=f"{problem.message} About the proof: {error}.")
    return (
        replace(problem, retry_after_s=error.retry_after_s) if isinstance(error, errors.TooManyCallsError) else problem
    )


def write_problem(problem: Problem, dialect: Dialect, *, issuer: str) -> bytes:
    """Return the JSON body of an error."""
    message = problem.message.format(issuer=issuer)
    return json.dumps(_SHAPES[dialect](problem, message), ensure_ascii=False).encode()


def write_refusal(
    problem: Problem, dialect: Dialect, *, issuer: str, proof_algorithms: Sequence[str]
) -> tuple[RawHeaders, bytes]:
    """Return headers and body of an error as a whole answer."""
    headers: RawHeaders = [(b"content-type", b"application/json"), (b"cache-control", b"no-store")]
    if wanted := challenge(problem, issuer=issuer, proof_algorithms=proof_algorithms):
        headers.append((b"www-authenticate", wanted))
    if problem.retry_after_s:
        headers.append((b"retry-after", b"%d" % problem.retry_after_s))
    return headers, write_problem(problem, dialect, issuer=issuer)


def write_event(problem: Problem, dialect: Dialect, *, issuer: str) -> bytes:
    """Return an error as the last event of a stream that has already begun."""
    data = b"data: " + write_problem(problem, dialect, issuer=issuer) + b"\n\n"
    return b"event: error\n" + data if dialect is Dialect.ANTHROPIC else data


def challenge(problem: Problem, *, issuer: str, proof_algorithms: Sequence[str]) -> bytes | None:
    """RFC 6750 3, RFC 9449 7.1, RFC 9728 5.1: return ``WWW-Authenticate``, for errors that are about the token."""
    if not problem.is_about_key and problem.code not in {"invalid_token", "insufficient_scope"}:
        return None
    scheme = "DPoP" if problem.is_about_key else "Bearer"
    scope = ', scope="api"' if problem.code == "insufficient_scope" else ""
    algorithms = f', algs="{" ".join(proof_algorithms)}"' if problem.is_about_key else ""
    metadata = f"{issuer}/.well-known/oauth-protected-resource"
    return f'{scheme} error="{problem.code}"{scope}{algorithms}, resource_metadata="{metadata}"'.encode()


def _openai(problem: Problem, message: str) -> dict[str, Any]:
    kind = _OPENAI_TYPES.get(problem.status, "api_error" if problem.status >= 500 else "invalid_request_error")
    return {"error": {"message": message, "type": kind, "param": None, "code": problem.code}}


def _anthropic(problem: Problem, message: str) -> dict[str, Any]:
    kind = _ANTHROPIC_TYPES.get(problem.status, "api_error")
    return {"type": "error", "error": {"type": kind, "message": message}}


def _platform(problem: Problem, message: str) -> dict[str, Any]:
    kind = _PLATFORM_TYPES.get(problem.status, problem.code)
    return {"statusCode": problem.status, "message": message, "errorType": kind, "data": None}


_SHAPES = {Dialect.OPENAI: _openai, Dialect.ANTHROPIC: _anthropic, Dialect.PLATFORM: _platform}
