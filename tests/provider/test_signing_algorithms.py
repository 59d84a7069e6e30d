"""id_tokens signed as each partner can read them: ES256, RS256, EdDSA."""

import hashlib
from base64 import urlsafe_b64encode
from datetime import timedelta
from typing import Any

import jwt as pyjwt
import pytest
from flask import Flask
from flask.testing import FlaskClient

from oauth_app import clock
from oauth_app.db import transaction
from oauth_app.hub import Hub
from oauth_app.models import Partner
from oauth_app.services.signing_keys import load_signing_keys, rotate_signing_keys
from tests.fixtures.hub import make_partner
from tests.provider.browser import Browser
from tests.provider.partner import CALLBACK, ISSUER, PartnerSite

HASHES = {"ES256": hashlib.sha256, "RS256": hashlib.sha256, "EdDSA": hashlib.sha512}


def make_site(app: Flask, hub: Hub, algorithm: str) -> PartnerSite:
    """Register a site that wants this algorithm."""
    return PartnerSite(app, make_partner(hub.engine, redirect_uris=[CALLBACK], id_token_algorithm=algorithm))


def published(client: FlaskClient) -> list[dict[str, Any]]:
    """Fetch the key set."""
    keys: list[dict[str, Any]] = client.get("/.well-known/jwks.json").get_json()["keys"]
    return keys


def read(client: FlaskClient, site: PartnerSite, token: str, algorithm: str) -> dict[str, Any]:
    """Verify an id_token by a library that had no part in making it, which picks the key by its name."""
    key_id = pyjwt.get_unverified_header(token)["kid"]
    key = next(pyjwt.PyJWK(key) for key in published(client) if key["kid"] == key_id)
    claims: dict[str, Any] = pyjwt.decode(token, key, algorithms=[algorithm], audience=site.id, issuer=ISSUER)
    return claims


@pytest.mark.parametrize("algorithm", ["ES256", "RS256", "EdDSA"])
def test_each_partner_gets_its_algorithm(
    app: Flask, hub: Hub, client: FlaskClient, browser: Browser, algorithm: str
) -> None:
    """The header says it, the published key verifies it, and ``at_hash`` is made by its hash."""
    site = make_site(app, hub, algorithm)
    tokens = site.tokens(browser)

    claims = read(client, site, tokens["id_token"], algorithm)
    half = HASHES[algorithm](tokens["access_token"].encode()).digest()
    assert claims["at_hash"] == urlsafe_b64encode(half[: len(half) // 2]).rstrip(b"=").decode()
    assert claims["aud"] == site.id
    assert "azp" not in claims
    assert (
        algorithm in client.get("/.well-known/openid-configuration").get_json()["id_token_signing_alg_values_supported"]
    )


def test_keys_are_made_when_somebody_needs_them(app: Flask, hub: Hub, client: FlaskClient) -> None:
    """A hub whose partners all read ES256 makes no RSA key; registering for one publishes it before it signs."""
    assert [key["alg"] for key in published(client)] == ["ES256"]
    make_site(app, hub, "RS256")

    with clock.moved(timedelta(seconds=11)):
        assert sorted(key["alg"] for key in published(client)) == ["ES256", "RS256"]


def test_an_algorithm_taken_a_moment_ago_signs(app: Flask, hub: Hub, client: FlaskClient, browser: Browser) -> None:
    """The keys are remembered for seconds; a code exchanged meanwhile is answered all the same, and once."""
    site = make_site(app, hub, "ES256")
    code = site.code(browser)
    load_signing_keys(hub)
    with transaction(hub.engine) as session:
        session.get_one(Partner, site.id).id_token_algorithm = "EdDSA"

    answer = site.exchange(code)
    assert answer.status_code == 200, answer.text
    assert read(client, site, answer.get_json()["id_token"], "EdDSA")
    assert site.exchange(code).status_code == 400


def test_rotation_renews_every_algorithm_in_use(app: Flask, hub: Hub, client: FlaskClient, browser: Browser) -> None:
    """Each gets a new key, which waits until all partners can have seen it; the old ones verify on."""
    site = make_site(app, hub, "RS256")
    old = site.tokens(browser)["id_token"]
    made = rotate_signing_keys(hub)

    assert made.keys() == {"ES256", "RS256"}
    with clock.moved(timedelta(minutes=4)):
        assert len(published(client)) == 4
        assert pyjwt.get_unverified_header(site.tokens(browser)["id_token"])["kid"] != made["RS256"]
    with clock.moved(timedelta(minutes=6)):
        assert pyjwt.get_unverified_header(site.tokens(browser)["id_token"])["kid"] == made["RS256"]
        assert read(client, site, old, "RS256")


def test_one_algorithm_is_rotated_alone(app: Flask, hub: Hub, client: FlaskClient) -> None:
    """The keys of the others stay."""
    make_site(app, hub, "EdDSA")
    before = {key["kid"] for key in published(client)}

    assert rotate_signing_keys(hub, "EdDSA").keys() == {"EdDSA"}
    with clock.moved(timedelta(days=1, minutes=6)):
        assert len(before & {key["kid"] for key in published(client)}) == 1


def test_no_private_half_of_any_kind_is_published(app: Flask, hub: Hub, client: FlaskClient) -> None:
    """RSA keys have six private parts."""
    for algorithm in ("RS256", "EdDSA"):
        make_site(app, hub, algorithm)

    keys = published(client)
    assert len(keys) == 3
    assert not set().union(*keys) & {"d", "p", "q", "dp", "dq", "qi", "k"}
