"""What is announced is what is done."""

from typing import Any

import pytest
from authlib.oauth2 import rfc8414, rfc9207
from authlib.oidc.discovery import OpenIDProviderMetadata
from flask import Flask
from flask.testing import FlaskClient

from tests.provider.browser import Browser, query_of
from tests.provider.partner import ISSUER, PartnerSite


@pytest.fixture
def metadata(client: FlaskClient) -> dict[str, Any]:
    """Fetch the document."""
    document: dict[str, Any] = client.get("/.well-known/openid-configuration").get_json()
    return document


def test_the_document_is_valid(metadata: dict[str, Any]) -> None:
    """A library's validator finds nothing to complain of."""
    OpenIDProviderMetadata(metadata).validate()
    rfc8414.AuthorizationServerMetadata(metadata).validate(metadata_classes=[rfc9207.AuthorizationServerMetadata])


def test_both_documents_are_one(client: FlaskClient, metadata: dict[str, Any]) -> None:
    """OAuth and OpenID libraries read the same truth."""
    assert client.get("/.well-known/oauth-authorization-server").get_json() == metadata


def test_every_announced_address_answers(app: Flask, metadata: dict[str, Any]) -> None:
    """Each address is the issuer's, whatever the request says about the host, and leads to a view."""
    addresses = [url for name, url in metadata.items() if name.endswith("_endpoint") or name == "jwks_uri"]

    assert len(addresses) >= 5
    for url in addresses:
        assert url.startswith(f"{ISSUER}/")
        assert app.test_client().options(url.removeprefix(ISSUER)).status_code == 200


def test_the_host_of_the_request_is_not_believed(client: FlaskClient, metadata: dict[str, Any]) -> None:
    """A forged Host header does not turn up in the document."""
    forged = client.get("/.well-known/openid-configuration", headers={"Host": "evil.example"})

    assert forged.get_json() == metadata


def test_announced_grants_are_known(metadata: dict[str, Any], site: PartnerSite) -> None:
    """Each announced grant gets further than being unknown; others are unsupported."""
    announced = metadata["grant_types_supported"]
    errors = {grant: site.ask_token(grant_type=grant).get_json()["error"] for grant in [*announced, "password"]}

    assert errors.pop("password") == "unsupported_grant_type"
    assert set(errors.values()) <= {"invalid_request", "unauthorized_client"}


def test_announced_scopes_can_be_had(metadata: dict[str, Any], browser: Browser, site: PartnerSite) -> None:
    """A partner that asks for all that is announced gets it."""
    scopes = " ".join(metadata["scopes_supported"])

    assert site.tokens(browser, scope=scopes)["scope"] == scopes


def test_announced_claims_are_told(metadata: dict[str, Any], browser: Browser, site: PartnerSite) -> None:
    """Every claim of the userinfo endpoint is announced."""
    tokens = site.tokens(browser, scope="openid profile email")

    assert site.userinfo(tokens["access_token"]).get_json().keys() <= set(metadata["claims_supported"])


def test_announced_prompts_are_taken(metadata: dict[str, Any], browser: Browser, site: PartnerSite) -> None:
    """No announced prompt is an invalid request."""
    errors = [
        query_of(browser.open(site.link(prompt=prompt)).headers.get("Location", "")).get("error")
        for prompt in metadata["prompt_values_supported"]
    ]

    assert "invalid_request" not in errors


@pytest.mark.parametrize(
    "path",
    ["/oauth/token", "/oauth/userinfo", "/oauth/revoke", "/.well-known/jwks.json", "/.well-known/openid-configuration"],
)
def test_programs_in_browsers_may_call(client: FlaskClient, path: str) -> None:
    """A single-page app can do all by itself; and no browser sends its cookies along."""
    answer = client.options(path, headers={"Origin": "https://shop.example", "Access-Control-Request-Method": "POST"})

    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert "Authorization" in answer.headers["Access-Control-Allow-Headers"]
    assert "Access-Control-Allow-Credentials" not in answer.headers


def test_the_authorization_endpoint_is_not_open_to_programs(browser: Browser, site: PartnerSite) -> None:
    """A script of another site must not read the consent page."""
    assert "Access-Control-Allow-Origin" not in browser.open(site.link()).headers
