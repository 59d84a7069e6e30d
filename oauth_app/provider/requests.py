"""Requests as Authlib reads them, from the one place where their parameters belong."""

from collections import defaultdict
from typing import Any

from authlib.oauth2.rfc6749 import OAuth2Payload, OAuth2Request
from flask import request
from werkzeug.datastructures import Headers, MultiDict

from oauth_app import clock

# Authlib refuses to read a request whose address is neither https nor loopback. It must not judge by
# what a proxy passes on: that the issuer is https in production is checked where the settings are read.
_ADDRESS = "https://hub.invalid"


class _Payload(OAuth2Payload):  # type: ignore[misc] # Authlib ships no types
    def __init__(self, parameters: MultiDict[str, str]) -> None:
        # RFC 6749 3.1: a parameter without a value counts as omitted.
        self._data = MultiDict((name, value) for name, value in parameters.items(multi=True) if value)

    @property
    def data(self) -> MultiDict[str, str]:
        return self._data

    @property
    def datalist(self) -> defaultdict[str, list[str]]:
        return defaultdict(list, dict(self._data.lists()))


class ProtocolRequest(OAuth2Request):  # type: ignore[misc] # Authlib ships no types
    """A request whose parameters come from the query or from the body, never from a mix of both."""

    def __init__(self, parameters: MultiDict[str, str], headers: Headers, path: str = "") -> None:
        super().__init__(method="POST", uri=_ADDRESS, headers=headers)
        self.payload = _Payload(parameters)
        self.path = path
        #: Whether the client itself has pushed the parameters (RFC 9126), so that no browser could change them.
        self.is_pushed = False
        #: What the claims parameter asks for, as it is kept on the code; None for nothing.
        self.claims: dict[str, Any] | None = None
        #: What it asks of AI calls (RFC 9396), as it is kept on the code; None for nothing.
        self.details: list[dict[str, Any]] | None = None
        #: When it came, which is before it waited for anything.
        self.received_at = clock.now()
        #: Of the key that the client has proven to hold (RFC 9449).
        self.proven_key: str | None = None

    @property
    def form(self) -> MultiDict[str, str]:
        """The parameters, under the name that Authlib uses at the token endpoint."""
        parameters: MultiDict[str, str] = self.payload.data
        return parameters

    def repeated(self) -> frozenset[str]:
        """Return the names that stand more than once (RFC 6749 3.1 and 3.2: none may)."""
        return frozenset(name for name, values in self.payload.data.lists() if len(values) > 1)


def from_query() -> ProtocolRequest:
    """Return what the present request asks of the authorization endpoint."""
    return ProtocolRequest(request.args, request.headers)


def from_body() -> ProtocolRequest:
    """Return what the present request asks of an endpoint for programs (RFC 6749 2.3.1: nothing in the URI)."""
    return ProtocolRequest(request.form, request.headers, request.path)
