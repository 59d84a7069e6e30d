"""Requests made to be read in two ways: by the browser and by us, or by us and by the partner."""

import pytest

from tests.provider.browser import Browser, query_of
from tests.provider.partner import AUTHORIZE, CALLBACK, PartnerSite


@pytest.mark.parametrize("name", ["scope", "state", "nonce", "code_challenge", "response_type", "prompt", "claims"])
def test_a_repeated_parameter_is_refused(browser: Browser, site: PartnerSite, name: str) -> None:
    """RFC 6749 3.1: what stands twice could be read in two ways."""
    link = f"{site.link(nonce='n', prompt='consent', claims='{}')}&{name}=x"

    assert query_of(browser.open(link).location)["error"] == "invalid_request"


@pytest.mark.parametrize("name", ["request_uri", "response_mode"])
def test_a_repeated_way_is_refused_by_redirect(browser: Browser, site: PartnerSite, name: str) -> None:
    """Where the way of the answer itself is in doubt, it is the ordinary one."""
    back = browser.open(f"{site.link()}&{name}=form_post&{name}=query")

    assert query_of(back.location)["error"] == "invalid_request"


def test_plain_is_refused_for_public_clients_too(browser: Browser, public_site: PartnerSite) -> None:
    """A public client that leaves out the method does not get the default of RFC 7636."""
    back = browser.request(query_of(public_site.link()) | {"code_challenge_method": ""})

    assert query_of(back.location)["error"] == "invalid_request"


@pytest.mark.parametrize("response_type", ["token", "id_token", "code token", "none", "CODE"])
def test_no_token_comes_through_the_browser(browser: Browser, site: PartnerSite, response_type: str) -> None:
    """RFC 9700 2.1.2: nothing but codes, in no fragment, and never a token."""
    back = browser.request(query_of(site.link()) | {"response_type": response_type, "nonce": "n"})

    assert query_of(back.location)["error"] == "unsupported_response_type"
    assert "#" not in back.location
    assert "token=" not in back.location


def test_a_fragment_is_no_way_back(browser: Browser, site: PartnerSite) -> None:
    """A code in a fragment would be open to every script of the page."""
    back = browser.open(site.link(response_mode="fragment"))

    assert "#" not in back.location
    assert query_of(back.location)["error"] == "invalid_request"


def test_the_query_of_a_posted_request_does_not_count(browser: Browser, site: PartnerSite) -> None:
    """One request, one place: an address prepared by somebody else adds nothing to the form."""
    form = query_of(site.link())
    answer = browser.post(f"{AUTHORIZE}?redirect_uri=https://evil.example&state=evil", form)

    assert query_of(answer.location) == form


def test_parameters_of_the_redirect_uri_do_not_mix_with_the_answer(browser: Browser, site: PartnerSite) -> None:
    """A state that looks like more parameters stays one value."""
    link = browser.request(query_of(site.link()) | {"state": "s&code=evil&iss=evil"})
    back = browser.decide(link).location

    assert query_of(back)["state"] == "s&code=evil&iss=evil"
    assert back.count("code=") == 1
    assert back.startswith(CALLBACK)


def test_a_line_break_in_the_state_makes_no_header(browser: Browser, site: PartnerSite) -> None:
    """The answer's headers are ours alone."""
    back = browser.request(query_of(site.link()) | {"state": "s\r\nSet-Cookie: evil=1", "prompt": "none"})

    assert query_of(back.location)["state"] == "s\r\nSet-Cookie: evil=1"
    assert "evil" not in back.headers.get("Set-Cookie", "")
