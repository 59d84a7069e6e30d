"""What can go wrong at the authorization endpoint.

* UnprovenRequestError       who asks, or where to answer, is not proven: a page, never a redirect
  - UnknownClientError
  - WrongRedirectUriError
* RefusedError               proven, but refused: the answer goes back to the partner
"""

from flask import Response

from oauth_app.errors import HubError


class UnprovenRequestError(HubError):
    """The request may be anybody's, so nobody is sent anywhere (RFC 6749 4.1.2.1)."""


class UnknownClientError(UnprovenRequestError):
    """``client_id`` is missing, repeated, unknown, or of a partner that is switched off."""


class WrongRedirectUriError(UnprovenRequestError):
    """``redirect_uri`` is missing, repeated, or not a registered one."""


class RefusedError(HubError):
    """The partner hears of it by a redirect."""

    def __init__(self, response: Response) -> None:
        super().__init__()
        self.response = response
