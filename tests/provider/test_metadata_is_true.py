"""Every value of the metadata, held against the hub that runs."""

from typing import Any
from urllib.parse import urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient

from oauth_app.services.scopes import ALL_SCOPES
from tests.provider.partner import ISSUER, PartnerSite

RESOURCE = "/.well-known/oauth-protected-resource"


@pytest.fixture
def metadata(client: FlaskClient) -> dict[str, Any]:
    """Fetch the document."""
    document: dict[str, Any] = client.get("/.well-known/openid-configuration").get_json()
    return document


def test_every_value_is_held_against_the_hub_by_some_test(metadata: dict[str, Any]) -> None:
    """A new value must come with a test: here is where each of them has its own."""
    elsewhere = {
        "test_discovery": {"issuer", "scopes_supported", "claims_supported", "prompt_values_supported"},
        "test_discovery, each address": {name for name in metadata if name.endswith("_endpoint")} | {"jwks_uri"},
        "test_client_authentication": {name for name in metadata if name.endswith("_auth_methods_supported")},
        "test_private_key_jwt": {name for name in metadata if name.endswith("_auth_signing_alg_values_supported")},
        "test_signing_algorithms": {"id_token_signing_alg_values_supported"},
        "test_dpop_token": {"dpop_signing_alg_values_supported"},
        "conformance": {
            "response_modes_supported",
            "claims_parameter_supported",
            "claim_types_supported",
            "acr_values_supported",
            "display_values_supported",
            "ui_locales_supported",
            "request_parameter_supported",
            "request_uri_parameter_supported",
            "require_pushed_authorization_requests",
            "backchannel_logout_supported",
            "backchannel_logout_session_supported",
            "authorization_response_iss_parameter_supported",
            "subject_types_supported",
        },
        "test_authorization_details": {"authorization_details_types_supported"},
        "below": {"grant_types_supported", "response_types_supported", "code_challenge_methods_supported"},
        "below, too": {"service_documentation"},
    }

    assert set(metadata) - set().union(*elsewhere.values()) == set()


def test_the_documentation_can_be_read(client: FlaskClient, metadata: dict[str, Any]) -> None:
    """A developer who follows the link finds a page."""
    assert client.get(urlsplit(metadata["service_documentation"]).path).status_code == 200


def test_each_grant_is_known(metadata: dict[str, Any], site: PartnerSite) -> None:
    """Each announced grant is known at the token endpoint, and another is not."""
    for grant in metadata["grant_types_supported"]:
        assert site.ask_token(grant_type=grant).get_json()["error"] != "unsupported_grant_type"
    assert site.ask_token(grant_type="implicit").get_json()["error"] == "unsupported_grant_type"


def test_codes_by_s256_and_nothing_else(metadata: dict[str, Any]) -> None:
    """RFC 9700 2.1: neither tokens through the browser, nor a challenge that is its own verifier."""
    assert metadata["response_types_supported"] == ["code"]
    assert metadata["code_challenge_methods_supported"] == ["S256"]


@pytest.mark.parametrize("path", ["", "/hub/v1/charges", "/hub/v1/me", "/oauth/userinfo"])
def test_each_protected_address_is_described(client: FlaskClient, metadata: dict[str, Any], path: str) -> None:
    """RFC 9728 3.3: under its own name, with the hub as the one that gives tokens for it."""
    told = client.get(RESOURCE + path).get_json()

    assert told["resource"] == ISSUER + path
    assert told["authorization_servers"] == [metadata["issuer"]]
    assert told["scopes_supported"] == list(ALL_SCOPES)
    assert told["bearer_methods_supported"] == ["header"]


@pytest.mark.parametrize("path", ["/", "/login", "/oauth/token", "/hub/v2/me", "/evil"])
def test_what_is_not_protected_is_not_described(client: FlaskClient, path: str) -> None:
    """The hub says nothing about addresses that want no token."""
    assert client.get(RESOURCE + path).status_code == 404


@pytest.mark.parametrize("path", ["/hub/v1/me", "/hub/v1/charges", "/oauth/userinfo"])
@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer omc_at_x"}])
def test_who_is_refused_finds_the_way(app: Flask, path: str, headers: dict[str, str]) -> None:
    """RFC 9728 5.1: from the challenge to the document, and from there to the metadata of the hub."""
    client = app.test_client()
    challenge = client.get(path, headers=headers).headers["WWW-Authenticate"]
    address = challenge.partition('resource_metadata="')[2].rstrip('"')

    told = client.get(address.removeprefix(ISSUER)).get_json()
    assert told["resource"] == ISSUER + path
    assert told["authorization_servers"] == [ISSUER]


def test_the_host_of_a_refused_request_is_not_believed(client: FlaskClient) -> None:
    """A forged Host header does not lead the client to another server."""
    challenge = client.get("/hub/v1/me", headers={"Host": "evil.example"}).headers["WWW-Authenticate"]
    assert f'resource_metadata="{ISSUER}{RESOURCE}/hub/v1/me"' in challenge


def test_a_path_cannot_break_out_of_the_challenge(client: FlaskClient) -> None:
    """What a request writes into its path stays inside the quotes."""
    challenge = client.get('/hub/v1/charges/x", error="no').headers["WWW-Authenticate"]
    assert challenge.count('"') % 2 == 0
    assert "error=" not in challenge
