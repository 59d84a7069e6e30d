"""OpenID Connect RP-Initiated Logout: the certification plan's modules, by their names."""

import pytest
from flask import Flask
from flask.testing import FlaskClient
from joserfc import jwt
from joserfc.jwk import OctKey

from oauth_app.hub import Hub
from tests.fixtures.hub import make_partner
from tests.provider.browser import Browser
from tests.provider.leaving import GOODBYE, check_asked_and_left, check_refused, is_signed_in, log_out
from tests.provider.partner import CALLBACK, ISSUER, PartnerSite


@pytest.fixture
def rp(app: Flask, hub: Hub) -> PartnerSite:
    """Register a site with an address to go on to after a logout."""
    uris = [GOODBYE]
    return PartnerSite(app, make_partner(hub.engine, redirect_uris=[CALLBACK], post_logout_redirect_uris=uris))


def test_oidcc_rp_initiated_logout_discovery_endpoint_verification(client: FlaskClient) -> None:
    """oidcc-rp-initiated-logout-discovery-endpoint-verification: the endpoint is announced, and answers."""
    announced = client.get("/.well-known/openid-configuration").get_json()["end_session_endpoint"]

    assert announced == f"{ISSUER}/oauth/logout"
    assert client.get("/oauth/logout").status_code == 200


def test_oidcc_rp_initiated_logout(browser: Browser, rp: PartnerSite) -> None:
    """oidcc-rp-initiated-logout: with a hint, the browser is signed out and goes on, with its state."""
    id_token = rp.tokens(browser)["id_token"]

    left = log_out(browser, id_token_hint=id_token, post_logout_redirect_uri=GOODBYE, state="a&b=c")

    assert left.location == f"{GOODBYE}?state=a%26b%3Dc"
    assert not is_signed_in(browser)
    # The plan then asks by prompt=none, and wants to hear that nobody is there.
    assert "error=login_required" in browser.open(rp.link(prompt="none")).location


def test_oidcc_rp_initiated_logout_bad_post_logout_redirect_uri(browser: Browser, rp: PartnerSite) -> None:
    """oidcc-rp-initiated-logout-bad-post-logout-redirect-uri: an address that is not registered gets nobody."""
    id_token = rp.tokens(browser)["id_token"]

    page = log_out(browser, id_token_hint=id_token, post_logout_redirect_uri="https://evil.example/", state="s")

    check_refused(browser, page, "not registered")


def test_oidcc_rp_initiated_logout_query_added_to_post_logout_redirect_uri(browser: Browser, rp: PartnerSite) -> None:
    """oidcc-rp-initiated-logout-query-added-to-post-logout-redirect-uri: it is another address then."""
    id_token = rp.tokens(browser)["id_token"]

    page = log_out(browser, id_token_hint=id_token, post_logout_redirect_uri=f"{GOODBYE}?x=1", state="s")

    check_refused(browser, page, "not registered")


def test_oidcc_rp_initiated_logout_modified_id_token_hint(browser: Browser, rp: PartnerSite) -> None:
    """oidcc-rp-initiated-logout-modified-id-token-hint: a token whose content was changed proves nothing."""
    head, _, signature = rp.tokens(browser)["id_token"].split(".")
    other = rp.tokens(browser)["id_token"].split(".")[1]

    page = log_out(browser, id_token_hint=f"{head}.{other[:-4]}AAAA.{signature}", post_logout_redirect_uri=GOODBYE)

    check_refused(browser, page, "did not happen here")


def test_oidcc_rp_initiated_logout_bad_id_token_hint(browser: Browser, rp: PartnerSite) -> None:
    """oidcc-rp-initiated-logout-bad-id-token-hint: a token that we did not sign proves nothing."""
    rp.tokens(browser)
    key = OctKey.generate_key(256)
    forged = jwt.encode({"alg": "HS256"}, {"iss": ISSUER, "aud": rp.id, "sub": "x"}, key)

    check_refused(browser, log_out(browser, id_token_hint=forged, post_logout_redirect_uri=GOODBYE), "did not happen")
    check_refused(browser, log_out(browser, id_token_hint="no token", post_logout_redirect_uri=GOODBYE), "did not")


def test_oidcc_rp_initiated_logout_no_id_token_hint(browser: Browser, rp: PartnerSite) -> None:
    """oidcc-rp-initiated-logout-no-id-token-hint: the person is asked, and the browser stays here."""
    rp.tokens(browser)

    check_asked_and_left(browser, log_out(browser, post_logout_redirect_uri=GOODBYE, state="s"), None)


def test_oidcc_rp_initiated_logout_no_params(browser: Browser, rp: PartnerSite) -> None:
    """oidcc-rp-initiated-logout-no-params: the person is asked, and reads that they are signed out."""
    rp.tokens(browser)

    check_asked_and_left(browser, log_out(browser), None)


def test_oidcc_rp_initiated_logout_only_state(browser: Browser, rp: PartnerSite) -> None:
    """oidcc-rp-initiated-logout-only-state: as without parameters; a state has nowhere to go."""
    rp.tokens(browser)

    check_asked_and_left(browser, log_out(browser, state="s"), None)


def test_oidcc_rp_initiated_logout_no_post_logout_redirect_uri(browser: Browser, rp: PartnerSite) -> None:
    """oidcc-rp-initiated-logout-no-post-logout-redirect-uri: signed out at once, and told so here."""
    left = log_out(browser, id_token_hint=rp.tokens(browser)["id_token"], state="s")

    assert (left.status_code, left.location) == (200, None)
    assert "You are signed out" in left.text
    assert not is_signed_in(browser)


def test_oidcc_rp_initiated_logout_no_state(browser: Browser, rp: PartnerSite) -> None:
    """oidcc-rp-initiated-logout-no-state: the address is the registered one and nothing more."""
    left = log_out(browser, id_token_hint=rp.tokens(browser)["id_token"], post_logout_redirect_uri=GOODBYE)

    assert left.location == GOODBYE
