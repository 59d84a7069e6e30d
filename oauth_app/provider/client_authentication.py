"""How a client proves itself at the endpoints for programs (RFC 6749 2.3, OpenID Connect Core 9).

Authlib tries one method after the other until one fits. Here the request says which one it means, the partner's
registration says which ones count, and every failure looks the same from outside.
"""

import base64
import binascii
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import unquote_plus

from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749 import InvalidClientError

from oauth_app.provider.client_assertions import (
    ASSERTION_TYPE,
    InvalidAssertionError,
    check_assertion,
    unverified_client_id,
)
from oauth_app.provider.clients import KEY_METHOD, PUBLIC_METHOD, SECRET_METHODS, Client
from oauth_app.provider.failure_reasons import Reason
from oauth_app.provider.requests import ProtocolRequest

if TYPE_CHECKING:  # the server is what calls this
    from oauth_app.provider.server import Server

BASIC, POST = SECRET_METHODS
_SCHEME = "basic "


class ClientNotProvenError(InvalidClientError):  # type: ignore[misc] # Authlib ships no types
    """RFC 6749 5.2 ``invalid_client``. The caller learns nothing more; ``reason`` is for the partner's own log."""

    def __init__(self, reason: Reason, client: Client | None = None) -> None:
        super().__init__(description="the client is not proven", status_code=401)
        self.reason = reason
        self.client = client

    def get_headers(self) -> list[tuple[str, str]]:
        """RFC 9110 15.5.2: a 401 names a way to authenticate; RFC 7617 2: with its realm."""
        headers: list[tuple[str, str]] = OAuth2Error.get_headers(self)
        return [*headers, ("WWW-Authenticate", 'Basic realm="hub"')]


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """Who a request says it comes from, and what it shows for it."""

    method: str
    client_id: str | None
    credential: str = field(default="", repr=False)


def prove_client(server: "Server", request: ProtocolRequest, methods: Collection[str]) -> Client:
    """Return the client that the request comes from.

    Raises:
        ClientNotProvenError: unknown, switched off, by a method that is not its own, or not its secret or key.
    """
    attempt = read_attempt(request)
    client = server.query_client(attempt.client_id) if attempt.client_id else None
    if client is None:
        raise ClientNotProvenError(Reason.UNKNOWN_CLIENT)
    if attempt.method not in methods or not client.check_endpoint_auth_method(attempt.method, ""):
        raise ClientNotProvenError(Reason.WRONG_METHOD, client)
    _PROOFS[attempt.method](server, attempt, client)
    request.auth_method = attempt.method
    return client


def read_attempt(request: ProtocolRequest) -> Attempt:
    """Return what the request shows.

    Raises:
        ClientNotProvenError: it cannot be read, or names two clients.
    """
    attempt = _read(request)
    named = request.form.get("client_id", attempt.client_id)
    if named != attempt.client_id:
        raise ClientNotProvenError(Reason.TWO_CLIENTS_NAMED)
    return attempt


def ways_shown(request: ProtocolRequest) -> int:
    """Return in how many ways the request tries to prove its client (RFC 6749 2.3: one at most)."""
    form = request.form
    return sum((_has_basic(request), "client_secret" in form, "client_assertion" in form))


def _read(request: ProtocolRequest) -> Attempt:
    form = request.form
    if _has_basic(request):
        return _read_basic(request)
    if "client_assertion" in form:
        assertion = form["client_assertion"]
        if form.get("client_assertion_type") != ASSERTION_TYPE:
            raise ClientNotProvenError(Reason.ASSERTION_TYPE)
        return Attempt(method=KEY_METHOD, client_id=unverified_client_id(assertion), credential=assertion)
    secret = form.get("client_secret", "")
    return Attempt(method=POST if secret else PUBLIC_METHOD, client_id=form.get("client_id"), credential=secret)


def _read_basic(request: ProtocolRequest) -> Attempt:
    """RFC 7617 2 and RFC 6749 2.3.1: base64 of two texts, each encoded as in a form."""
    try:
        text = base64.b64decode(request.headers["Authorization"][len(_SCHEME) :], validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        raise ClientNotProvenError(Reason.UNREADABLE_HEADER) from None
    client_id, _, secret = text.partition(":")
    return Attempt(method=BASIC, client_id=unquote_plus(client_id), credential=unquote_plus(secret))


def _has_basic(request: ProtocolRequest) -> bool:
    return str(request.headers.get("Authorization", "")).lower().startswith(_SCHEME)


def _check_secret(_server: "Server", attempt: Attempt, client: Client) -> None:
    if not client.check_client_secret(attempt.credential):
        raise ClientNotProvenError(Reason.WRONG_SECRET, client)


def _check_assertion(server: "Server", attempt: Attempt, client: Client) -> None:
    try:
        check_assertion(server, attempt.credential, client)
    except InvalidAssertionError as error:
        raise ClientNotProvenError(error.reason, client) from None


def _check_nothing(_server: "Server", _attempt: Attempt, _client: Client) -> None:
    """RFC 6749 2.1: a public client has nothing to show; its registration says that it is one."""


_PROOFS: dict[str, Callable[["Server", Attempt, Client], None]] = {
    BASIC: _check_secret,
    POST: _check_secret,
    KEY_METHOD: _check_assertion,
    PUBLIC_METHOD: _check_nothing,
}
