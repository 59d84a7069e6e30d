"""One table turns errors into answers; the path decides the shape of what the server itself refuses."""

from collections.abc import Callable, Mapping
from typing import Any, Final, cast

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from oauth_app.sandbox.envelope import failure
from oauth_app.sandbox.errors import PageError, PlatformError, VendorError
from oauth_app.sandbox.pages import error_page
from oauth_app.sandbox.vendor_errors import vendor_failure

_WORDS: Final = {
    404: "There is nothing at this address.",
    405: "This address does not take that method.",
    500: "The sandbox has a fault of its own; its log says more.",
}


async def _on_platform(request: Request, error: Exception) -> Response:
    return failure(request, cast("PlatformError", error))


async def _on_vendor(request: Request, error: Exception) -> Response:
    return vendor_failure(request.url.path, cast("VendorError", error))


async def _on_page(_request: Request, error: Exception) -> Response:
    return error_page(cast("PageError", error))


async def _on_http(request: Request, error: Exception) -> Response:
    refusal = cast("HTTPException", error)
    return _shaped(request, refusal.status_code, _WORDS.get(refusal.status_code, refusal.detail), refusal.headers)


async def _on_crash(request: Request, _error: Exception) -> Response:
    return _shaped(request, 500, _WORDS[500], None)


def _shaped(request: Request, status: int, text: str, headers: Mapping[str, str] | None) -> Response:
    path = request.url.path
    if path.startswith("/v1/"):
        answer: Response = vendor_failure(path, VendorError(status, "invalid_request_error", text))
    elif path.startswith(("/api/", "/_sandbox/")):
        answer = failure(request, PlatformError(status, "invalid_request_error", text))
    else:
        answer = error_page(PageError(status, "Not here" if status == 404 else "That did not work", text))
    answer.headers.update(headers or {})
    return answer


HANDLERS: Final[dict[Any, Callable[[Request, Exception], Any]]] = {
    PlatformError: _on_platform,
    VendorError: _on_vendor,
    PageError: _on_page,
    HTTPException: _on_http,
    Exception: _on_crash,
}
