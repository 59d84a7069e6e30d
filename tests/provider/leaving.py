"""A browser that a site sends to the hub's logout endpoint."""

from urllib.parse import urlencode

from werkzeug.test import TestResponse

from tests.fixtures.provider_pages import form_with
from tests.provider.browser import Browser

GOODBYE = "https://shop.example/goodbye"
GOODBYE_WITH_QUERY = "https://shop.example/goodbye?from=hub"


def log_out(browser: Browser, **parameters: str) -> TestResponse:
    """Come to the logout endpoint as a site sends a browser there; empty parameters are left out."""
    given = {name: value for name, value in parameters.items() if value}
    return browser.open(f"/oauth/logout?{urlencode(given)}")


def answer(browser: Browser, page: TestResponse, decision: str) -> TestResponse:
    """Press a button of the page that asks."""
    action, values = form_with(page.text, "user", "decision")
    return browser.post(action, values | {"decision": decision})


def is_signed_in(browser: Browser) -> bool:
    """Tell whether the hub still knows who sits at the browser."""
    return browser.open("/account/sites/none/disconnect").status_code == 404


def check_asked_and_left(browser: Browser, page: TestResponse, location: str | None) -> None:
    """The person is asked, is still signed in while asked, and ends where they should."""
    assert page.status_code == 200
    assert is_signed_in(browser)
    left = answer(browser, page, "leave")
    assert left.location == location
    assert location or "You are signed out" in left.text
    assert not is_signed_in(browser)


def check_refused(browser: Browser, page: TestResponse, words: str) -> None:
    """The browser stays here, reads why, and is signed in as before."""
    assert (page.status_code, page.location) == (400, None)
    assert words in page.text
    assert is_signed_in(browser)
