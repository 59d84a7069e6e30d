"""Sign-ins for a partner that do not end well: what the page says, the way on, and the id that the partner finds."""

import re
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from sqlalchemy import select

from oauth_app import clock
from oauth_app.db import reading
from oauth_app.models import AuthorizationFailure
from oauth_app.services.partners import Credentials
from oauth_app.services.sign_in import ATTEMPT_LIFE
from tests.fixtures.hub import Sandbox, make_partner
from tests.fixtures.live import Browser, LiveHub
from tests.fixtures.provider_pages import approve, form_with

ALICE = "alice@example.com"
HOME = "https://shop.example/"


@pytest.fixture
def site(live_hub: LiveHub) -> Credentials:
    """Register a shop with a homepage."""
    return make_partner(live_hub.hub.engine, homepage=HOME)


def set_out(browser: Browser, site: Credentials, state: str = "s1", **more: str) -> str:
    """Press the shop's button and return the address at OhMyGPT that the browser is sent to."""
    query = {
        "response_type": "code",
        "client_id": site.client_id,
        "redirect_uri": "https://shop.example/callback",
        "scope": "openid",
        "state": state,
        "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
        "code_challenge_method": "S256",
    }
    to_login = browser.get("/oauth/authorize", params=query | more, allow_redirects=False).headers["Location"]
    return browser.get(to_login, allow_redirects=False).headers["Location"]


def code_of_failure(live_hub: LiveHub, page: requests.Response, partner_id: str) -> str:
    """Return what the partner finds under the id on the page."""
    found = re.search(r"err_[0-9a-z]{26}", page.text)
    assert found is not None, page.text
    with reading(live_hub.hub.engine) as session:
        failure = session.scalars(select(AuthorizationFailure).where(AuthorizationFailure.id == found[0])).one()
    assert failure.partner_id == partner_id
    return failure.code


def test_ten_tabs_come_back_to_their_own_requests(browser: Browser, site: Credentials) -> None:
    """Each tab ends at its own consent page, in whatever order they come back, and gets its own state."""
    outside = [set_out(browser, site, state=f"tab-{number}") for number in range(10)]
    backs = [approve(browser.http, address, ALICE) for address in outside]
    pages = [browser.get(address) for address in reversed(backs)]
    answers = [browser.submit(page, "user", decision="agree").headers["Location"] for page in pages]

    states = [parse_qs(urlsplit(answer).query)["state"][0] for answer in answers]
    assert states == [f"tab-{number}" for number in reversed(range(10))]


def test_going_back_after_all_is_done(browser: Browser, live_hub: LiveHub, site: Credentials) -> None:
    """The page says that it was finished, and leads on as who is signed in, or to the site's start."""
    back = approve(browser.http, set_out(browser, site), ALICE)
    browser.get(back)
    page = browser.get(back)

    assert (page.status_code, code_of_failure(live_hub, page, site.client_id)) == (400, "sign_in_used")
    for words in ("finished before", f"Continue as {ALICE}", "/oauth/authorize?", f'href="{HOME}"'):
        assert words in page.text


def test_the_way_on_ends_at_the_consent_page(browser: Browser, site: Credentials) -> None:
    """Who presses Continue is where they wanted to be."""
    back = approve(browser.http, set_out(browser, site), ALICE)
    browser.get(back)
    link = re.search(r'href="(/oauth/authorize[^"]+)"', browser.get(back).text)

    assert link is not None
    assert "Sign in to Shop" in browser.get(link[1].replace("&amp;", "&")).text


def test_taking_too_long(browser: Browser, live_hub: LiveHub, site: Credentials) -> None:
    """An expired sign-in is begun again for the same request, or given up, of which the site hears."""
    back = approve(browser.http, set_out(browser, site), ALICE)
    with clock.moved(ATTEMPT_LIFE + timedelta(seconds=1)):
        page = browser.get(back)

    assert code_of_failure(live_hub, page, site.client_id) == "sign_in_expired"
    for words in ("ten minutes", "Sign in again", "/login?next=%2Foauth%2Fauthorize", "/oauth/cancel?"):
        assert words in page.text


def test_another_browser(browser: Browser, live_hub: LiveHub, site: Credentials) -> None:
    """Opened in another browser, the answer tells which site waits, and nothing of the request."""
    back = approve(browser.http, set_out(browser, site, state="private-state"), ALICE)
    page = Browser(url=live_hub.url).get(back)

    assert (page.status_code, code_of_failure(live_hub, page, site.client_id)) == (400, "sign_in_foreign")
    assert "another browser" in page.text
    assert f'href="{HOME}"' in page.text
    assert "private-state" not in page.text


def test_saying_no_at_the_provider(browser: Browser, live_hub: LiveHub, site: Credentials) -> None:
    """The page leads back to the site, which then hears ``access_denied``."""
    page = browser.get(approve(browser.http, set_out(browser, site), ALICE, decision="deny"))

    assert (page.status_code, code_of_failure(live_hub, page, site.client_id)) == (403, "sign_in_denied")
    assert "/oauth/cancel?" in page.text


def test_trouble_at_the_provider(browser: Browser, live_hub: LiveHub, sandbox: Sandbox, site: Credentials) -> None:
    """The request is not lost: signing in again goes on with it."""
    back = approve(browser.http, set_out(browser, site), ALICE)
    sandbox.fail("/api/v1/user/oauth/issue-token", "html")
    page = browser.get(back)

    assert (page.status_code, code_of_failure(live_hub, page, site.client_id)) == (502, "sign_in_failed")
    assert "/login?next=%2Foauth%2Fauthorize" in page.text


def test_the_pages_speak_as_the_site_asked(browser: Browser, site: Credentials) -> None:
    """``ui_locales`` of the request counts here, too."""
    back = approve(browser.http, set_out(browser, site, ui_locales="zh"), ALICE)
    browser.get(back)

    assert '<html lang="zh-CN"' in browser.get(back).text


def test_an_old_consent_page(browser: Browser, site: Credentials) -> None:
    """With the cookies gone, the form agrees to nothing, and the page can be shown anew."""
    page = browser.get(approve(browser.http, set_out(browser, site), ALICE))
    action, fields = form_with(page.text, "csrf_token", "user")
    browser.http.cookies.clear()
    answer = browser.http.post(f"{browser.url}{action}", data=fields | {"decision": "agree"}, timeout=10)

    assert answer.status_code == 400
    assert "out of date" in answer.text
    assert "/oauth/authorize?" in answer.text
