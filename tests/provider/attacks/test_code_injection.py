"""Stolen and injected codes (RFC 9700 4.5), and PKCE downgrades (4.8.2)."""

import pytest

from tests.fixtures.hub import Person
from tests.provider.browser import Browser, query_of
from tests.provider.partner import PartnerSite


def error_of(site: PartnerSite, code: str, **changes: str) -> str:
    """Return how the exchange of the code is refused."""
    return str(site.exchange(code, **changes).get_json()["error"])


def test_a_stolen_code_cannot_be_injected_into_another_sign_in(browser: Browser, site: PartnerSite) -> None:
    """The victim's code, put into the attacker's own sign-in at the same site, meets the wrong verifier."""
    stolen = site.code(browser)

    assert error_of(site, stolen, code_verifier="v" * 43) == "invalid_grant"


def test_a_stolen_code_is_nothing_at_another_site(browser: Browser, site: PartnerSite, other_site: PartnerSite) -> None:
    """Even with the verifier, a code is good only for the partner that it was made for."""
    stolen = site.code(browser)

    assert error_of(other_site, stolen, code_verifier=site.verifier) == "invalid_grant"


def test_a_code_cannot_be_replayed(browser: Browser, site: PartnerSite) -> None:
    """RFC 9700 4.5.3: the second use gets nothing, and takes away what the first got."""
    code = site.code(browser)
    tokens = site.exchange(code).get_json()

    assert error_of(site, code) == "invalid_grant"
    assert site.userinfo(tokens["access_token"]).status_code == 401


def test_a_code_sent_to_one_address_is_not_taken_from_another(
    browser: Browser, site_with_two_addresses: PartnerSite
) -> None:
    """RFC 9700 4.5.2: the exchange must name the address that the code was sent to, not only a registered one."""
    code = site_with_two_addresses.code(browser)

    assert error_of(site_with_two_addresses, code, redirect_uri="https://shop.example/other") == "invalid_grant"


@pytest.mark.parametrize("verifier", ["", "v" * 43, "v" * 42, "v" * 129, "v" * 42 + "\n"])
def test_a_challenge_is_finished_with_its_verifier(browser: Browser, site: PartnerSite, verifier: str) -> None:
    """No verifier, a wrong one, or none at all: nothing."""
    assert error_of(site, site.code(browser), code_verifier=verifier) in {"invalid_grant", "invalid_request"}


def test_taking_the_challenge_out_is_a_refusal(browser: Browser, site: PartnerSite) -> None:
    """RFC 9700 4.8.2: who strips the challenge from the request strips the code, too."""
    plain = query_of(site.link()) | {"code_challenge": "", "code_challenge_method": "", "nonce": "n"}

    assert query_of(browser.request(plain).location)["error"] == "invalid_request"


def test_taking_the_challenge_of_an_old_client_out_is_noticed(browser: Browser, legacy_site: PartnerSite) -> None:
    """Where a request without a challenge is allowed, the verifier that comes all the same gives it away."""
    plain = query_of(legacy_site.link(nonce="n")) | {"code_challenge": "", "code_challenge_method": ""}
    code = query_of(browser.decide(browser.request(plain)).location)["code"]

    assert error_of(legacy_site, code) == "invalid_request"


def test_an_old_client_that_began_with_a_challenge_ends_with_it(browser: Browser, legacy_site: PartnerSite) -> None:
    """A policy for those who know no PKCE is no way round it for those who do."""
    code = legacy_site.code(browser, nonce="n")

    assert error_of(legacy_site, code, code_verifier="") == "invalid_request"


def test_the_method_cannot_be_weakened(browser: Browser, legacy_site: PartnerSite) -> None:
    """A challenge with its method taken out is not taken as plain, nor as none."""
    weakened = query_of(legacy_site.link(nonce="n")) | {"code_challenge_method": ""}

    assert query_of(browser.request(weakened).location)["error"] == "invalid_request"


def test_a_code_is_not_made_for_somebody_who_only_looks(browser: Browser, site: PartnerSite, bob: Person) -> None:
    """Each person at a browser gets a code of their own, for their own account."""
    alices = site.exchange(site.code(browser)).get_json()
    browser.sign_in(bob)
    bobs = site.exchange(site.code(browser)).get_json()

    emails = [site.userinfo(tokens["access_token"]).get_json()["email"] for tokens in (alices, bobs)]
    assert emails == ["alice@example.com", bob.email]
