"""A partner asks whether a token of its own still counts (RFC 7662)."""

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from oauth_app import clock
from oauth_app.db import transaction
from oauth_app.hub import Hub
from oauth_app.models import Consent
from oauth_app.services.access import find_access
from oauth_app.services.consent import revoke_consent
from tests.fixtures.hub import make_partner
from tests.provider.browser import Browser
from tests.provider.partner import ISSUER, PartnerSite
from tests.provider.prover import Prover

INACTIVE = {"active": False}


def introspect(client: FlaskClient, site: PartnerSite, token: str, **more: str) -> dict[str, Any]:
    """Ask about a token."""
    form = {"client_id": site.id, "client_secret": site.secret, "token": token, **more}
    answer = client.post("/oauth/introspect", data=form)
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.get_json()
    return told


def test_an_access_token_is_described(client: FlaskClient, browser: Browser, site: PartnerSite) -> None:
    """Whose it is, what for, from when to when; and no name or address."""
    token = site.tokens(browser)["access_token"]

    told = introspect(client, site, token)
    assert told == {
        "active": True,
        "scope": "openid email offline_access",
        "client_id": site.id,
        "sub": site.userinfo(token).get_json()["sub"],
        "iss": ISSUER,
        "iat": told["iat"],
        "exp": told["iat"] + 3600,
        "token_type": "Bearer",
    }


def test_a_refresh_token_counts_until_it_is_used(client: FlaskClient, browser: Browser, site: PartnerSite) -> None:
    """A used one is kept only to recognise theft."""
    token = site.tokens(browser)["refresh_token"]

    assert introspect(client, site, token)["active"] is True
    assert "token_type" not in introspect(client, site, token, token_type_hint="whatever")
    site.refresh(token)
    assert introspect(client, site, token) == INACTIVE


def test_a_bound_token_names_its_key(app: Flask, client: FlaskClient, browser: Browser, site: PartnerSite) -> None:
    """RFC 9449 6.2: a resource server can hold the proof against it."""
    prover = Prover(app)
    prover.learn_nonce()
    token = prover.ask_token(site.good_exchange(site.code(browser))).get_json()["access_token"]

    told = introspect(client, site, token)
    assert (told["token_type"], told["cnf"]) == ("DPoP", {"jkt": prover.thumbprint})


def test_a_servers_own_token_stands_for_the_server(app: Flask, client: FlaskClient, hub: Hub) -> None:
    """RFC 7662 2.2: without a user, the subject is the client."""
    server = PartnerSite(app, make_partner(hub.engine, grant_types=["client_credentials"], redirect_uris=[]))
    token = server.ask_token(grant_type="client_credentials").get_json()["access_token"]

    assert introspect(client, server, token)["sub"] == server.id


@pytest.mark.parametrize("token", ["x", "omc_at_unknown", "\0", "é"])
def test_an_unknown_token_is_not_active(client: FlaskClient, site: PartnerSite, token: str) -> None:
    """RFC 7662 2.2: nothing more is said about it."""
    assert introspect(client, site, token) == INACTIVE


def test_another_partners_token_is_not_active(
    client: FlaskClient, browser: Browser, site: PartnerSite, other_site: PartnerSite
) -> None:
    """A partner learns nothing about users of others, not even that they are there."""
    tokens = site.tokens(browser)

    assert introspect(client, other_site, tokens["access_token"]) == INACTIVE
    assert introspect(client, other_site, tokens["refresh_token"]) == INACTIVE


def test_a_token_that_ended_is_not_active(hub: Hub, client: FlaskClient, browser: Browser, site: PartnerSite) -> None:
    """By time, by revocation, or with the user's word."""
    first, second = site.tokens(browser)["access_token"], site.tokens(browser)["access_token"]
    with clock.moved(timedelta(hours=1, seconds=1)):
        assert introspect(client, site, first) == INACTIVE
    site.revoke(first)
    assert introspect(client, site, first) == INACTIVE
    with transaction(hub.engine) as session:
        revoke_consent(session, find_access(session, second).consent_id)
    assert introspect(client, site, second) == INACTIVE


def test_a_consent_that_ran_out_takes_its_tokens_along(
    hub: Hub, client: FlaskClient, browser: Browser, site: PartnerSite
) -> None:
    """Nobody revoked them one by one; the user's word was for so long."""
    token = site.tokens(browser)["access_token"]
    with transaction(hub.engine) as session:
        session.get_one(Consent, find_access(session, token).consent_id).expires_at = clock.now()

    assert introspect(client, site, token) == INACTIVE


def test_a_scope_taken_back_is_not_told(hub: Hub, client: FlaskClient, browser: Browser, site: PartnerSite) -> None:
    """What the user allows now counts, as at every other place."""
    token = site.tokens(browser)["access_token"]
    with transaction(hub.engine) as session:
        consent = session.get_one(Consent, find_access(session, token).consent_id)
        consent.scopes = ["openid"]

    assert introspect(client, site, token)["scope"] == "openid"


def test_who_asks_must_be_proven(client: FlaskClient, browser: Browser, public_site: PartnerSite) -> None:
    """RFC 7662 2.1: otherwise anybody could try tokens until one is active."""
    token = public_site.tokens(browser)["access_token"]
    answer = client.post("/oauth/introspect", data={"client_id": public_site.id, "token": token})

    assert (answer.status_code, answer.get_json()["error"]) == (401, "invalid_client")


def test_a_token_must_be_named(client: FlaskClient, site: PartnerSite) -> None:
    """An empty question is a bad one."""
    answer = client.post("/oauth/introspect", data={"client_id": site.id, "client_secret": site.secret})
    assert (answer.status_code, answer.get_json()["error"]) == (400, "invalid_request")


def test_answers_are_not_kept(client: FlaskClient, site: PartnerSite) -> None:
    """No cache on the way remembers who is signed in."""
    form = {"client_id": site.id, "client_secret": site.secret, "token": "x"}
    assert "no-store" in client.post("/oauth/introspect", data=form).headers["Cache-Control"]
