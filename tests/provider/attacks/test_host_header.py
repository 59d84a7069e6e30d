"""Host header games: who we are stands in the settings, never in a request."""

import pytest

from tests.provider.browser import Browser, query_of
from tests.provider.partner import ISSUER, PartnerSite

FORGED = [
    {"Host": "evil.example"},
    {"X-Forwarded-Host": "evil.example"},
    {"X-Forwarded-Proto": "https", "X-Forwarded-Port": "666"},
    {"X-Forwarded-Prefix": "/evil.example"},
    {"Forwarded": "host=evil.example;proto=https"},
    {"X-Original-URL": "/evil.example", "X-Rewrite-URL": "/evil.example"},
]


@pytest.mark.parametrize("headers", FORGED)
def test_no_answer_names_a_forged_host(browser: Browser, site: PartnerSite, headers: dict[str, str]) -> None:
    """Neither where the browser is sent, nor the issuer, nor any page follows the header."""
    back = browser.client.get(site.link(prompt="none"), headers=headers)
    page = browser.client.get(site.link(), headers=headers)

    assert query_of(back.location)["iss"] == ISSUER
    assert "evil.example" not in back.location
    assert "evil.example" not in page.text


@pytest.mark.parametrize("headers", FORGED)
def test_the_way_to_sign_in_stays_here(stranger: Browser, site: PartnerSite, headers: dict[str, str]) -> None:
    """The trip to OhMyGPT comes back to the address in the settings."""
    to_login = stranger.client.get(site.link(), headers=headers).location
    outside = stranger.client.get(to_login, headers=headers).location

    assert to_login.startswith("/login?")
    assert "evil.example" not in outside
    assert f"{ISSUER}/login/callback" in query_of(outside).values()
