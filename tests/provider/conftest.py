"""A hub without OhMyGPT behind it, a signed-in browser, and a partner that speaks through a real client."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from oauth_app import clock
from oauth_app.db import transaction
from oauth_app.factory import create_app
from oauth_app.hub import Hub
from oauth_app.identifiers import Kind, new_id
from oauth_app.models import User
from oauth_app.provider.clients import DEVICE_CODE_GRANT
from oauth_app.services.partners import Credentials
from tests.fixtures.hub import Person, make_partner, make_test_hub
from tests.provider.browser import Browser
from tests.provider.device import Device
from tests.provider.partner import CALLBACK, PartnerSite


@pytest.fixture
def hub(tmp_path: Path, migrated_database: Path) -> Iterator[Hub]:
    """Make a hub with an empty database; nobody here asks OhMyGPT anything."""
    shutil.copy(migrated_database, tmp_path / "hub.db")
    hub = make_test_hub(tmp_path)
    yield hub
    hub.close()


@pytest.fixture
def app(hub: Hub) -> Flask:
    """Make the application."""
    return create_app(hub)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """Call the application as a program does."""
    return app.test_client()


def make_user(hub: Hub, email: str) -> Person:
    """Keep a user who has signed in."""
    person = Person(user_id=new_id(Kind.USER), email=email, upstream_token="")
    now = clock.now()
    with transaction(hub.engine) as session:
        session.add(User(id=person.user_id, upstream_user_id=email, email=email, created_at=now, signed_in_at=now))
    return person


@pytest.fixture
def alice(hub: Hub) -> Person:
    """Keep Alice."""
    return make_user(hub, "alice@example.com")


@pytest.fixture
def bob(hub: Hub) -> Person:
    """Keep Bob."""
    return make_user(hub, "bob@example.com")


@pytest.fixture
def browser(app: Flask, hub: Hub, alice: Person) -> Browser:
    """Open a browser in which Alice has signed in."""
    browser = Browser(app, hub)
    browser.sign_in(alice)
    return browser


@pytest.fixture
def stranger(app: Flask, hub: Hub) -> Browser:
    """Open a browser in which nobody has signed in."""
    return Browser(app, hub)


@pytest.fixture
def site(app: Flask, hub: Hub) -> PartnerSite:
    """Register a site with a secret."""
    return PartnerSite(app, make_partner(hub.engine, redirect_uris=[CALLBACK]))


@pytest.fixture
def other_site(app: Flask, hub: Hub) -> PartnerSite:
    """Register another one."""
    return PartnerSite(app, make_partner(hub.engine, name="Other", redirect_uris=[CALLBACK]))


@pytest.fixture
def public_site(app: Flask, hub: Hub) -> PartnerSite:
    """Register a site that runs in the browser and keeps no secret."""
    return PartnerSite(app, make_partner(hub.engine, name="Page", redirect_uris=[CALLBACK], is_public=True))


@pytest.fixture
def site_on_loopback(app: Flask, hub: Hub) -> PartnerSite:
    """Register a program on the user's own machine."""
    uris = ["http://127.0.0.1/callback"]
    return PartnerSite(app, make_partner(hub.engine, name="Tool", redirect_uris=uris, is_public=True))


@pytest.fixture
def modest_site(app: Flask, hub: Hub) -> PartnerSite:
    """Register a site that only wants to know who comes."""
    return PartnerSite(app, make_partner(hub.engine, redirect_uris=[CALLBACK], scopes=["openid", "email"]))


@pytest.fixture
def legacy_site(app: Flask, hub: Hub) -> PartnerSite:
    """Register an old site with a secret that knows no PKCE."""
    return PartnerSite(app, make_partner(hub.engine, name="Old", redirect_uris=[CALLBACK], is_legacy=True))


@pytest.fixture
def pushing_site(app: Flask, hub: Hub) -> PartnerSite:
    """Register a site that has promised to push its requests."""
    return PartnerSite(app, make_partner(hub.engine, redirect_uris=[CALLBACK], requires_par=True))


@pytest.fixture
def homely_site(app: Flask, hub: Hub) -> PartnerSite:
    """Register a site with a homepage."""
    homepage = "https://shop.example/"
    return PartnerSite(app, make_partner(hub.engine, redirect_uris=[CALLBACK], homepage=homepage))


@pytest.fixture
def device(app: Flask, hub: Hub) -> Device:
    """Register a television, which keeps no secret and has no browser."""
    return Device(app, make_device_partner(hub, "Television"))


@pytest.fixture
def other_device(app: Flask, hub: Hub) -> Device:
    """Register another kind of device."""
    return Device(app, make_device_partner(hub, "Radio"))


@pytest.fixture
def modest_device(app: Flask, hub: Hub) -> Device:
    """Register a device that only wants to know who comes."""
    return Device(app, make_device_partner(hub, "Lamp", scopes=["openid", "email"]))


def make_device_partner(hub: Hub, name: str, **wishes: Any) -> Credentials:  # noqa: ANN401 - any field of Registration
    """Register a partner for the device flow."""
    grants = [DEVICE_CODE_GRANT, "refresh_token"]
    return make_partner(hub.engine, name=name, is_public=True, redirect_uris=[], grant_types=grants, **wishes)
