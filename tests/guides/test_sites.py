"""The guides' sites with a server sign somebody in for real, and refuse what they did not ask for."""

import re
from collections.abc import Callable

import pytest
import requests

from tests.guides.programs import Program, Visitor

#: Fixture -> where its sign-in begins, and where the hub's answer arrives.
SITES = {
    "flask_site": ("/login", "/callback"),
    "fastapi_site": ("/login", "/callback"),
    "django_site": ("/oidc/authenticate/", "/oidc/callback/"),
}


@pytest.mark.parametrize("name", SITES)
def test_a_guides_site_signs_people_in(request: pytest.FixtureRequest, name: str) -> None:
    """The site greets whoever signed in; a forged answer signs nobody in; and who left is forgotten."""
    site: Program = request.getfixturevalue(name)
    begin, callback = SITES[name]
    forged = Visitor(live=site.live)
    forged.visit(f"{site.url}{callback}?code=x&state=forged&iss={site.live.url}")
    visitor = Visitor(live=site.live)
    assert "Sign in with OhMyGPT" in visitor.visit(site.url).text
    assert "Hello alice" in visitor.visit(site.url + begin).text
    assert "Sign in with OhMyGPT" in forged.visit(site.url).text


@pytest.mark.parametrize("name", ["flask_site", "django_site"])
def test_a_guides_site_signs_people_out(request: pytest.FixtureRequest, name: str) -> None:
    """After the button is pressed the site knows nobody."""
    site: Program = request.getfixturevalue(name)
    visitor = Visitor(live=site.live)
    page = visitor.visit(site.url + SITES[name][0])
    action = re.search(r'action="([^"]+)"', page.text)[1]
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.text)
    form = {"csrfmiddlewaretoken": token[1]} if token else {}
    visitor.browser.http.post(site.url + action, data=form, timeout=15, headers={"Referer": site.url})
    assert "Sign in with OhMyGPT" in visitor.visit(site.url).text


def test_auth_js_signs_people_in(auth_js_site: Program) -> None:
    """Auth.js, as the guide for Next.js sets it up, gives a session with the name, and with `sub` as its id."""
    visitor = Visitor(live=auth_js_site.live)
    ask: Callable[[str], requests.Response] = lambda path: visitor.browser.get(f"{auth_js_site.url}/api/auth/{path}")  # noqa: E731
    form = {"csrfToken": ask("csrf").json()["csrfToken"], "callbackUrl": f"{auth_js_site.url}/api/auth/session"}
    begun = visitor.browser.http.post(
        f"{auth_js_site.url}/api/auth/signin/ohmygpt", data=form, timeout=15, allow_redirects=False
    )
    session = visitor.visit(begun.headers["Location"]).json()
    assert (session["user"]["name"], session["user"]["email"]) == ("alice", "alice@example.com")
    assert session["user"]["id"]
    assert "accessToken" not in session
