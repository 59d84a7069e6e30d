"""The page for developers: what it shows, what it hides, and its switches."""

import re

import pytest
import requests
from starlette.routing import Route

from oauth_app.sandbox.application import create_app
from oauth_app.sandbox.config import DUMMY_CLIENT_SECRET, Config
from oauth_app.sandbox.home import OPERATIONS
from oauth_app.sandbox.masking import masked
from tests.sandbox.emulator import Browser, Emulator, chat, running

SWITCHES = "/sandbox/developer"

#: Other spellings of an operation; the page names them with it.
ALIASES = {"/api/v1/user/admin/create-api-token", "/api/v1/user/admin/delete-api-token"}


def test_every_operation_says_how_sure_we_are() -> None:
    """A new operation stands on the page with its provenance."""
    shown = {(method, _plain(path)) for method, path, _, _ in OPERATIONS}
    served = {
        (method, _plain(route.path))
        for route in create_app(Config()).routes
        if isinstance(route, Route) and route.path.startswith(("/api/", "/v1/")) and route.path not in ALIASES
        for method in (route.methods or set()) - {"HEAD"}
    }
    assert served - shown == set()


def test_every_operation_has_a_line_to_try(sandbox: Emulator) -> None:
    """The lines name this sandbox."""
    page = requests.get(sandbox.url, timeout=10).text
    assert f"curl {sandbox.url}/v1/chat/completions -H &#34;Authorization: Bearer $TOKEN&#34;" in page


def test_recent_requests_are_shown_with_their_bodies(sandbox: Emulator, token: str) -> None:
    """Address, status and both bodies can be read; the newest comes first."""
    sandbox.post("/v1/chat/completions", token, chat("a remarkable prompt"))
    page = _requests_of(sandbox)
    assert page.index("a remarkable prompt") < page.index("You wrote 3 words")


def test_no_secret_is_shown(sandbox: Emulator, token: str, browser: Browser) -> None:
    """Tokens, keys, codes, guards and the client's secret are left out, in headers, addresses and bodies alike."""
    code = browser.approve().partition("code=")[2].partition("&")[0]
    key = sandbox.app("get-user-admin-token", token).json()["data"]["token"]
    fresh = sandbox.issue(code).json()["data"]
    requests.get(f"{sandbox.url}/next/v1/oauth/succeed", params={"code": code}, timeout=10)
    requests.get(f"{sandbox.url}/v1/models", headers={"x-api-key": key}, timeout=10)
    page = _requests_of(sandbox)
    secrets = [token, code, key, str(fresh), DUMMY_CLIENT_SECRET]
    assert [secret for secret in secrets if secret in page] == []


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ('{"client_secret": "abc", "fee": "1"}', '{"client_secret": "…", "fee": "1"}'),
        ('{"token": "abc', '{"token": "…'),
        ("client_secret=abc&fee=1", "client_secret=…&fee=1"),
        ("/v1/models?key=abc&q=1", "/v1/models?key=…&q=1"),
        ('{"data": "sk-abcdefgh"}', '{"data": "sk-…"}'),
        ('{"code": "invalid_api_key"}', '{"code": "invalid_api_key"}'),
        ('{"code": "Abc9"}', '{"code": "…"}'),
        ('{"max_tokens": 50}', '{"max_tokens": 50}'),
        ('{"url": "http://a/stripe/c/pay/cs_test_abcd"}', '{"url": "http://a/stripe/c/pay/…"}'),
    ],
)
def test_what_is_left_out(text: str, shown: str) -> None:
    """Secrets go by their names and by their shapes, whole or cut off; the rest stays readable."""
    assert masked(text) == shown


def test_a_fault_from_the_page(sandbox: Emulator, token: str, browser: Browser) -> None:
    """The form adds a fault, and the page shows it waiting until it is forgotten."""
    _press(sandbox, browser, "add-fault", kind="status", match="/v1/", code="503", times="2")
    assert sandbox.post("/v1/chat/completions", token, chat()).status_code == 503
    assert "1 × <code> /v1/</code>" in browser.open(sandbox.url).text
    _press(sandbox, browser, "clear-faults")
    assert sandbox.control("GET", "faults").json() == []


def test_the_other_switches(sandbox: Emulator, token: str, browser: Browser) -> None:
    """Clock, mode, tokens and journal can be changed on the page."""
    for button, fields in {
        "move-clock": {"advance_s": "600"},
        "set-http-status": {"mode": "mirror"},
        "revoke-tokens": {},
        "clear-journal": {},
    }.items():
        _press(sandbox, browser, button, **fields)
    assert "None yet." in browser.open(sandbox.url).text
    assert sandbox.control("GET", "clock").json()["ahead_s"] == 600
    assert sandbox.control("GET", "http-status").json()["mode"] == "mirror"
    assert sandbox.app("query-user-balance", token).status_code == 401


@pytest.mark.parametrize(
    "form",
    [
        {"button": "add-fault", "kind": "flood"},
        {"button": "add-fault", "kind": "slow", "seconds": "x"},
        {"button": "move-clock", "advance_s": "-5"},
        {"button": "set-http-status", "mode": "odd"},
        {"button": "unknown"},
    ],
)
def test_a_switch_that_makes_no_sense_is_refused(sandbox: Emulator, browser: Browser, form: dict[str, str]) -> None:
    """The page says so and nothing changes."""
    answer = _submit(sandbox, browser, form)
    assert (answer.status_code, "That did not work" in answer.text) == (400, True)


def test_a_foreign_page_cannot_press_the_switches(sandbox: Emulator, browser: Browser) -> None:
    """Without the guard of this browser a form is refused."""
    browser.open(sandbox.url)
    answer = browser.http.post(sandbox.url + SWITCHES, data={"button": "revoke-tokens", "csrf": "x"}, timeout=10)
    assert answer.status_code == 403


def test_without_permission_the_page_says_how_to_get_it() -> None:
    """The switches are gone, and the setting is named."""
    with running(Config()) as sandbox:
        page = requests.get(sandbox.url, timeout=10)
        posted = requests.post(sandbox.url + SWITCHES, timeout=10)
    assert ("SANDBOX_FAULTS=1" in page.text, "<form" in page.text, page.cookies.get_dict()) == (True, False, {})
    assert posted.status_code == 404


def _press(sandbox: Emulator, browser: Browser, button: str, **fields: str) -> None:
    answer = _submit(sandbox, browser, {"button": button, **fields})
    assert (answer.status_code, answer.headers["location"]) == (303, "/#switches")


def _submit(sandbox: Emulator, browser: Browser, form: dict[str, str]) -> requests.Response:
    guard = re.search(r'name="csrf" value="([^"]+)"', browser.open(sandbox.url).text)
    assert guard
    form = {"csrf": guard[1], **form}
    return browser.http.post(sandbox.url + SWITCHES, data=form, allow_redirects=False, timeout=10)


def _requests_of(sandbox: Emulator) -> str:
    """Return the part of the page that is about requests."""
    page = requests.get(sandbox.url, timeout=10).text
    return page[page.index('id="requests"') : page.index('id="switches"')]


def _plain(path: str) -> str:
    return re.sub(r"\{[^}]*\}", "{}", path)
