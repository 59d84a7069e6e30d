"""OAuth 2.0 Form Post Response Mode: the answer comes by a form that submits itself."""

import pytest
from flask.testing import FlaskClient

from tests.fixtures.provider_pages import form_with
from tests.provider.browser import Browser
from tests.provider.partner import CALLBACK, ISSUER, PartnerSite


def test_a_code_is_posted(browser: Browser, site: PartnerSite) -> None:
    """The form goes to the partner with code, state and issuer, and the code is good."""
    page = browser.decide(browser.open(site.link(response_mode="form_post")))
    action, fields = form_with(page.text, "code")

    assert (page.status_code, action) == (200, CALLBACK)
    assert fields | {"code": ""} == {"code": "", "state": "s1", "iss": ISSUER}
    assert site.exchange(fields["code"]).status_code == 200


def test_a_known_user_is_posted_back_at_once(browser: Browser, site: PartnerSite) -> None:
    """Without a question in between, too."""
    site.tokens(browser)

    assert form_with(browser.open(site.link(response_mode="form_post")).text, "code")[0] == CALLBACK


@pytest.mark.parametrize(
    ("changes", "error"), [({"prompt": "none"}, "consent_required"), ({"max_age": "x"}, "invalid_request")]
)
def test_errors_are_posted_too(browser: Browser, site: PartnerSite, changes: dict[str, str], error: str) -> None:
    """Form Post Response Mode 2: whatever the answer is, it takes the same way."""
    _, fields = form_with(browser.open(site.link(response_mode="form_post", **changes)).text, "error")

    assert (fields["error"], fields["state"], fields["iss"]) == (error, "s1", ISSUER)


def test_the_page_works_without_javascript(browser: Browser, site: PartnerSite) -> None:
    """There is a button; the script is a file of ours, and the policy lets the form leave."""
    page = browser.decide(browser.open(site.link(response_mode="form_post")))

    assert "<button" in page.text.split('id="answer"')[1].split("</form>")[0]
    assert 'src="/static/form_post.js"' in page.text
    assert "form-action" not in page.headers["Content-Security-Policy"]
    assert "unsafe-inline" not in page.headers["Content-Security-Policy"]


def test_a_state_is_no_markup(browser: Browser, site: PartnerSite) -> None:
    """What the partner sent stays text."""
    link = site.link(response_mode="form_post", prompt="none").replace("state=s1", 'state="><script>x</script>')

    assert "<script>x" not in browser.open(link).text


def test_announced_ways_are_taken(client: FlaskClient, browser: Browser, site: PartnerSite) -> None:
    """Each way back that discovery names is one, and no other."""
    modes = client.get("/.well-known/openid-configuration").get_json()["response_modes_supported"]
    answers = {mode: browser.open(site.link(response_mode=mode, prompt="none")) for mode in modes}

    assert set(modes) == {"query", "form_post"}
    assert all("consent_required" in (answer.location or answer.text) for answer in answers.values())
