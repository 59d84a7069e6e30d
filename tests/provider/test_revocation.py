"""A partner gives tokens back (RFC 7009)."""

from datetime import timedelta

import pytest

from oauth_app import clock
from oauth_app.db import reading
from oauth_app.hub import Hub
from oauth_app.identifiers import digest
from oauth_app.relay.callers import Caller
from oauth_app.services.access import find_access
from tests.fixtures.hub import Person
from tests.provider.browser import Browser
from tests.provider.partner import PartnerSite


def test_a_refresh_token_takes_its_family_with_it(browser: Browser, site: PartnerSite) -> None:
    """Signing out at the partner ends all that came of signing in there."""
    tokens = site.tokens(browser)

    assert site.revoke(tokens["refresh_token"]).status_code == 200
    assert site.userinfo(tokens["access_token"]).status_code == 401
    assert site.refresh(tokens["refresh_token"]).status_code == 400


def test_an_access_token_ends_alone(browser: Browser, site: PartnerSite) -> None:
    """The refresh token is still good for another one."""
    tokens = site.tokens(browser)

    site.revoke(tokens["access_token"])
    assert site.userinfo(tokens["access_token"]).status_code == 401
    assert site.refresh(tokens["refresh_token"]).status_code == 200


def test_a_public_client_revokes(browser: Browser, public_site: PartnerSite) -> None:
    """Who has no secret has as much to give back."""
    tokens = public_site.tokens(browser)

    assert public_site.revoke(tokens["refresh_token"]).status_code == 200
    assert public_site.userinfo(tokens["access_token"]).status_code == 401


@pytest.mark.parametrize("token", ["omc_rt_unknown", "", "\0"])
def test_an_unknown_token_is_as_good_as_revoked(site: PartnerSite, token: str) -> None:
    """RFC 7009 2.2: the partner wants it gone, and it is; but a token must be named."""
    assert site.revoke(token).status_code == (200 if token else 400)


def test_a_wrong_hint_does_no_harm(browser: Browser, site: PartnerSite) -> None:
    """RFC 7009 2.1: the hint is only one."""
    tokens = site.tokens(browser)

    assert site.revoke(tokens["refresh_token"], token_type_hint="saml2").status_code == 200
    assert site.refresh(tokens["refresh_token"]).status_code == 400


def test_the_relay_forgets_who_was_revoked(hub: Hub, browser: Browser, site: PartnerSite, alice: Person) -> None:
    """What the relay remembers for seconds does not outlive the token."""
    token = site.tokens(browser)["access_token"]
    with reading(hub.engine) as session:
        consent_id = find_access(session, token).consent_id
    caller = Caller(consent_id=consent_id, user_id=alice.user_id, partner_id=site.id, upstream_token="")
    later = clock.now() + timedelta(hours=1)
    hub.callers.put(digest(token), caller, expires_at=later, generation=hub.callers.generation)

    site.revoke(token)
    assert hub.callers.find(digest(token)) is None


def test_another_partner_revokes_nothing(browser: Browser, site: PartnerSite, other_site: PartnerSite) -> None:
    """RFC 7009 2.1: a token is given back by who got it."""
    tokens = site.tokens(browser)

    assert other_site.revoke(tokens["refresh_token"]).get_json()["error"] == "invalid_grant"
    assert site.userinfo(tokens["access_token"]).status_code == 200


def test_a_wrong_secret_revokes_nothing(browser: Browser, site: PartnerSite) -> None:
    """Nobody signs a partner's users out but the partner."""
    tokens = site.tokens(browser)
    site.secret = "wrong"

    assert site.revoke(tokens["refresh_token"]).get_json()["error"] == "invalid_client"
    assert site.userinfo(tokens["access_token"]).status_code == 200
