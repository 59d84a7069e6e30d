"""The authorization page, sign-in and the code page."""

import base64
import html
import re

import pytest
import requests

from tests.sandbox.emulator import BOB, CALLBACK, Browser, Emulator


def test_approving_returns_a_code_and_the_state(browser: Browser) -> None:
    """Approval sends a code of 16 characters and the state as it came."""
    location = browser.approve(state="a b&c")
    query = requests.utils.urlparse(location).query
    assert location.startswith(CALLBACK + "?code=")
    assert query[5:21].isalnum()
    assert query[21:] == "&state=a%20b%26c"


def test_denying_returns_access_denied(sandbox: Emulator, browser: Browser) -> None:
    """Denial sends the error and the state, and no code."""
    consent = browser.sign_in(browser.open(sandbox.authorize_url()))
    answer = browser.submit(consent, decision="deny")
    assert answer.headers["location"] == f"{CALLBACK}?error=access_denied&state=s-1"


def test_the_template_forms_the_redirect(browser: Browser) -> None:
    """The decoded template is appended to the address, with encoded values in it."""
    template = base64.b64encode(b"?x={state}&c={code}&tgid=114514").decode()
    location = browser.approve(redirect_template=template, state="{code}/")
    assert location.startswith(f"{CALLBACK}?x=%7Bcode%7D%2F&c=")
    assert location.endswith("&tgid=114514")


@pytest.mark.parametrize(
    ("change", "heading"),
    [
        ({"client_id": "f" * 24}, "Unknown application"),
        ({"response_type": "token"}, "Unsupported response type"),
        ({"scope": "general_api_access email"}, "Wrong scope"),
        ({"redirect_uri": "http://example.com/login/callback"}, "Wrong redirect domain"),
        ({"redirect_uri": "http://127.0.0.1.example.com/"}, "Wrong redirect domain"),
        ({"redirect_uri": "javascript://127.0.0.1/%0aalert(1)"}, "Bad redirect address"),
        ({"redirect_uri": "http://example.com\\@127.0.0.1/"}, "Bad redirect address"),
        ({"redirect_uri": "http://u:p@127.0.0.1/"}, "Bad redirect address"),
        ({"redirect_uri": "http://[::1/"}, "Bad redirect address"),
        ({"redirect_uri": ""}, "Bad redirect address"),
        ({"redirect_template": "%%%"}, "Bad redirect template"),
        ({"redirect_template": base64.b64encode(b"?state={state}").decode()}, "Bad redirect template"),
        ({"redirect_template": base64.b64encode(b"\xff{code}").decode()}, "Bad redirect template"),
    ],
)
def test_a_bad_request_is_shown_and_never_redirected(
    sandbox: Emulator, browser: Browser, change: dict[str, str], heading: str
) -> None:
    """Whatever is wrong with the request, the person stays here and reads why."""
    answer = browser.http.get(sandbox.authorize_url(**change), allow_redirects=False, timeout=10)
    assert (answer.status_code, heading in answer.text) == (400, True)


def test_a_template_cannot_complete_another_host(sandbox: Emulator, browser: Browser) -> None:
    """A suffix that turns the domain into another one is refused."""
    template = base64.b64encode(b".example.com/?code={code}").decode()
    url = sandbox.authorize_url(redirect_uri="http://127.0.0.1", redirect_template=template)
    assert "Wrong redirect domain" in browser.open(url).text


def test_the_code_page_shows_the_code(sandbox: Emulator, browser: Browser) -> None:
    """An application without a callback may use the sandbox's own code page."""
    location = browser.approve(redirect_uri=f"{sandbox.url}/next/v1/oauth/succeed")
    code = location.partition("code=")[2][:16]
    assert f'value="{code}"' in browser.open(location).text


def test_a_form_from_elsewhere_is_refused(sandbox: Emulator, browser: Browser) -> None:
    """Approval without the token of this browser's form does nothing."""
    browser.sign_in(browser.open(sandbox.authorize_url()))
    forged = browser.http.post(sandbox.authorize_url(), data={"decision": "approve"}, allow_redirects=False, timeout=10)
    assert forged.status_code == 403


def test_a_wrong_password_signs_nobody_in(sandbox: Emulator, browser: Browser) -> None:
    """The sign-in page returns with a reason."""
    page = browser.open(sandbox.authorize_url())
    answer = browser.submit(page, email="alice@example.com", password="wrong")
    assert (answer.status_code, "do not belong together" in answer.text) == (403, True)


def test_another_account_can_be_used(sandbox: Emulator, browser: Browser) -> None:
    """The way to another account leads back to the same request."""
    consent = browser.sign_in(browser.open(sandbox.authorize_url()))
    way = html.unescape(re.findall(r'href="(/sandbox/sign-in[^"]+)"', consent.text)[0])
    other = browser.sign_in(browser.open(sandbox.url + way), BOB)
    assert (other.url, BOB in other.text) == (consent.url, True)


def test_sign_in_leads_only_to_our_own_pages(sandbox: Emulator, browser: Browser) -> None:
    """A foreign address as the next page is ignored."""
    page = browser.open(f"{sandbox.url}/sandbox/sign-in?next=//example.com/")
    assert browser.submit(page, email=BOB, password="sandbox").headers["location"] == "/"


def test_signing_in_changes_the_session(sandbox: Emulator, browser: Browser) -> None:
    """A cookie planted before the sign-in is worth nothing after it."""
    page = browser.open(f"{sandbox.url}/sandbox/sign-in")
    before = browser.http.cookies["sandbox_session"]
    browser.sign_in(page)
    stale = requests.get(sandbox.authorize_url(), cookies={"sandbox_session": before}, timeout=10)
    assert "sign-in" in stale.url


def test_signing_out_ends_the_session(sandbox: Emulator, browser: Browser) -> None:
    """After signing out the authorization page asks to sign in again."""
    browser.sign_in(browser.open(sandbox.authorize_url()))
    browser.submit(browser.open(f"{sandbox.url}/sandbox/sign-out"))
    assert "sign-in" in browser.open(sandbox.authorize_url()).url
