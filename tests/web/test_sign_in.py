"""Signing in at the hub: from the button to the account page, and every way it can go wrong."""

from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from sqlalchemy import func, select

from oauth_app import clock
from oauth_app.db import reading, transaction
from oauth_app.hub import Hub
from oauth_app.models import BrowserSession, UpstreamConnection, User
from oauth_app.services.sign_in import ATTEMPT_LIFE, Answer, begin_sign_in, complete_sign_in
from oauth_app.upstream import UpstreamProtocolError
from tests.fixtures.hub import Sandbox, make_partner, make_test_hub
from tests.fixtures.live import Browser, LiveHub
from tests.fixtures.provider_pages import approve

USER_INFO = "/api/v1/user/oauth/app/query-user-basic-info"
ISSUE_TOKEN = "/api/v1/user/oauth/issue-token"
ALICE = "alice@example.com"


def count(hub: Hub, table: type) -> int:
    """Return how many rows the table has."""
    with reading(hub.engine) as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def leave(browser: Browser, path: str = "/login") -> str:
    """Set out to OhMyGPT, approve there, and return the address that leads back, not yet opened."""
    outside = browser.get(path, allow_redirects=False).headers["Location"]
    return approve(browser.http, outside, ALICE)


def test_a_person_signs_in(browser: Browser, live_hub: LiveHub) -> None:
    """Who approves at OhMyGPT arrives at the account page, with the balance from there."""
    page = browser.sign_in(ALICE)
    assert (page.url, page.status_code) == (f"{live_hub.url}/account", 200)
    assert "100.00 CNY" in page.text


def test_the_next_sign_in_is_the_same_user(browser: Browser, live_hub: LiveHub) -> None:
    """A second sign-in finds the user of the first; there is one connection."""
    browser.sign_in(ALICE)
    Browser(url=live_hub.url).sign_in(ALICE)
    assert (count(live_hub.hub, User), count(live_hub.hub, UpstreamConnection)) == (1, 1)


def test_signing_in_goes_where_one_wanted(browser: Browser) -> None:
    """A guarded page sends the person to sign in and then shows itself."""
    assert browser.sign_in(ALICE, "/login?next=/account/top-up").url.endswith("/account/top-up")


@pytest.mark.parametrize("target", ["//evil.example", "https://evil.example", "/\\evil.example", "", "javascript:1"])
def test_signing_in_leads_nowhere_else(browser: Browser, live_hub: LiveHub, target: str) -> None:
    """No address outside can be smuggled into the sign-in."""
    assert browser.sign_in(ALICE, f"/login?next={target}").url == f"{live_hub.url}/account"


def test_many_tabs_sign_in(browser: Browser) -> None:
    """Ten tabs that set out together all come back."""
    addresses = [leave(browser, "/login?again=1") for _ in range(10)]
    assert {browser.get(address).status_code for address in reversed(addresses)} == {200}


def test_a_wrong_state_is_refused(browser: Browser, live_hub: LiveHub) -> None:
    """An answer that was never asked for signs nobody in."""
    address = leave(browser)
    page = browser.get(address.replace("state=", "state=x"))
    assert (page.status_code, count(live_hub.hub, User)) == (400, 0)
    assert "not started here" in page.text


def test_a_replayed_state_is_refused(browser: Browser) -> None:
    """Reloading the callback is answered with what happened and a way on."""
    address = leave(browser)
    browser.get(address)
    page = browser.get(address)
    assert page.status_code == 400
    assert "finished before" in page.text
    assert f"Continue as {ALICE}" in page.text


def test_a_foreign_state_is_refused(browser: Browser, live_hub: LiveHub) -> None:
    """An answer carried into another browser signs nobody in there: login CSRF fails."""
    victim = Browser(url=live_hub.url)
    page = victim.get(leave(browser))
    assert (page.status_code, count(live_hub.hub, BrowserSession)) == (400, 0)
    assert "another browser" in page.text


def test_an_expired_state_is_refused(browser: Browser) -> None:
    """Who takes more than ten minutes is told so."""
    address = leave(browser)
    with clock.moved(ATTEMPT_LIFE + timedelta(seconds=1)):
        page = browser.get(address)
    assert page.status_code == 400
    assert "ten minutes" in page.text


def test_denying_changes_nothing(browser: Browser, live_hub: LiveHub) -> None:
    """Who says no at OhMyGPT reads that nothing was shared."""
    outside = browser.get("/login", allow_redirects=False).headers["Location"]
    page = browser.get(approve(browser.http, outside, ALICE, decision="deny"))
    assert (page.status_code, count(live_hub.hub, User)) == (403, 0)
    assert "did not allow" in page.text


@pytest.mark.parametrize(
    ("path", "kind", "status"),
    [
        (ISSUE_TOKEN, "html", 502),
        (ISSUE_TOKEN, "malformed_json", 502),
        (ISSUE_TOKEN, "reset_after", 503),
        (ISSUE_TOKEN, "status", 503),
        (ISSUE_TOKEN, "envelope_401", 403),
        (USER_INFO, "html", 502),
        (USER_INFO, "envelope_401", 403),
        (USER_INFO, "slow", 503),
    ],
)
def test_trouble_at_the_provider_is_a_readable_page(
    browser: Browser, live_hub: LiveHub, sandbox: Sandbox, path: str, kind: str, status: int
) -> None:
    """Whatever OhMyGPT answers, the page is ours, says what to do, and nothing half-written stays."""
    address = leave(browser)
    sandbox.fail(path, kind, **({"seconds": 4} if kind == "slow" else {"code": 500} if kind == "status" else {}))
    page = browser.get(address)
    assert (page.status_code, count(live_hub.hub, User), count(live_hub.hub, BrowserSession)) == (status, 0, 0)
    assert page.headers["X-Request-Id"] in page.text


def test_a_token_of_somebody_else_is_refused(hub: Hub, sandbox: Sandbox, tmp_path: Path) -> None:
    """When OhMyGPT names one user for the code and another for its token, nobody is signed in."""
    profile = tmp_path / "profile.toml"
    profile.write_text('[operations.user_info.response]\nuser_id = "userEmail"\n')
    odd = make_test_hub(tmp_path, ohmygpt_api_base=sandbox.url, ohmygpt_web_base=sandbox.url, ohmygpt_profile=profile)
    with transaction(odd.engine) as session:
        state = begin_sign_in(session, "a browser", "/account")
    outside = odd.upstream.authorize_url(state=state, redirect_uri="http://127.0.0.1:8000/login/callback")
    code = parse_qs(urlsplit(approve(requests.Session(), outside, ALICE)).query)["code"][0]
    with pytest.raises(UpstreamProtocolError, match="different users"):
        complete_sign_in(odd, Answer(state=state, browser="a browser", code=code))
    odd.close()
    assert (count(hub, User), count(hub, BrowserSession)) == (0, 0)


def test_giving_up_tells_the_partner(browser: Browser, live_hub: LiveHub) -> None:
    """Who says no at OhMyGPT can go back to the site, which hears ``access_denied``."""
    shop = make_partner(live_hub.hub.engine)
    query = {
        "response_type": "code",
        "client_id": shop.client_id,
        "redirect_uri": "https://shop.example/callback",
        "scope": "openid",
        "state": "partner-state",
        "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
        "code_challenge_method": "S256",
    }
    to_login = browser.get("/oauth/authorize", params=query, allow_redirects=False).headers["Location"]
    outside = browser.get(to_login, allow_redirects=False).headers["Location"]
    page = browser.get(approve(browser.http, outside, ALICE, decision="deny"))
    link = next(part for part in page.text.split('"') if part.startswith("/oauth/cancel")).replace("&amp;", "&")
    answer = parse_qs(urlsplit(browser.get(link, allow_redirects=False).headers["Location"]).query)
    assert (answer["error"], answer["state"]) == (["access_denied"], ["partner-state"])


def test_a_code_can_be_pasted(browser: Browser) -> None:
    """Without a redirect back, the code from OhMyGPT's page signs in."""
    form = browser.get("/login/code")
    address = next(part for part in form.text.split('"') if "/next/v1/oauth" in part).replace("&amp;", "&")
    shown = approve(browser.http, address, ALICE)
    code = parse_qs(urlsplit(shown).query)["code"][0]
    answer = browser.submit(form, "code", code=f" {code} ")
    assert (answer.status_code, answer.headers["Location"]) == (302, "/account")


def test_a_wrong_code_is_refused(browser: Browser) -> None:
    """A mistyped code is answered with what to do."""
    page = browser.submit(browser.get("/login/code"), "code", code="0000000000000000")
    assert page.status_code == 400
    assert "did not accept the code" in page.text


def test_signing_out_ends_the_session(browser: Browser, live_hub: LiveHub) -> None:
    """After signing out the old cookie opens nothing, even put back by hand."""
    page = browser.sign_in(ALICE)
    cookies = requests.utils.dict_from_cookiejar(browser.http.cookies)
    browser.submit(page)
    thief = Browser(url=live_hub.url)
    thief.http.cookies.update(cookies)
    assert thief.get("/account", allow_redirects=False).status_code == 302


def test_a_form_needs_its_token(browser: Browser, live_hub: LiveHub) -> None:
    """A post from another site, without the CSRF token, changes nothing."""
    browser.sign_in(ALICE)
    answer = browser.http.post(f"{live_hub.url}/logout", timeout=10)
    assert (answer.status_code, count(live_hub.hub, BrowserSession)) == (400, 1)
    assert "out of date" in answer.text
