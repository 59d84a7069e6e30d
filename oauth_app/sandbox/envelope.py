"""The platform's envelope: ``{statusCode, message, data}``, and its HTTP status."""

from typing import Any, Final

from starlette.requests import Request
from starlette.responses import JSONResponse

from oauth_app.sandbox.config import HttpStatus
from oauth_app.sandbox.context import sandbox_of
from oauth_app.sandbox.errors import PlatformError

#: Where a request's scope may name a mode of its own.
MODE: Final = "sandbox.http_status"

#: Refusals that by default show in the HTTP status too: credentials (401, 403), and what a
#: web server would refuse by itself. Business errors, 400, 402 and 429, come with HTTP 200.
_SHOWN_IN_HTTP: Final = frozenset({401, 403, 404, 405, 413, 500})


def success(message: str, data: object) -> JSONResponse:
    """Return an envelope that says all is well."""
    return JSONResponse({"statusCode": 200, "message": message, "data": data})


def failure(request: Request, error: PlatformError) -> JSONResponse:
    """Return an envelope that refuses, under the HTTP status that the present mode asks for."""
    body: dict[str, Any] = {
        "statusCode": error.status,
        "message": error.text,
        "errorType": error.error_type,
        "data": None,
    }
    return JSONResponse(body, _http_status(_mode(request), error.status))


def _mode(request: Request) -> HttpStatus:
    own: HttpStatus | None = request.scope.get(MODE)
    return own or sandbox_of(request).switches.http_status


def _http_status(mode: HttpStatus, status: int) -> int:
    if mode is HttpStatus.MIRROR or (mode is HttpStatus.DEFAULT and status in _SHOWN_IN_HTTP):
        return status
    return 200
