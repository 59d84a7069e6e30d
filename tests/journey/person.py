"""Somebody who says yes to everything: from the address a client sends a browser to, until the client hears of it."""

from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urljoin, urlsplit

import requests

from tests.fixtures.live import Browser, LiveHub
from tests.fixtures.provider_pages import approve, form_with, forms_of

ALICE = "alice@example.com"
_MOST_STEPS = 12


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What arrived at the client's address: in the query, or in the fields of a form."""

    url: str
    form: dict[str, str] = field(default_factory=dict)

    @property
    def parameters(self) -> dict[str, str]:
        """The parameters, whichever way they came."""
        return self.form or dict(parse_qsl(urlsplit(self.url).query))


def go(live: LiveHub, browser: Browser, url: str, email: str = ALICE) -> Answer:
    """Open the address, sign in, agree, and return what the client is told; or the page at which it ends."""
    page = browser.get(url, allow_redirects=False)
    for _ in range(_MOST_STEPS):
        if page.is_redirect:
            target = urljoin(page.url, page.headers["Location"])
            if urlsplit(target)[:2] == urlsplit(live.url)[:2]:
                page = browser.get(target, allow_redirects=False)
            elif target.startswith(str(live.hub.settings.ohmygpt_web_base)):
                page = browser.get(approve(browser.http, target, email), allow_redirects=False)
            else:
                return Answer(url=target)
        elif _fields(page) & {"decision", "user_code"}:
            page = _agree(browser, page)
        else:
            return Answer(url=page.url, form=_outgoing(live, page))
    raise AssertionError("the browser is sent in a circle")  # noqa: EM101, TRY003 - a test's own words


def _fields(page: requests.Response) -> set[str]:
    return {name for _, fields in forms_of(page.text) for name in fields}


def _agree(browser: Browser, page: requests.Response) -> requests.Response:
    decides = "decision" in _fields(page)
    action, values = form_with(page.text, "csrf_token", "decision" if decides else "user_code")
    changes = {"decision": "agree"} if decides else {}
    target = urljoin(page.url, action)
    return browser.http.post(target, data=values | changes, timeout=15, allow_redirects=False)


def _outgoing(live: LiveHub, page: requests.Response) -> dict[str, str]:
    """Return the fields of a form that leads away from the hub (OAuth 2.0 Form Post Response Mode)."""
    forms = [
        fields for action, fields in forms_of(page.text) if urlsplit(action).netloc and not action.startswith(live.url)
    ]
    return forms[0] if forms else {}
