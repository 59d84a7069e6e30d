"""Config: the discovery document (OpenID Connect Discovery 3 and 4)."""

from urllib.parse import urlsplit

import pytest

from oauth_app.services.scopes import ALL_SCOPES
from tests.provider.conformance.relying_party import RelyingParty
from tests.provider.partner import ISSUER

ENDPOINTS = ("authorization_endpoint", "token_endpoint", "userinfo_endpoint", "jwks_uri")


@pytest.fixture
def response_mode() -> str:
    """Ask once: no sign-in happens here."""
    return "default"


def test_oidcc_discovery_endpoint_verification(rp: RelyingParty) -> None:
    """oidcc-discovery-endpoint-verification: what is required is there, of the right kind, and true."""
    document = rp.metadata()

    assert document["issuer"] == ISSUER
    assert all(urlsplit(document[name])[:2] == urlsplit(ISSUER)[:2] for name in ENDPOINTS)
    assert "code" in document["response_types_supported"]
    assert "authorization_code" in document["grant_types_supported"]
    assert set(document["subject_types_supported"]) <= {"public", "pairwise"}
    assert {"RS256", "ES256"} <= set(document["id_token_signing_alg_values_supported"])
    assert {"query", "form_post"} <= set(document["response_modes_supported"])
    assert {"client_secret_basic", "client_secret_post"} <= set(document["token_endpoint_auth_methods_supported"])
    assert "openid" in document["scopes_supported"]
    assert set(document["scopes_supported"]) <= set(ALL_SCOPES)
    assert {"sub", "name", "email"} <= set(document["claims_supported"])
    assert document["claims_parameter_supported"] is True
    assert [value for value in document.values() if value in (None, [], "")] == []


def test_the_announced_endpoints_answer(rp: RelyingParty) -> None:
    """Nothing is announced that is not there: each endpoint answers something else than 404."""
    endpoints = {n: u for n, u in rp.metadata().items() if n.endswith(("_endpoint", "_uri")) and u.startswith(ISSUER)}
    statuses = {name: rp.http.get(url.removeprefix(ISSUER)).status_code for name, url in endpoints.items()}

    assert 404 not in statuses.values(), statuses
