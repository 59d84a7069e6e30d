"""The good cases: a person signs in at a partner's site."""

import pytest

from tests.fixtures.hub import Person
from tests.provider.browser import Browser, query_of
from tests.provider.partner import AUTHORIZE, CALLBACK, ISSUER, TOKEN, PartnerSite


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
def test_a_client_library_signs_a_user_in(browser: Browser, site: PartnerSite, alice: Person, method: str) -> None:
    """From the button to the e-mail address, with nothing but a standard library on the partner's side."""
    back = browser.allow(site.link())

    client = site.client(state="s1", token_endpoint_auth_method=method)
    client.fetch_token(TOKEN, authorization_response=back, code_verifier=site.verifier)
    assert client.get(f"{ISSUER}/oauth/userinfo").json()["email"] == alice.email


def test_a_public_client_signs_a_user_in(browser: Browser, public_site: PartnerSite) -> None:
    """A page without a secret gets by with the proof that it asked for the code."""
    back = browser.allow(public_site.link())

    client = public_site.client(state="s1")
    tokens = client.fetch_token(TOKEN, authorization_response=back, code_verifier=public_site.verifier)
    assert tokens["access_token"].startswith("omc_at_")


def test_the_client_library_refreshes(browser: Browser, site: PartnerSite) -> None:
    """With ``offline_access`` the library gets new tokens while the user is away."""
    first = site.tokens(browser)

    second = site.client().refresh_token(TOKEN, refresh_token=first["refresh_token"])
    assert site.userinfo(second["access_token"]).status_code == 200


def test_the_answer_names_state_and_issuer(browser: Browser, site: PartnerSite) -> None:
    """The partner gets its state back, and learns who answers (RFC 9207)."""
    back = browser.allow(site.link())

    assert back.startswith(f"{CALLBACK}?")
    assert query_of(back) | {"code": ""} == {"code": "", "state": "s1", "iss": ISSUER}


def test_the_token_answer_is_complete(browser: Browser, site: PartnerSite) -> None:
    """The answer says how long and for what the token is good, and is kept by no cache."""
    answer = site.exchange(site.code(browser))

    tokens = answer.get_json()
    assert (tokens["token_type"], tokens["expires_in"]) == ("Bearer", 3600)
    assert set(tokens["scope"].split()) == {"openid", "email", "offline_access"}
    assert answer.headers["Cache-Control"] == "no-store"


def test_no_refresh_token_without_offline_access(browser: Browser, site: PartnerSite) -> None:
    """Who did not ask to stay connected is not."""
    assert "refresh_token" not in site.tokens(browser, scope="openid")


def test_no_id_token_without_openid(browser: Browser, site: PartnerSite) -> None:
    """A partner that only wants to charge is not told who signs in."""
    assert "id_token" not in site.tokens(browser, scope="balance:read")


def test_unknown_scopes_are_ignored(browser: Browser, site: PartnerSite) -> None:
    """A library that also asks for ``address`` gets what there is."""
    assert site.tokens(browser, scope="openid address phone")["scope"] == "openid"


def test_a_native_app_listens_on_any_port(browser: Browser, site_on_loopback: PartnerSite) -> None:
    """RFC 8252 7.3: an app on the user's machine takes the port that is free."""
    back = browser.allow(site_on_loopback.link(redirect_uri="http://127.0.0.1:49152/callback"))

    assert back.startswith("http://127.0.0.1:49152/callback?code=")


def test_a_posted_request_is_repeated_as_a_get(browser: Browser, site: PartnerSite) -> None:
    """OIDC Core 3.1.2.1: a request may be posted, from another site and without a CSRF token."""
    answer = browser.post(AUTHORIZE, query_of(site.link()))

    assert answer.status_code == 303
    assert browser.allow(answer.location).startswith(f"{CALLBACK}?code=")


def test_somebody_signed_out_signs_in_first(stranger: Browser, site: PartnerSite) -> None:
    """The way leads over the sign-in page and back to the same request."""
    link = site.link()

    answer = stranger.open(link)
    assert answer.location.startswith("/login?")
    assert query_of(query_of(answer.location)["next"]) == query_of(link)
