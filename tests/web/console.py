"""Somebody who looks after sites in the console."""

from dataclasses import dataclass
from html import unescape
from re import search
from typing import Any

import requests
from sqlalchemy import select

from oauth_app.db import reading
from oauth_app.models import Partner, User
from tests.fixtures.live import Browser, LiveHub

CALLBACK = "https://shop.example/callback"


@dataclass(frozen=True, kw_only=True)
class Site:
    """A site that was just created."""

    id: str
    secret: str | None
    path: str


@dataclass(frozen=True, kw_only=True)
class Developer:
    """A browser with somebody signed in, and the hub behind it."""

    browser: Browser
    live: LiveHub
    email: str

    def create(self, **fields: Any) -> requests.Response:  # noqa: ANN401 - fields of the form
        """Fill in the form of a new site, a shop's unless told otherwise, and send it."""
        known = {"name": "Shop", "kind": "server", "redirect_uris": CALLBACK, "scopes": ["openid", "email"]}
        return self.send("/developers/sites/new", to="/developers/sites", **(known | fields))

    def created(self, **fields: Any) -> Site:  # noqa: ANN401 - fields of the form
        """Create a site and return what its page showed."""
        page = self.create(**fields)
        assert page.status_code == 201, page.text
        client_id = value_of(page.text, "client_id")
        return Site(id=client_id, secret=find_value(page.text, "client_secret"), path=f"/developers/sites/{client_id}")

    def send(self, page: str, *, to: str | None = None, **values: Any) -> requests.Response:  # noqa: ANN401 - fields of a form
        """Post to an address with the CSRF token of a page's form; nothing is followed."""
        token = value_of(self.browser.get(page).text, "csrf_token", by="name")
        return self.browser.http.post(
            self.browser.url + (to or page), data={"csrf_token": token, **values}, timeout=15, allow_redirects=False
        )

    def row(self, site: Site) -> Partner:
        """Return what is kept of a site."""
        with reading(self.live.hub.engine) as session:
            return session.scalars(select(Partner).where(Partner.id == site.id)).one()

    @property
    def user_id(self) -> str:
        """Return who this is for the hub."""
        with reading(self.live.hub.engine) as session:
            return session.scalars(select(User.id).where(User.email == self.email)).one()


def make_developer(live: LiveHub, email: str) -> Developer:
    """Sign somebody in."""
    browser = Browser(url=live.url)
    browser.sign_in(email)
    return Developer(browser=browser, live=live, email=email)


def value_of(page: str, name: str, *, by: str = "id") -> str:
    """Return the value of the page's field of this id or name."""
    value = find_value(page, name, by=by)
    assert value is not None, page
    return value


def find_value(page: str, name: str, *, by: str = "id") -> str | None:
    """Return the value of a field, if the page has it."""
    found = search(rf'<input[^>]*\b{by}="{name}"[^>]*\bvalue="([^"]*)"', page)
    return unescape(found[1]) if found else None
