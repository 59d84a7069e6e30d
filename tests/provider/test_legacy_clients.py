"""Old confidential clients that know no PKCE (RFC 9700 2.1.1)."""

import pytest

from oauth_app.services.partner_errors import InvalidRegistrationError
from oauth_app.services.registration import Registration
from tests.provider.browser import Browser, query_of
from tests.provider.partner import CALLBACK, PartnerSite

NO_PKCE = {"code_challenge": "", "code_challenge_method": ""}


def test_an_old_client_signs_in_with_a_nonce(browser: Browser, legacy_site: PartnerSite) -> None:
    """The nonce, its secret and the redirect URI stand in for the verifier."""
    asked = query_of(legacy_site.link(nonce="n-1")) | NO_PKCE
    code = query_of(browser.decide(browser.request(asked)).location)["code"]

    assert legacy_site.exchange(code, code_verifier="").status_code == 200


def test_an_old_client_may_use_pkce(browser: Browser, legacy_site: PartnerSite) -> None:
    """Who knows it needs no nonce."""
    assert "access_token" in legacy_site.tokens(browser)


@pytest.mark.parametrize("changes", [{"nonce": ""}, {"scope": "balance:read"}])
def test_without_a_nonce_that_comes_back_it_is_refused(
    browser: Browser, legacy_site: PartnerSite, changes: dict[str, str]
) -> None:
    """A nonce is worth something only in an id_token."""
    back = browser.request(query_of(legacy_site.link(nonce="n-1")) | NO_PKCE | changes)

    assert query_of(back.location)["error"] == "invalid_request"


def test_nobody_else_gets_by_with_a_nonce(browser: Browser, site: PartnerSite) -> None:
    """The policy is the partner's own, and off by default."""
    back = browser.request(query_of(site.link(nonce="n-1")) | NO_PKCE)

    assert query_of(back.location)["error"] == "invalid_request"


def test_a_public_client_cannot_be_old() -> None:
    """Without a secret, PKCE is all there is."""
    with pytest.raises(InvalidRegistrationError, match="PKCE"):
        Registration(name="Page", redirect_uris=[CALLBACK], is_public=True, is_legacy=True)
