"""Basic and Form Post Basic: codes that come twice, refresh tokens, and request objects."""

import base64
import json
from datetime import timedelta

from oauth_app import clock
from tests.provider.browser import Browser
from tests.provider.conformance.relying_party import CALLBACK, RelyingParty, bearer, check_error


def _unsigned(claims: dict[str, str]) -> str:
    """Return a request object without a signature (OIDC Core 6.1)."""
    parts = [json.dumps(part).encode() for part in ({"alg": "none"}, claims)]
    return ".".join([*(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts), ""])


def test_oidcc_codereuse(browser: Browser, rp: RelyingParty) -> None:
    """oidcc-codereuse: a code is good once."""
    code = rp.authorize(browser, rp.request()).parameters["code"]

    assert rp.exchange(code).status_code == 200
    check_error(rp.exchange(code), 400, "invalid_grant")


def test_oidcc_codereuse_30seconds(browser: Browser, rp: RelyingParty) -> None:
    """oidcc-codereuse-30seconds: a code that comes again later ends the tokens that came of it."""
    request = rp.request()
    code = rp.authorize(browser, request).parameters["code"]
    tokens = rp.check_tokens(rp.exchange(code), request)
    with clock.moved(timedelta(seconds=30)):
        assert rp.userinfo(tokens)
        check_error(rp.exchange(code), 400, "invalid_grant")

        assert rp.http.get("/oauth/userinfo", headers=bearer(tokens)).status_code == 401


def test_oidcc_refresh_token(browser: Browser, rp: RelyingParty, second_rp: RelyingParty) -> None:
    """oidcc-refresh-token: it gives new tokens about the same sign-in, and nothing to another client."""
    wish = {"scope": "openid offline_access", "prompt": "consent"}
    first, other = rp.log_in(browser, **wish), second_rp.log_in(browser, **wish)
    assert first.refresh_token
    assert other.refresh_token
    with clock.moved(timedelta(seconds=1)):
        check_error(rp.refresh(other.refresh_token), 400, "invalid_grant")
        second = rp.check_tokens(rp.refresh(first.refresh_token), {})

    assert second.access_token != first.access_token
    assert {n: second.claims[n] for n in ("iss", "sub", "aud", "auth_time")} == {
        n: first.claims[n] for n in ("iss", "sub", "aud", "auth_time")
    }
    assert second.claims["iat"] > first.claims["iat"]
    assert rp.userinfo(second)


def test_oidcc_request_uri_unsigned_supported_correctly_or_rejected_as_unsupported(
    browser: Browser, rp: RelyingParty
) -> None:
    """oidcc-request-uri-unsigned-…: it is not announced, and refused by its own error, to the client."""
    answer = rp.authorize(browser, rp.request(request_uri="https://rp.example/request.jwt"))

    assert rp.metadata()["request_uri_parameter_supported"] is False
    assert answer.parameters["error"] == "request_uri_not_supported"


def test_oidcc_unsigned_request_object_supported_correctly_or_rejected_as_unsupported(
    browser: Browser, rp: RelyingParty
) -> None:
    """oidcc-unsigned-request-object-…: it is not announced, and refused by its own error, to the client."""
    request = rp.request()
    inner = {name: request.pop(name) for name in ("nonce",)} | request
    answer = rp.authorize(browser, request | {"request": _unsigned(inner)})

    assert not rp.metadata().get("request_parameter_supported")
    assert answer.parameters["error"] == "request_not_supported"


def test_oidcc_ensure_request_object_with_redirect_uri(browser: Browser, rp: RelyingParty) -> None:
    """oidcc-ensure-request-object-with-redirect-uri: an unregistered address beside the object gets a page."""
    request = rp.request()
    answer = browser.request(request | {"request": _unsigned(request), "redirect_uri": f"{CALLBACK}/wrong"})

    assert (answer.status_code, answer.location) == (400, None)
