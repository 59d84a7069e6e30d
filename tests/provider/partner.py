"""A partner's site: Authlib's own client, which speaks to the application without a socket."""

from typing import Any
from urllib.parse import urlencode, urlsplit

import requests
from authlib.common.security import generate_token
from authlib.integrations.requests_client import OAuth2Session
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from flask import Flask
from requests.adapters import BaseAdapter
from requests.structures import CaseInsensitiveDict
from werkzeug.test import TestResponse

from oauth_app.services.partners import Credentials
from tests.provider.browser import Browser, query_of

ISSUER = "http://127.0.0.1:8000"
AUTHORIZE, TOKEN = "/oauth/authorize", f"{ISSUER}/oauth/token"
CALLBACK = "https://shop.example/callback"
SCOPE = "openid email offline_access"


class WsgiAdapter(BaseAdapter):
    """Carries the requests of a client into the application."""

    def __init__(self, app: Flask) -> None:
        super().__init__()
        self._app = app

    def send(self, request: requests.PreparedRequest, **_: Any) -> requests.Response:  # noqa: ANN401
        """Answer one request."""
        parts = urlsplit(str(request.url))
        answer = self._app.test_client().open(
            path=parts.path,
            query_string=parts.query,
            method=str(request.method),
            headers=dict(request.headers),
            data=request.body,
        )
        response = requests.Response()
        response.status_code, response._content = answer.status_code, answer.data  # noqa: SLF001
        response.headers = CaseInsensitiveDict(answer.headers)
        response.request, response.url = request, str(request.url)
        return response

    def close(self) -> None:
        """Keep nothing, so close nothing."""


class PartnerSite:
    """A site that lets its visitors sign in with the hub."""

    def __init__(self, app: Flask, credentials: Credentials) -> None:
        self._app = app
        self.id = credentials.client_id
        self.secret = credentials.client_secret or ""
        self.verifier = generate_token(48)
        self.challenge = create_s256_code_challenge(self.verifier)

    def client(self, **options: Any) -> OAuth2Session:  # noqa: ANN401 - passed on
        """Return the client library, set up for this site."""
        known = {
            "scope": SCOPE,
            "redirect_uri": CALLBACK,
            "code_challenge_method": "S256",
            "token_endpoint_auth_method": "client_secret_basic" if self.secret else "none",
        }
        session = OAuth2Session(self.id, self.secret or None, **(known | options))
        session.mount(ISSUER, WsgiAdapter(self._app))
        return session

    def link(self, *, redirect_uri: str = CALLBACK, scope: str = SCOPE, **more: str) -> str:
        """Return the address behind the site's sign-in button."""
        client = self.client(redirect_uri=redirect_uri, scope=scope)
        url, _ = client.create_authorization_url(AUTHORIZE, state="s1", code_verifier=self.verifier, **more)
        return str(url)

    def code(self, browser: Browser, **more: str) -> str:
        """Let the person at the browser sign in, and return the code."""
        return query_of(browser.allow(self.link(**more)))["code"]

    def good_exchange(self, code: str) -> dict[str, str]:
        """Return what a good client sends for a code."""
        asked = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK}
        return self._credentials() | asked | {"code_verifier": self.verifier}

    def exchange(self, code: str, **changes: str) -> TestResponse:
        """Exchange a code by a raw request; ``changes`` replace what a good client sends, empty ones leave it out."""
        return self.ask_token(**(self.good_exchange(code) | changes))

    def refresh(self, refresh_token: str, **changes: str) -> TestResponse:
        """Exchange a refresh token by a raw request."""
        return self.ask_token(grant_type="refresh_token", **({"refresh_token": refresh_token} | changes))

    def tokens(self, browser: Browser, **more: str) -> dict[str, Any]:
        """Let the person at the browser sign in, and return what the token endpoint answers."""
        answer = self.exchange(self.code(browser, **more))
        assert answer.status_code == 200, answer.text
        tokens: dict[str, Any] = answer.get_json()
        return tokens

    def revoke(self, token: str, **more: str) -> TestResponse:
        """Give a token back."""
        return self._app.test_client().post("/oauth/revoke", data={**self._credentials(), "token": token, **more})

    def push(self, **changes: str) -> TestResponse:
        """Push an authorization request; ``changes`` replace or add parameters, empty ones are left out."""
        asked = query_of(self.link()) | self._credentials() | changes
        return self._app.test_client().post("/oauth/par", data={name: value for name, value in asked.items() if value})

    def pushed_link(self, **changes: str) -> str:
        """Push a request and return the address to send the browser to."""
        request_uri = self.push(**changes).get_json()["request_uri"]
        return f"{AUTHORIZE}?{urlencode({'client_id': self.id, 'request_uri': request_uri})}"

    def userinfo(self, access_token: str) -> TestResponse:
        """Ask who the user is."""
        headers = {"Authorization": f"Bearer {access_token}"}
        return self._app.test_client().get("/oauth/userinfo", headers=headers)

    def ask_token(self, **fields: str) -> TestResponse:
        """Ask the token endpoint, with the secret in the body."""
        form = {name: value for name, value in (self._credentials() | fields).items() if value}
        return self._app.test_client().post("/oauth/token", data=form)

    def _credentials(self) -> dict[str, str]:
        return {"client_id": self.id} | ({"client_secret": self.secret} if self.secret else {})
