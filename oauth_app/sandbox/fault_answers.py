"""The false answers that some faults consist of, in the shape of the route."""

from typing import Final

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response

from oauth_app.sandbox import refusals
from oauth_app.sandbox.errors import PageError, PlatformError, SandboxError, VendorError, bad_token, no_balance
from oauth_app.sandbox.families import Family, family_of
from oauth_app.sandbox.fault_list import Fault, FaultKind
from oauth_app.sandbox.funds import NoMoneyError
from oauth_app.sandbox.stripe_double.errors import StripeError, bad_key

_TEXT: Final = "Injected by the sandbox."
_TOO_MANY: Final = "Too many requests; injected by the sandbox."

_PAGE: Final = "<!doctype html><title>Please wait</title><h1>Checking your browser</h1><p>Injected by the sandbox.</p>"

_BROKEN_JSON: Final = '{"statusCode": 200, "data": {"bal'

_REVOKED: Final[dict[Family, SandboxError]] = {
    Family.PLATFORM: bad_token(),
    Family.VENDOR: VendorError(401, "oauth_invalid_token_error", bad_token().text, code="invalid_api_key"),
    Family.STRIPE: bad_key("sk_test_revoked_by_the_sandbox"),
    Family.PAGE: PageError(401, "Signed out", _TEXT),
}
_NO_MONEY: Final[dict[Family, SandboxError]] = {
    Family.PLATFORM: no_balance(),
    Family.VENDOR: NoMoneyError().on_vendor(),
    Family.STRIPE: StripeError(
        402,
        "Your card has insufficient funds.",
        kind="card_error",
        code="card_declined",
        decline_code="insufficient_funds",
    ),
    Family.PAGE: PageError(402, "Not enough money", _TEXT),
}
_RATE_LIMIT: Final[dict[Family, SandboxError]] = {
    Family.PLATFORM: PlatformError(429, "rate_limit_error", _TOO_MANY),
    Family.VENDOR: VendorError(429, "requests", _TOO_MANY, code="rate_limit_exceeded"),
    Family.STRIPE: StripeError(429, _TOO_MANY, code="rate_limit"),
    Family.PAGE: PageError(429, "Too many requests", _TEXT),
}
_REFUSALS: Final = {
    FaultKind.REVOKED: _REVOKED,
    FaultKind.NO_MONEY: _NO_MONEY,
    FaultKind.RATE_LIMIT: _RATE_LIMIT,
}


async def find_answer(request: Request, fault: Fault) -> Response | None:
    """Return the answer that stands in for the true one, or None for a fault that lets the request through."""
    family = family_of(request.url.path)
    answer: Response | None = None
    match fault.kind:
        case FaultKind.HTML:
            answer = HTMLResponse(_PAGE)
        case FaultKind.MALFORMED_JSON:
            answer = Response(_BROKEN_JSON, media_type="application/json")
        case FaultKind.ENVELOPE_401:
            answer = _envelope(bad_token(), http_status=200)
        case FaultKind.STATUS:
            answer = await _status(request, family, fault.code)
        case kind if kind in _REFUSALS:
            answer = await refusals.answer(request, _REFUSALS[kind][family])
    if answer and fault.kind is FaultKind.RATE_LIMIT:
        answer.headers["Retry-After"] = str(fault.seconds)
    return answer


async def _status(request: Request, family: Family, code: int) -> Response:
    match family:
        case Family.PLATFORM:
            # Whatever the mode is: this fault is about the HTTP status.
            return _envelope(PlatformError(code, "injected_error", _TEXT), http_status=code)
        case Family.VENDOR:
            return await refusals.answer(request, VendorError(code, "server_error", _TEXT))
        case Family.STRIPE:
            return await refusals.answer(request, StripeError(code, _TEXT, kind="api_error"))
        case Family.PAGE:
            return await refusals.answer(request, PageError(code, "That did not work", _TEXT))


def _envelope(error: PlatformError, *, http_status: int) -> Response:
    body = {"statusCode": error.status, "message": error.text, "errorType": error.error_type, "data": None}
    return JSONResponse(body, http_status)
