"""What tests of the partner API stand on."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

from oauth_app.factory import create_app
from oauth_app.hub import Hub
from oauth_app.services.partners import Credentials
from tests.api.caller import Caller, basic
from tests.fixtures.grants import grant
from tests.fixtures.hub import Person


@pytest.fixture
def app(hub: Hub) -> Flask:
    """The whole application, in front of the sandbox."""
    return create_app(hub)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """Somebody without credentials."""
    return app.test_client()


@pytest.fixture
def caller(app: Flask, hub: Hub, alice: Person, shop: Credentials) -> Caller:
    """The shop, with an access token of alice for everything."""
    token = grant(hub.engine, alice.user_id, shop.client_id)
    return Caller(client=app.test_client(), authorization=f"Bearer {token}")


@pytest.fixture
def server(app: Flask, shop: Credentials) -> Caller:
    """The shop's server, with its client id and secret."""
    return Caller(client=app.test_client(), authorization=basic(shop.client_id, shop.client_secret))
