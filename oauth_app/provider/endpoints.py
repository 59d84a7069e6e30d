"""The endpoints for programs: each answers one request, errors included."""

import base64
import binascii
from collections.abc import Callable

from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749 import InvalidClientError, InvalidRequestError
from flask import Response

from oauth_app.provider.requests import ProtocolRequest, from_body
from oauth_app.provider.server import Server

_BASIC = "basic "


def answer_token_request(server: Server) -> Response:
    """RFC 6749 3.2: exchange a code or a refresh token."""
    return _answer(server, (*_CHECKS, _check_grant_type), server.create_token_response)


def answer_revocation_request(server: Server) -> Response:
    """RFC 7009 2: end a token."""
    return _answer(server, _CHECKS, lambda request: server.create_endpoint_response("revocation", request))


def _answer(
    server: Server,
    checks: tuple[Callable[[ProtocolRequest], None], ...],
    endpoint: Callable[[ProtocolRequest], Response],
) -> Response:
    request = from_body()
    try:
        for check in checks:
            check(request)
    except OAuth2Error as error:
        refusal: Response = server.handle_error_response(request, error)
        return refusal
    return endpoint(request)


def _check_repeated(request: ProtocolRequest) -> None:
    """RFC 6749 3.2: no parameter stands twice. Authlib takes the first and forgets the other."""
    if request.repeated():
        raise InvalidRequestError(description="a parameter is repeated")


def _check_one_authentication(request: ProtocolRequest) -> None:
    """RFC 6749 2.3: a client shows its secret in one way."""
    if _has_basic(request) and "client_secret" in request.form:
        raise InvalidRequestError(description="the client authenticates twice")


def _check_readable_authentication(request: ProtocolRequest) -> None:
    """RFC 7617 2: base64 of text. Authlib lets other bytes through to where they fail."""
    if not _has_basic(request):
        return
    try:
        base64.b64decode(request.headers["Authorization"][len(_BASIC) :], validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        raise InvalidClientError(description="the Authorization header cannot be read", status_code=401) from None


def _check_grant_type(request: ProtocolRequest) -> None:
    """RFC 6749 4.1.3: required; to Authlib, none is only one more that it does not know."""
    if not request.payload.grant_type:
        raise InvalidRequestError(description="grant_type is missing")


def _has_basic(request: ProtocolRequest) -> bool:
    return str(request.headers.get("Authorization", "")).lower().startswith(_BASIC)


_CHECKS = (_check_repeated, _check_one_authentication, _check_readable_authentication)
