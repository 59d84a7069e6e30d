"""Clients prove themselves, each in its own way (RFC 6749 2.3)."""

import base64
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from oauth_app.db import transaction
from oauth_app.hub import Hub
from oauth_app.services.partners import disable_partner
from tests.provider.browser import Browser
from tests.provider.partner import PartnerSite

PROGRAMS = ["/oauth/token", "/oauth/revoke", "/oauth/introspect"]


def basic(name: str, secret: str) -> dict[str, str]:
    """Return the header of client authentication."""
    return {"Authorization": "Basic " + base64.b64encode(f"{name}:{secret}".encode()).decode()}


def revoke_by(client: FlaskClient, form: dict[str, str], headers: dict[str, str] | None = None) -> TestResponse:
    """Revoke a token that is not there, which succeeds for whoever is proven."""
    return client.post("/oauth/revoke", data={"token": "x", **form}, headers=headers)


def test_a_secret_is_taken_both_ways(client: FlaskClient, site: PartnerSite) -> None:
    """In the header, or in the form."""
    assert revoke_by(client, {}, basic(site.id, site.secret)).status_code == 200
    assert revoke_by(client, {"client_id": site.id, "client_secret": site.secret}).status_code == 200


def test_the_header_is_encoded_as_a_form_is(client: FlaskClient, site: PartnerSite) -> None:
    """RFC 6749 2.3.1: a library that escapes each character means the same."""
    escaped = site.secret.replace("_", "%5F")
    assert revoke_by(client, {}, basic(site.id.replace("_", "%5F"), escaped)).status_code == 200


@pytest.mark.parametrize("path", PROGRAMS)
def test_every_failure_sounds_alike(
    client: FlaskClient, site: PartnerSite, public_site: PartnerSite, path: str
) -> None:
    """Who guesses learns neither which clients there are, nor what was wrong."""
    attempts: list[tuple[dict[str, str], dict[str, str]]] = [
        ({}, {}),
        ({"client_id": "ptn_0"}, {}),
        ({"client_id": "ptn_0", "client_secret": "x"}, {}),
        ({"client_id": site.id}, {}),
        ({"client_id": site.id, "client_secret": "x"}, {}),
        ({"client_id": public_site.id, "client_secret": "x"}, {}),
        ({}, basic("ptn_0", "x")),
        ({}, basic("\0", "x")),
        ({}, basic(site.id, "")),
        ({}, basic(site.id, "x")),
        ({}, {"Authorization": "Basic ?"}),
        ({}, {"Authorization": "Basic /w=="}),
        ({"client_id": public_site.id}, basic(site.id, site.secret)),
    ]
    asked = {"token": "x", "grant_type": "authorization_code", "code": "x"}
    answers = [client.post(path, data=asked | form, headers=headers) for form, headers in attempts]

    assert {(answer.status_code, answer.text) for answer in answers} == {
        (401, '{"error": "invalid_client", "error_description": "the client is not proven"}')
    }
    assert {answer.headers["WWW-Authenticate"] for answer in answers} == {'Basic realm="hub"'}


def test_a_public_client_shows_no_secret(client: FlaskClient, public_site: PartnerSite, site: PartnerSite) -> None:
    """It has none; and a secret of another client is not one of its own."""
    assert revoke_by(client, {"client_id": public_site.id}).status_code == 200
    assert revoke_by(client, {"client_id": public_site.id, "client_secret": site.secret}).status_code == 401


def test_another_clients_secret_proves_nothing(client: FlaskClient, site: PartnerSite, other_site: PartnerSite) -> None:
    """A secret that looks right, and is one, is still not this client's."""
    assert revoke_by(client, {}, basic(site.id, other_site.secret)).status_code == 401
    assert revoke_by(client, {"client_id": site.id, "client_secret": other_site.secret}).status_code == 401


def test_two_ways_at_once_are_one_too_many(client: FlaskClient, site: PartnerSite) -> None:
    """RFC 6749 2.3: a client uses one method in a request."""
    form = {"client_id": site.id, "client_secret": site.secret}
    assert revoke_by(client, form, basic(site.id, site.secret)).get_json()["error"] == "invalid_request"


def test_a_partner_that_is_switched_off_is_not_proven(hub: Hub, client: FlaskClient, site: PartnerSite) -> None:
    """Its secret is as good as a wrong one."""
    with transaction(hub.engine) as session:
        disable_partner(session, site.id)
    assert revoke_by(client, {}, basic(site.id, site.secret)).status_code == 401


@pytest.mark.parametrize("endpoint", ["token", "revocation", "introspection"])
def test_announced_methods_are_taken_and_others_not(
    client: FlaskClient, site: PartnerSite, public_site: PartnerSite, endpoint: str
) -> None:
    """The metadata lists for each endpoint what gets as far as the request itself."""
    metadata: dict[str, Any] = client.get("/.well-known/openid-configuration").get_json()
    ways: dict[str, tuple[dict[str, str], dict[str, str]]] = {
        "client_secret_basic": ({}, basic(site.id, site.secret)),
        "client_secret_post": ({"client_id": site.id, "client_secret": site.secret}, {}),
        "none": ({"client_id": public_site.id}, {}),
    }
    url = metadata[f"{endpoint}_endpoint"]
    asked = {"token": "x", "grant_type": "authorization_code", "code": "x"}
    taken = {
        way
        for way, (form, headers) in ways.items()
        if not _is_unproven(client.post(url, data=asked | form, headers=headers))
    }

    assert taken | {"private_key_jwt"} == set(metadata[f"{endpoint}_endpoint_auth_methods_supported"])


def test_a_secret_never_comes_back(client: FlaskClient, site: PartnerSite, browser: Browser) -> None:
    """No answer of an endpoint for programs repeats what the client proved itself with."""
    tokens = site.tokens(browser)
    answers = [
        site.refresh(tokens["refresh_token"]),
        site.revoke(tokens["access_token"]),
        revoke_by(client, {"client_id": site.id, "client_secret": site.secret + "x"}),
    ]
    assert all(site.secret not in answer.text + str(answer.headers) for answer in answers)


def _is_unproven(answer: TestResponse) -> bool:
    return answer.status_code == 401
