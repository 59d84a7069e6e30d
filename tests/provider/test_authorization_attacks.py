"""Requests that must not be granted, and where their answers go."""

import pytest

from oauth_app.db import transaction
from oauth_app.hub import Hub
from oauth_app.services.partners import disable_partner
from tests.provider.browser import Browser, query_of
from tests.provider.partner import CALLBACK, ISSUER, PartnerSite

WRONG_ADDRESSES = [
    "https://shop.example/callback/",
    "https://shop.example/callbac",
    "https://shop.example/Callback",
    "https://shop.example:8443/callback",
    "https://shop.example:443/callback",
    "http://shop.example/callback",
    "https://shop.example/callback?x=1",
    "https://shop.example/callback#",
    "https://shop.example@evil.example/callback",
    "https://evil.example/callback",
    "https://shop.example/callback%00",
    'https://shop.example/callback"><script>',
    "https://shöp.example/callback",
    "javascript:alert(1)",
    "http://127.0.0.1:1234/callback",
    "",
]


@pytest.mark.parametrize("address", WRONG_ADDRESSES)
def test_nobody_is_sent_to_an_unregistered_address(browser: Browser, site: PartnerSite, address: str) -> None:
    """RFC 9700 2.1: byte for byte, or a page."""
    answer = browser.open(site.link(redirect_uri=address))

    assert (answer.status_code, answer.headers.get("Location")) == (400, None)
    assert "<script>" not in answer.text


@pytest.mark.parametrize(
    "address",
    [
        "http://127.0.0.1:1234/other",
        "https://127.0.0.1:1234/callback",
        "http://127.0.0.1:1234@evil.example/callback",
        "http://localhost:1234/callback",
        "http://127.0.0.2:1234/callback",
    ],
)
def test_only_the_port_of_a_loopback_address_varies(
    browser: Browser, site_on_loopback: PartnerSite, address: str
) -> None:
    """RFC 8252 7.3 frees the port and nothing else."""
    assert browser.open(site_on_loopback.link(redirect_uri=address)).status_code == 400


@pytest.mark.parametrize("client_id", ["", "ptn_unknown", "ptn_\0", "ptn_ü"])
def test_an_unknown_client_gets_a_page(browser: Browser, site: PartnerSite, client_id: str) -> None:
    """RFC 6749 4.1.2.1: who is not known has no address to go back to."""
    site.id = client_id

    assert browser.open(site.link()).status_code == 400


def test_a_partner_that_is_switched_off_is_unknown(hub: Hub, browser: Browser, site: PartnerSite) -> None:
    """A disabled partner cannot even be told so."""
    with transaction(hub.engine) as session:
        disable_partner(session, site.id)

    assert browser.open(site.link()).status_code == 400


@pytest.mark.parametrize("name", ["client_id", "redirect_uri"])
def test_two_clients_are_none(browser: Browser, site: PartnerSite, name: str) -> None:
    """A repeated name may mean either one, so nothing is proven."""
    link = site.link()

    assert browser.open(f"{link}&{name}={query_of(link)[name]}").status_code == 400


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge_method": ""}, "invalid_request"),
        ({"code_challenge": ""}, "invalid_request"),
        ({"code_challenge": "too-short"}, "invalid_request"),
        ({"code_challenge": "a" * 43 + "\n"}, "invalid_request"),
        ({"response_type": ""}, "invalid_request"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": "code id_token"}, "unsupported_response_type"),
        ({"response_type": 'cöde"\\'}, "unsupported_response_type"),
        ({"response_mode": "form_post"}, "invalid_request"),
        ({"scope": ""}, "invalid_scope"),
        ({"scope": "address"}, "invalid_scope"),
        ({"prompt": "none login"}, "invalid_request"),
        ({"prompt": "create"}, "invalid_request"),
        ({"max_age": "soon"}, "invalid_request"),
        ({"max_age": "-1"}, "invalid_request"),
        ({"max_age": "9" * 400}, "invalid_request"),
        ({"signed_in_since": "9" * 14}, "invalid_request"),
        ({"nonce": "n" * 513}, "invalid_request"),
        ({"nonce": "n\0"}, "invalid_request"),
        ({"request": "e30.e30."}, "request_not_supported"),
        ({"request_uri": "https://shop.example/r"}, "request_uri_not_supported"),
    ],
)
def test_a_bad_request_is_answered_to_the_partner(
    browser: Browser, site: PartnerSite, changes: dict[str, str], error: str
) -> None:
    """Who asks is proven, so the partner hears what is wrong, from whom, and about which request."""
    back = browser.request(query_of(site.link()) | changes)

    assert back.location.startswith(f"{CALLBACK}?")
    answer = query_of(back.location)
    assert (answer["error"], answer["state"], answer["iss"]) == (error, "s1", ISSUER)


def test_plain_is_refused_for_public_clients_too(browser: Browser, public_site: PartnerSite) -> None:
    """A public client that leaves out the method does not get the default of RFC 7636."""
    back = browser.request(query_of(public_site.link()) | {"code_challenge_method": ""})

    assert query_of(back.location)["error"] == "invalid_request"


def test_a_scope_that_is_not_registered_is_refused(browser: Browser, modest_site: PartnerSite) -> None:
    """A partner gets no more than the operator allows it to ask for."""
    back = browser.open(modest_site.link(scope="openid charges:write"))

    assert query_of(back.location)["error"] == "invalid_scope"


def test_a_repeated_parameter_is_refused(browser: Browser, site: PartnerSite) -> None:
    """RFC 6749 3.1: what stands twice could be read in two ways."""
    back = browser.open(f"{site.link()}&scope=api")

    assert query_of(back.location)["error"] == "invalid_request"
