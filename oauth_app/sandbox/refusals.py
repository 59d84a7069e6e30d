"""One table turns errors into answers; the path decides the shape of what the server itself refuses."""

from collections.abc import Callable, Mapping
from typing import Any, Final, cast

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from oauth_app.sandbox.envelope import failure
from oauth_app.sandbox.errors import PageError, PlatformError, SandboxError, VendorError
from oauth_app.sandbox.families import Family, family_of
from oauth_app.sandbox.pages import error_page
from oauth_app.sandbox.stripe_double import api as stripe
from oauth_app.sandbox.stripe_double.errors import StripeError, no_such_address
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


async def _on_stripe(_request: Request, error: Exception) -> Response:
    return stripe.failure(cast("StripeError", error))


async def _on_page(_request: Request, error: Exception) -> Response:
    return error_page(cast("PageError", error))


async def _on_http(request: Request, error: Exception) -> Response:
    refusal = cast("HTTPException", error)
    return shaped(request, refusal.status_code, _WORDS.get(refusal.status_code, refusal.detail), refusal.headers)


async def _on_crash(request: Request, _error: Exception) -> Response:
    return shaped(request, 500, _WORDS[500])


async def answer(request: Request, error: SandboxError) -> Response:
    """Return the refusal that a handler which raised the error would have been answered with."""
    refusal: Response = await HANDLERS[type(error)](request, error)
    return refusal


def shaped(request: Request, status: int, text: str, headers: Mapping[str, str] | None = None) -> Response:
    """Return a refusal in the shape of the address."""
    path = request.url.path
    match family_of(path):
        case Family.VENDOR:
            refusal: Response = vendor_failure(path, VendorError(status, "invalid_request_error", text))
        case Family.STRIPE if status in _WORDS:
            refusal = stripe.failure(no_such_address(request.method, path, status))
        case Family.STRIPE:
            refusal = stripe.failure(StripeError(status, text))
        case Family.PLATFORM:
            refusal = failure(request, PlatformError(status, "invalid_request_error", text))
        case Family.PAGE:
            refusal = error_page(PageError(status, "Not here" if status == 404 else "That did not work", text))
    refusal.headers.update(headers or {})
    return refusal


HANDLERS: Final[dict[Any, Callable[[Request, Exception], Any]]] = {
    PlatformError: _on_platform,
    VendorError: _on_vendor,
    StripeError: _on_stripe,
    PageError: _on_page,
    HTTPException: _on_http,
    Exception: _on_crash,
}
