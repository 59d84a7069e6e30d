"""Requests of proven partners that cannot be granted: the partner hears what is wrong."""

import pytest

from tests.provider.browser import Browser, query_of
from tests.provider.partner import CALLBACK, ISSUER, PartnerSite


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
        ({"response_mode": "fragment"}, "invalid_request"),
        ({"response_mode": "web_message"}, "invalid_request"),
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
        ({"registration": "{}"}, "registration_not_supported"),
        ({"id_token_hint": "e30.e30."}, "invalid_request"),
        ({"id_token_hint": "x"}, "invalid_request"),
        ({"ui_locales": "x" * 7000}, "invalid_request"),
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


@pytest.mark.parametrize(
    "harmless",
    [
        {"display": "popup"},
        {"display": "hologram"},
        {"ui_locales": "zz en"},
        {"claims_locales": "zh"},
        {"acr_values": "phr"},
        {"login_hint": "somebody"},
        {"resource": "https://api.example"},
        {"unknown": "x"},
    ],
)
def test_what_is_only_a_wish_is_no_error(browser: Browser, site: PartnerSite, harmless: dict[str, str]) -> None:
    """OIDC Core 15.1: these may be used, and unknown ones are ignored."""
    back = browser.allow(site.link(**harmless))

    assert back.startswith(f"{CALLBACK}?code=")


def test_a_scope_that_is_not_registered_is_refused(browser: Browser, modest_site: PartnerSite) -> None:
    """A partner gets no more than the operator allows it to ask for."""
    back = browser.open(modest_site.link(scope="openid charges:write"))

    assert query_of(back.location)["error"] == "invalid_scope"
