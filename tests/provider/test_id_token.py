"""id_tokens, as a partner checks them."""

from datetime import timedelta

import pytest
from authlib.oidc.core.util import create_half_hash
from flask.testing import FlaskClient
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError
from joserfc.jwk import KeySet

from oauth_app import clock
from oauth_app.hub import Hub
from oauth_app.services.signing_keys import rotate_signing_keys
from tests.provider.browser import Browser
from tests.provider.partner import ISSUER, PartnerSite


def published_keys(client: FlaskClient) -> KeySet:
    """Return the keys as a partner fetches them."""
    return KeySet.import_key_set(client.get("/.well-known/jwks.json").get_json())


def test_the_claims_are_those_of_the_sign_in(browser: Browser, client: FlaskClient, site: PartnerSite) -> None:
    """Who issued it, for whom, about whom, and which request it answers."""
    tokens = site.tokens(browser, nonce="n1")

    token = jwt.decode(tokens["id_token"], published_keys(client), ["ES256"])
    assert (token.claims["iss"], token.claims["aud"], token.claims["nonce"]) == (ISSUER, site.id, "n1")
    assert token.claims["sub"] == site.userinfo(tokens["access_token"]).get_json()["sub"]
    assert token.claims["at_hash"] == create_half_hash(tokens["access_token"], "ES256").decode()


def test_the_token_tells_nothing_but_who(browser: Browser, client: FlaskClient, site: PartnerSite) -> None:
    """The e-mail address is at the userinfo endpoint, and a nonce that was not sent is not null."""
    tokens = site.tokens(browser, scope="openid email profile")

    token = jwt.decode(tokens["id_token"], published_keys(client), ["ES256"])
    assert token.claims.keys() == {"iss", "sub", "aud", "iat", "exp", "auth_time", "at_hash", "sid"}


def test_auth_time_is_when_the_user_signed_in(browser: Browser, client: FlaskClient, site: PartnerSite) -> None:
    """Not when the token was made: a partner that wants a fresh sign-in must be able to tell."""
    with clock.moved(timedelta(hours=3)):
        tokens = site.tokens(browser)

    claims = jwt.decode(tokens["id_token"], published_keys(client), ["ES256"]).claims
    assert 3 * 3600 - 60 < claims["iat"] - claims["auth_time"] < 3 * 3600 + 60


def test_a_refresh_tells_the_same_person(browser: Browser, client: FlaskClient, site: PartnerSite) -> None:
    """OIDC Core 12.2: the same user, the same sign-in, and no nonce, since there was no request."""
    first = site.tokens(browser, nonce="n1")
    second = site.refresh(first["refresh_token"]).get_json()

    keys = published_keys(client)
    before, after = (jwt.decode(tokens["id_token"], keys, ["ES256"]).claims for tokens in (first, second))
    assert [after[name] for name in ("sub", "aud", "auth_time")] == [
        before[name] for name in ("sub", "aud", "auth_time")
    ]
    assert "nonce" not in after


def test_a_new_key_is_published_before_it_signs(
    hub: Hub, browser: Browser, client: FlaskClient, site: PartnerSite
) -> None:
    """A partner with a copy of the keys from a minute ago still knows every signature."""
    old = published_keys(client)
    rotate_signing_keys(hub)

    with clock.moved(timedelta(minutes=1)):
        assert len(list(published_keys(client))) == 2
        jwt.decode(site.tokens(browser)["id_token"], old, ["ES256"])


def test_old_signatures_outlive_a_rotation(hub: Hub, browser: Browser, client: FlaskClient, site: PartnerSite) -> None:
    """What the old key signed still verifies when the new one signs."""
    before = site.tokens(browser)["id_token"]
    old = published_keys(client)
    rotate_signing_keys(hub)

    with clock.moved(timedelta(minutes=6)):
        after = site.tokens(browser)["id_token"]
        for token in (before, after):
            jwt.decode(token, published_keys(client), ["ES256"])
    with pytest.raises(InvalidKeyIdError):
        jwt.decode(after, old, ["ES256"])


def test_a_retired_key_disappears(hub: Hub, client: FlaskClient) -> None:
    """A day after it signed for the last time, a key is published no more."""
    old = {key.kid for key in published_keys(client)}
    new = rotate_signing_keys(hub)["ES256"]

    with clock.moved(timedelta(days=1, minutes=6)):
        assert {key.kid for key in published_keys(client)} == {new}
    assert new not in old


def test_no_private_half_is_published(client: FlaskClient) -> None:
    """The key set has what verifies, and nothing that signs."""
    keys = client.get("/.well-known/jwks.json").get_json()["keys"]

    assert [key.keys() & {"d", "p", "q", "k"} for key in keys] == [set()]
