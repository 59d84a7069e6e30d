"""DPoP (RFC 9449) as requests and answers carry it."""

from urllib.parse import quote

from flask import Response, request

from oauth_app.hub import current_hub
from oauth_app.provider.dpop import NONCE_HEADER
from oauth_app.services.issuer import make_nonces
from oauth_app.services.presented_access import Presented

DPOP = "DPoP"


def presented(token: str, *, is_dpop: bool) -> Presented:
    """Return the token as the present request brings it."""
    return Presented(
        token=token,
        is_dpop=is_dpop,
        proof=request.headers.get(DPOP),
        method=request.method,
        path=quote(request.path),
    )


def hand_out_nonce(response: Response) -> Response:
    """RFC 9449 8.2: with every answer, so that nobody is sent back for a fresh one."""
    if _speaks_dpop():
        response.headers[NONCE_HEADER] = make_nonces(current_hub()).make()
    return response


def _speaks_dpop() -> bool:
    """Tell whether the caller's program knows DPoP."""
    return DPOP in request.headers or request.headers.get("Authorization", "").lower().startswith("dpop ")
