"""Refusals on the AI routes, in the shape of OpenAI or of Anthropic."""

from typing import Any, Final

from starlette.responses import JSONResponse

from oauth_app.sandbox import vendor_paths
from oauth_app.sandbox.errors import VendorError
from oauth_app.sandbox.identifiers import alnum

#: Anthropic's names of errors for a status; the 402 keeps the provider's own name.
_ANTHROPIC_KINDS: Final = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    405: "invalid_request_error",
    413: "request_too_large",
    429: "rate_limit_error",
}


def is_anthropic(path: str) -> bool:
    """Tell whether a route speaks Anthropic's dialect."""
    inner = vendor_paths.inner(path)
    return inner in {"/v1/messages", "/v1/complete"} or inner.startswith("/v1/messages/")


def vendor_failure(path: str, error: VendorError) -> JSONResponse:
    """Return the refusal in the dialect of the route."""
    body = _anthropic_body(error) if is_anthropic(path) else {"error": _openai_error(error)}
    return JSONResponse(body, error.status)


def _anthropic_body(error: VendorError) -> dict[str, Any]:
    kind = _ANTHROPIC_KINDS.get(error.status, error.kind)
    if error.kind == "oauth_invalid_token_error":
        kind = error.kind
    return {"type": "error", "error": {"type": kind, "message": error.text}, "request_id": f"req_{alnum(24)}"}


def _openai_error(error: VendorError) -> dict[str, Any]:
    body: dict[str, Any] = {"message": error.text, "type": error.kind}
    if error.status != 402:  # the observed 402 has neither param nor code
        body |= {"param": error.param, "code": error.code}
    return body
