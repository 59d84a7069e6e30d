"""The endpoints for programs: each answers one request, errors included."""

from collections.abc import Callable, Sequence

from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749 import InvalidRequestError
from flask import Response

from oauth_app.provider.client_authentication import ways_shown
from oauth_app.provider.clients import AUTH_METHODS, Client
from oauth_app.provider.requests import ProtocolRequest, from_body
from oauth_app.provider.server import Server


def answer_token_request(server: Server) -> Response:
    """RFC 6749 3.2: exchange a code or a refresh token."""
    return _answer(server, (*_CHECKS, _check_grant_type), server.create_token_response)


def answer_revocation_request(server: Server) -> Response:
    """RFC 7009 2: end a token."""
    return _answer(server, _CHECKS, lambda request: server.create_endpoint_response("revocation", request))


def answer_introspection_request(server: Server) -> Response:
    """RFC 7662 2: tell a partner whether a token of its own counts."""
    return _answer(server, _CHECKS, lambda request: server.create_endpoint_response("introspection", request))


def answer_device_authorization_request(server: Server) -> Response:
    """RFC 8628 3.1: give a device the codes that it shows and keeps."""
    return _answer(server, _CHECKS, lambda request: server.create_endpoint_response("device_authorization", request))


def authenticate(server: Server, request: ProtocolRequest, methods: Sequence[str] = AUTH_METHODS) -> Client:
    """Return the client of a request to an endpoint that is not Authlib's, such as pushed requests.

    Raises:
        OAuth2Error: a parameter is repeated, the client authenticates twice, or is not proven;
            ``server.handle_error_response(request, error)`` is the answer.
    """
    for check in _CHECKS:
        check(request)
    return server.authenticate_client(request, methods, "other")


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
    """RFC 6749 2.3: a client proves itself in one way."""
    if ways_shown(request) > 1:
        raise InvalidRequestError(description="the client authenticates twice")


def _check_grant_type(request: ProtocolRequest) -> None:
    """RFC 6749 4.1.3: required; to Authlib, none is only one more that it does not know."""
    if not request.payload.grant_type:
        raise InvalidRequestError(description="grant_type is missing")


_CHECKS = (_check_repeated, _check_one_authentication)
