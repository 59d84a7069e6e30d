"""Basic and Form Post Basic: the authentication request and its answer."""

import pytest

from oauth_app.hub import Hub
from oauth_app.services.partner_errors import InvalidRegistrationError
from tests.fixtures.hub import make_partner
from tests.provider.browser import Browser
from tests.provider.conformance.relying_party import CALLBACK, RelyingParty, make_pkce


def test_oidcc_server(browser: Browser, rp: RelyingParty) -> None:
    """oidcc-server: a sign-in, and everything about its answers is right."""
    tokens = rp.log_in(browser)

    assert rp.userinfo(tokens)["sub"] == tokens.claims["sub"]


def test_oidcc_response_type_missing(browser: Browser, rp: RelyingParty) -> None:
    """oidcc-response-type-missing: a request without response_type comes back as invalid_request."""
    answer = rp.authorize(browser, rp.request(response_type=""))

    assert answer.parameters["error"] == "invalid_request"


def test_oidcc_idtoken_signature(browser: Browser, rp: RelyingParty) -> None:
    """oidcc-idtoken-signature: the id_token is signed with RS256, by a key that the key set has under its kid."""
    key_set = rp.http.get("/.well-known/jwks.json").get_json()["keys"]

    assert rp.log_in(browser).claims["iss"] == rp.metadata()["issuer"]
    assert len({key["kid"] for key in key_set}) == len(key_set)
    assert not any({"d", "p", "q", "dp", "dq", "qi", "k"} & key.keys() for key in key_set)


def test_oidcc_idtoken_unsigned(hub: Hub, rp: RelyingParty) -> None:
    """oidcc-idtoken-unsigned: an unsigned id_token is neither offered nor to be had, so the plan skips it."""
    assert "none" not in rp.metadata()["id_token_signing_alg_values_supported"]
    with pytest.raises(InvalidRegistrationError):
        make_partner(hub.engine, redirect_uris=[CALLBACK], id_token_algorithm="none")


def test_oidcc_ensure_request_without_nonce_succeeds_for_code_flow(browser: Browser, rp: RelyingParty) -> None:
    """oidcc-ensure-request-without-nonce-succeeds-for-code-flow: no nonce is asked for, so none is returned."""
    pkce = make_pkce()
    tokens = rp.log_in(browser, pkce.verifier, nonce="", code_challenge=pkce.challenge, code_challenge_method="S256")

    assert "nonce" not in tokens.claims


def test_oidcc_alternate_happy_flow(browser: Browser, rp: RelyingParty) -> None:
    """oidcc-alternate-happy-flow: state and nonce may hold any printable character, and come back as they were."""
    odd = "".join(chr(code) for code in range(0x20, 0x7F))

    assert rp.log_in(browser, state=odd, nonce=odd).claims["nonce"] == odd


def test_oidcc_ensure_request_with_unknown_parameter_succeeds(browser: Browser, rp: RelyingParty) -> None:
    """oidcc-ensure-request-with-unknown-parameter-succeeds: what nobody knows is ignored."""
    assert rp.log_in(browser, extra="foobar").claims


def test_oidcc_ensure_registered_redirect_uri(browser: Browser, rp: RelyingParty) -> None:
    """oidcc-ensure-registered-redirect-uri: an address that is not registered gets a page, and no redirect."""
    answer = browser.request(rp.request(redirect_uri=f"{CALLBACK}/foobar"))

    assert (answer.status_code, answer.mimetype) == (400, "text/html")
    assert answer.location is None


def test_oidcc_ensure_post_request_succeeds(browser: Browser, rp: RelyingParty) -> None:
    """oidcc-ensure-post-request-succeeds: the request may be posted."""
    request = rp.request()
    answer = rp.authorize(browser, request, post=True)

    assert rp.check_tokens(rp.exchange(answer.parameters["code"]), request)


def test_oidcc_server_client_secret_post(browser: Browser, rp: RelyingParty) -> None:
    """oidcc-server-client-secret-post: id and secret may stand in the body."""
    request = rp.request()
    code = rp.authorize(browser, request).parameters["code"]
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK}
    answer = rp.http.post("/oauth/token", data=form | {"client_id": rp.id, "client_secret": rp.secret})

    assert rp.check_tokens(answer, request)


def test_oidcc_ensure_request_with_valid_pkce_succeeds(browser: Browser, rp: RelyingParty) -> None:
    """oidcc-ensure-request-with-valid-pkce-succeeds: a client without duty to do so may use PKCE all the same."""
    pkce = make_pkce()

    assert rp.log_in(browser, pkce.verifier, code_challenge=pkce.challenge, code_challenge_method="S256").claims
