"""The endpoint for pushed authorization requests (RFC 9126 2): held against all that a browser's request is."""

from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749 import InvalidRequestError
from flask import Response
from werkzeug.datastructures import MultiDict

from oauth_app.provider.authorization import judge
from oauth_app.provider.authorization_proof import prove_redirect_uri
from oauth_app.provider.clients import Client
from oauth_app.provider.dpop_binding import bind_to_key, find_proven_key
from oauth_app.provider.endpoints import authenticate
from oauth_app.provider.errors import WrongRedirectUriError
from oauth_app.provider.failure_reasons import Reason
from oauth_app.provider.pushed_requests import PUSHED_LIFE, keep_pushed_request
from oauth_app.provider.requests import ProtocolRequest, from_body
from oauth_app.provider.server import Server

#: What a client proves itself with (RFC 6749 2.3.1, RFC 7523 2.2): looked at once, and never kept.
_CREDENTIALS = frozenset({"client_secret", "client_assertion", "client_assertion_type"})
_HEADERS = [("Content-Type", "application/json"), ("Cache-Control", "no-cache, no-store")]


def answer_pushed_request(server: Server) -> Response:
    """Return the answer with the name of the request, or an error as the token endpoint has it (RFC 9126 2.3)."""
    request = from_body()
    try:
        client = authenticate(server, request)
        pushed = _pushed(request, client)
        _check_redirect_uri(server, client, pushed)
        bind_to_key(pushed, find_proven_key(server.session, server.issuer, request))
        judge(server, pushed, client)
    except OAuth2Error as error:
        error.redirect_uri = None  # the caller is a program: the answer is for it
        refusal: Response = server.handle_error_response(request, error)
        return refusal
    request_uri = keep_pushed_request(server.session, client, pushed.payload.data.to_dict())
    body = {"request_uri": request_uri, "expires_in": int(PUSHED_LIFE.total_seconds())}
    answer: Response = server.handle_response(201, body, _HEADERS)
    return answer


def _pushed(request: ProtocolRequest, client: Client) -> ProtocolRequest:
    """Return the request as the authorization endpoint will read it."""
    sent = request.payload.data
    if "request_uri" in sent:  # RFC 9126 2.1
        raise InvalidRequestError(description="request_uri cannot be pushed")
    kept = MultiDict((name, value) for name, value in sent.items() if name not in _CREDENTIALS)
    kept["client_id"] = client.partner.id
    pushed = ProtocolRequest(kept, request.headers)
    pushed.is_pushed = True
    return pushed


def _check_redirect_uri(server: Server, client: Client, request: ProtocolRequest) -> None:
    try:
        prove_redirect_uri(client, request)
    except WrongRedirectUriError as error:
        server.explain(Reason.WRONG_REDIRECT_URI, **error.details)
        raise InvalidRequestError(description="redirect_uri is not a registered one") from None
