"""Basic and Form Post Basic: what a client learns, and in which ways it may ask."""

import json

from tests.provider.browser import Browser
from tests.provider.conformance.relying_party import RelyingParty

PROFILE = {"name", "preferred_username"}
#: Also at the refresh and in the metadata.
ALWAYS = {"sub"}


def test_oidcc_userinfo_get(browser: Browser, rp: RelyingParty) -> None:
    """oidcc-userinfo-get: the token comes in the header of a GET."""
    assert rp.userinfo(rp.log_in(browser))


def test_oidcc_userinfo_post_header(browser: Browser, rp: RelyingParty) -> None:
    """oidcc-userinfo-post-header: the token comes in the header of a POST."""
    assert rp.userinfo(rp.log_in(browser), method="POST")


def test_oidcc_userinfo_post_body(browser: Browser, rp: RelyingParty) -> None:
    """oidcc-userinfo-post-body: the token comes in the form of a POST."""
    assert rp.userinfo(rp.log_in(browser), method="POST", body=True)


def test_oidcc_scope_profile(browser: Browser, rp: RelyingParty) -> None:
    """oidcc-scope-profile: the scope opens the claims of a profile that there are, at userinfo."""
    tokens = rp.log_in(browser, scope="openid profile")

    assert rp.userinfo(tokens).keys() == ALWAYS | PROFILE
    assert not PROFILE & tokens.claims.keys()


def test_oidcc_scope_email(browser: Browser, rp: RelyingParty) -> None:
    """oidcc-scope-email: the scope opens the address, at userinfo."""
    tokens = rp.log_in(browser, scope="openid email")

    assert rp.userinfo(tokens).keys() == ALWAYS | {"email"}
    assert "email" not in tokens.claims


def test_oidcc_scope_address(browser: Browser, rp: RelyingParty) -> None:
    """oidcc-scope-address: not announced, so the plan skips it; asked for all the same, it is ignored."""
    assert "address" not in rp.metadata()["scopes_supported"]
    assert rp.userinfo(rp.log_in(browser, scope="openid address")).keys() == ALWAYS


def test_oidcc_scope_phone(browser: Browser, rp: RelyingParty) -> None:
    """oidcc-scope-phone: not announced, so the plan skips it; asked for all the same, it is ignored."""
    assert "phone" not in rp.metadata()["scopes_supported"]
    assert rp.userinfo(rp.log_in(browser, scope="openid phone")).keys() == ALWAYS


def test_oidcc_scope_all(browser: Browser, rp: RelyingParty) -> None:
    """oidcc-scope-all: asked for together, the scopes open what each of them does."""
    tokens = rp.log_in(browser, scope="openid profile email address phone")

    assert rp.userinfo(tokens).keys() == ALWAYS | PROFILE | {"email"}


def test_oidcc_claims_essential(browser: Browser, rp: RelyingParty) -> None:
    """oidcc-claims-essential: a claim can be asked for by its name; the scope that opens it is agreed to with it."""
    asked = json.dumps({"userinfo": {"name": {"essential": True}}})

    assert rp.metadata()["claims_parameter_supported"]
    assert rp.userinfo(rp.log_in(browser, claims=asked)).keys() == ALWAYS | PROFILE


def test_oidcc_claims_locales(browser: Browser, rp: RelyingParty) -> None:
    """oidcc-claims-locales: a wish for a language that no claim is in is no error."""
    assert rp.userinfo(rp.log_in(browser, scope="openid profile", claims_locales="se")).keys() == ALWAYS | PROFILE
