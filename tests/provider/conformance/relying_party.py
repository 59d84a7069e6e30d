"""A relying party that believes nothing: each answer is held against its specification before it is used.

It is written by hand on joserfc, and shares no code with the provider or with Authlib.
"""

import base64
import hashlib
import secrets
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote_plus

from flask import Flask
from joserfc import jws, jwt
from joserfc.jwk import KeySet
from werkzeug.test import TestResponse

from oauth_app import clock
from oauth_app.services.partners import Credentials
from tests.fixtures.hub import Person
from tests.fixtures.provider_pages import forms_of
from tests.provider.browser import Browser, query_of
from tests.provider.partner import ISSUER

CALLBACK = "https://rp.example/callback"
_MOST_STEPS = 8


@dataclass(frozen=True, kw_only=True)
class Callback:
    """What came back to the redirect URI, and what the person at the browser had to do for it."""

    parameters: dict[str, str]
    signed_in: bool
    agreed: bool


@dataclass(frozen=True, kw_only=True)
class Tokens:
    """An answer of the token endpoint that has passed every check."""

    access_token: str
    refresh_token: str | None
    id_token: str
    claims: dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class PkcePair:
    """What RFC 7636 4 sends first, and what it sends later."""

    verifier: str
    challenge: str


def make_pkce() -> PkcePair:
    """Return a fresh pair."""
    verifier = secrets.token_urlsafe(48)
    return PkcePair(verifier=verifier, challenge=_left_in_base64(hashlib.sha256(verifier.encode()).digest()))


class RelyingParty:
    """One client of the certification plans, and the person at the browser."""

    def __init__(self, app: Flask, credentials: Credentials, person: Person, *, response_mode: str, alg: str) -> None:
        self.http = app.test_client()
        self.id = credentials.client_id
        self.secret = credentials.client_secret or ""
        self._person = person
        self._response_mode = response_mode
        self._alg = alg

    def request(self, **changes: str) -> dict[str, str]:
        """Return the parameters of a good authentication request; an empty change leaves one out."""
        mode = {"response_mode": self._response_mode} if self._response_mode != "default" else {}
        good = {
            "client_id": self.id,
            "redirect_uri": CALLBACK,
            "response_type": "code",
            "scope": "openid",
            "state": secrets.token_urlsafe(16),
            "nonce": secrets.token_urlsafe(16),
        }
        return {name: value for name, value in (good | mode | changes).items() if value}

    def authorize(self, browser: Browser, request: dict[str, str], *, post: bool = False) -> Callback:
        """Go through the authorization endpoint, and return the answer once it is proven to be one."""
        answer = browser.post("/oauth/authorize", request) if post else browser.request(request)
        return self.finish(browser, request, answer)

    def finish(self, browser: Browser, request: dict[str, str], answer: TestResponse) -> Callback:
        """Do at the browser what the pages ask for, until the answer arrives at the redirect URI."""
        signed_in = agreed = False
        for _ in range(_MOST_STEPS):
            arrived = self._arrived(answer)
            if arrived is not None:
                _check_callback(arrived, request)
                return Callback(parameters=arrived, signed_in=signed_in, agreed=agreed)
            location = (answer.location or "").removeprefix(ISSUER)
            if location.startswith("/login"):
                browser.sign_in(self._person)
                answer, signed_in = browser.open(query_of(location)["next"]), True
            elif location:
                answer = browser.open(location)
            else:
                assert answer.status_code == 200, answer.text
                answer, agreed = browser.decide(answer), True
        raise AssertionError("the browser is sent in a circle")  # noqa: EM101, TRY003 - a test's own words

    def log_in(self, browser: Browser, verifier: str = "", **changes: str) -> Tokens:
        """Return the checked tokens of a whole sign-in."""
        request = self.request(**changes)
        code = self.authorize(browser, request).parameters["code"]
        return self.check_tokens(self.exchange(code, code_verifier=verifier), request)

    def exchange(self, code: str, **changes: str) -> TestResponse:
        """Exchange a code by client_secret_basic."""
        return self.ask_token(grant_type="authorization_code", code=code, redirect_uri=CALLBACK, **changes)

    def refresh(self, refresh_token: str) -> TestResponse:
        """Exchange a refresh token by client_secret_basic."""
        return self.ask_token(grant_type="refresh_token", refresh_token=refresh_token)

    def ask_token(self, **form: str) -> TestResponse:
        """Ask the token endpoint, with the id and the secret encoded as RFC 6749 2.3.1 has it."""
        pair = f"{quote_plus(self.id)}:{quote_plus(self.secret)}"
        headers = {"Authorization": "Basic " + base64.b64encode(pair.encode()).decode()}
        data = {name: value for name, value in form.items() if value}
        return self.http.post("/oauth/token", data=data, headers=headers)

    def userinfo(self, tokens: Tokens, *, method: str = "GET", body: bool = False) -> dict[str, Any]:
        """Ask who it is, and hold the answer against the id_token (OIDC Core 5.3.2, 5.3.4)."""
        given = {"data": {"access_token": tokens.access_token}} if body else {"headers": bearer(tokens)}
        answer = self.http.open("/oauth/userinfo", method=method, **given)
        assert (answer.status_code, answer.mimetype) == (200, "application/json"), answer.text
        claims: dict[str, Any] = answer.get_json()
        assert claims["sub"] == tokens.claims["sub"]
        assert None not in claims.values(), "OIDC Core 5.3.2: a claim that is not returned is left out"
        return claims

    def check_tokens(self, answer: TestResponse, request: dict[str, str]) -> Tokens:
        """OIDC Core 3.1.3.3 and 3.1.3.7: return the tokens if everything about them is right."""
        assert (answer.status_code, answer.mimetype) == (200, "application/json"), answer.text
        assert "no-store" in answer.headers["Cache-Control"]
        body = answer.get_json()
        assert body["token_type"].lower() == "bearer"
        assert isinstance(body["expires_in"], int)
        assert body["access_token"].isascii()
        claims = self._check_id_token(body["id_token"], body["access_token"])
        assert claims.get("nonce") == request.get("nonce")
        assert "max_age" not in request or "auth_time" in claims
        return Tokens(
            access_token=body["access_token"],
            refresh_token=body.get("refresh_token"),
            id_token=body["id_token"],
            claims=claims,
        )

    def metadata(self) -> dict[str, Any]:
        """Return what the provider announces."""
        announced: dict[str, Any] = self.http.get("/.well-known/openid-configuration").get_json()
        return announced

    def keys(self) -> KeySet:
        """Return the published keys."""
        return KeySet.import_key_set(self.http.get("/.well-known/jwks.json").get_json())

    def _check_id_token(self, id_token: str, access_token: str) -> dict[str, Any]:
        header = jws.extract_compact(id_token.encode()).headers()
        assert header["alg"] == self._alg
        assert header["kid"] in {key.kid for key in self.keys().keys}
        claims: dict[str, Any] = jwt.decode(id_token, self.keys(), algorithms=[self._alg]).claims
        now = clock.now().timestamp()
        assert (claims["iss"], claims["aud"]) == (ISSUER, self.id)
        assert claims.get("azp", self.id) == self.id
        assert claims["sub"].isascii()
        assert 0 < len(claims["sub"]) <= 255
        assert now - 60 < claims["iat"] <= now + 1 < claims["exp"]
        assert claims.get("auth_time", 0) <= now + 1
        assert None not in claims.values()
        assert claims.get("at_hash", _half_hash(access_token)) == _half_hash(access_token)
        return claims

    def _arrived(self, answer: TestResponse) -> dict[str, str] | None:
        """Return the parameters if the browser is sent to the redirect URI, in the way that was asked for."""
        if self._response_mode == "form_post" and answer.status_code == 200:
            forms = [fields for action, fields in forms_of(answer.text) if action == CALLBACK]
            assert not forms or "no-store" in answer.headers["Cache-Control"]
            return forms[0] if forms else None
        if not (answer.location or "").startswith(CALLBACK):
            return None
        assert self._response_mode == "default"
        assert answer.status_code in {302, 303}
        assert answer.location.startswith(f"{CALLBACK}?")
        assert "#" not in answer.location
        return query_of(answer.location)


def bearer(tokens: Tokens) -> dict[str, str]:
    """Return the header of RFC 6750 2.1."""
    return {"Authorization": f"Bearer {tokens.access_token}"}


def check_error(answer: TestResponse, status: int, error: str) -> None:
    """RFC 6749 5.2: an error of the token endpoint has a status, a code, and nothing that a header cannot carry."""
    body = answer.get_json()
    assert (answer.status_code, body["error"]) == (status, error), body
    assert body.get("error_description", "").isascii()


def _check_callback(parameters: dict[str, str], request: dict[str, str]) -> None:
    """RFC 6749 4.1.2, RFC 9207 2: the answer belongs to the request, and says who sends it."""
    assert parameters.get("state") == request.get("state")
    assert parameters["iss"] == ISSUER
    assert ("code" in parameters) != ("error" in parameters)
    assert parameters.keys() <= {"state", "iss", "code", "scope", "session_state", *_ERROR}, parameters


_ERROR = ("error", "error_description", "error_uri")


def _half_hash(access_token: str) -> str:
    """OIDC Core 3.1.3.6, for the algorithms that end in 256."""
    return _left_in_base64(hashlib.sha256(access_token.encode()).digest()[:16])


def _left_in_base64(digest: bytes) -> str:
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
