"""The claims parameter and ``acr`` (OpenID Connect Core 5.5)."""

import base64
import json
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.fixtures.hub import Person
from tests.provider.browser import Browser, query_of
from tests.provider.partner import ISSUER, PartnerSite

ACR = f"{ISSUER}/acr/ohmygpt"


def claims_in(id_token: str) -> dict[str, Any]:
    """Return what the token says, unverified."""
    payload = id_token.split(".")[1]
    told: dict[str, Any] = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return told


def asked(site: PartnerSite, browser: Browser, claims: Any, **more: str) -> dict[str, Any]:  # noqa: ANN401 - JSON
    """Return the tokens of a sign-in that asked for these claims."""
    return site.tokens(browser, scope="openid", claims=json.dumps(claims), **more)


def error_of(site: PartnerSite, browser: Browser, claims: str) -> str | None:
    """Return how the request is refused, if it is."""
    answer = browser.open(site.link(scope="openid", claims=claims))
    return query_of(answer.headers.get("Location", "")).get("error")


def test_a_claim_comes_in_the_id_token(browser: Browser, site: PartnerSite, alice: Person) -> None:
    """Who asks for the address there is told it there."""
    tokens = asked(site, browser, {"id_token": {"email": {"essential": True}}})

    assert claims_in(tokens["id_token"])["email"] == alice.email


def test_a_claim_asks_for_its_scope(browser: Browser, site: PartnerSite, alice: Person) -> None:
    """The consent page shows what is asked for by the claim's name, and the token says what was granted."""
    link = site.link(scope="openid", claims='{"userinfo": {"email": null}}')
    assert "Know your e-mail address" in browser.open(link).text

    tokens = asked(site, browser, {"userinfo": {"email": None}})
    assert tokens["scope"].split() == ["openid", "email"]
    assert site.userinfo(tokens["access_token"]).get_json()["email"] == alice.email


def test_a_claim_is_no_way_round_consent(browser: Browser, site: PartnerSite) -> None:
    """Agreed to ``openid`` before, a partner does not get the address by asking for the claim alone."""
    site.tokens(browser, scope="openid")
    answer = browser.open(site.link(scope="openid", prompt="none", claims='{"id_token": {"email": null}}'))

    assert query_of(answer.location)["error"] == "consent_required"


def test_a_claim_is_no_way_round_registration(browser: Browser, modest_site: PartnerSite) -> None:
    """OIDC Core 5.5.1: what cannot be told is left out; a scope that is not registered is not opened."""
    wish = {"id_token": {"name": {"essential": True}}}
    page = browser.open(modest_site.link(scope="openid", claims=json.dumps(wish))).text
    tokens = asked(modest_site, browser, wish)

    assert "Know your name" not in page
    assert tokens["scope"] == "openid"
    assert "name" not in claims_in(tokens["id_token"])


def test_a_claim_outlives_a_refresh(browser: Browser, site: PartnerSite, alice: Person) -> None:
    """What was asked for once is told in the id_token of a refresh, too."""
    tokens = site.tokens(browser, scope="openid offline_access", claims='{"id_token": {"email": null}}')

    renewed = site.refresh(tokens["refresh_token"]).get_json()
    assert claims_in(renewed["id_token"])["email"] == alice.email


def test_unknown_claims_and_members_are_ignored(browser: Browser, site: PartnerSite) -> None:
    """OIDC Core 5.5: what is not understood is no error."""
    wish = {"id_token": {"phone_number": {"essential": True, "wish": 1}}, "userinfo": None, "vc": 3}

    assert asked(site, browser, wish)["scope"] == "openid"


@pytest.mark.parametrize(
    "claims",
    [
        "x",
        "[]",
        "null",
        '"id_token"',
        '{"id_token": []}',
        '{"userinfo": 1}',
        '{"id_token": {"email": true}}',
        '{"id_token": {"email": {"essential": "yes"}}}',
        '{"id_token": {"email": {"values": "x"}}}',
        '{"id_token": {"sub": {"value": ["x"]}}}',
        '{"id_token": {"sub": {"value": 1}}}',
        '{"id_token": {"sub": {"value": "a"}}, "userinfo": {"sub": {"value": "b"}}}',
        '{"id_token": {}, "id_token": {"email": null}}',
        '{"id_token": {"' + "x" * 4096 + '": null}}',
        "[" * 3000,
    ],
)
def test_a_malformed_wish_is_refused(browser: Browser, site: PartnerSite, claims: str) -> None:
    """The parameter is read strictly."""
    assert error_of(site, browser, claims) == "invalid_request"


@pytest.mark.parametrize(
    "wish",
    [
        {"acr_values": "phr 2"},
        {"claims": '{"id_token": {"acr": null}}'},
        {"claims": '{"id_token": {"acr": {"values": ["phr"]}}}'},
    ],
)
def test_acr_says_what_is_known(browser: Browser, site: PartnerSite, wish: dict[str, str]) -> None:
    """Asked for, ``acr`` names the sign-in at OhMyGPT and claims no more, whatever was wished for."""
    tokens = site.tokens(browser, scope="openid", **wish)

    assert claims_in(tokens["id_token"])["acr"] == ACR


def test_acr_is_not_told_unasked(browser: Browser, site: PartnerSite) -> None:
    """Nobody who did not ask must read anything into it."""
    assert "acr" not in claims_in(site.tokens(browser, scope="openid")["id_token"])


@pytest.mark.parametrize("wish", [{"value": "phr"}, {"values": ["phr", "phrh"]}])
def test_an_essential_acr_that_cannot_be_had_is_an_error(
    browser: Browser, site: PartnerSite, wish: dict[str, Any]
) -> None:
    """OIDC Core 5.5.1.1: then the sign-in has failed."""
    claims = json.dumps({"id_token": {"acr": {"essential": True, **wish}}})

    assert error_of(site, browser, claims) == "unmet_authentication_requirements"


def test_an_essential_acr_that_is_known_is_met(browser: Browser, site: PartnerSite) -> None:
    """A partner that asks for just what there is gets it."""
    tokens = asked(site, browser, {"id_token": {"acr": {"essential": True, "values": ["phr", ACR]}}})

    assert claims_in(tokens["id_token"])["acr"] == ACR


def test_what_is_announced_can_be_had(client: FlaskClient) -> None:
    """Discovery names the parameter and the one value of ``acr``."""
    metadata = client.get("/.well-known/openid-configuration").get_json()

    assert metadata["claims_parameter_supported"] is True
    assert metadata["acr_values_supported"] == [ACR]
    assert "acr" in metadata["claims_supported"]
