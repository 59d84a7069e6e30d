"""Keys that a partner publishes at an address of its own (``jwks_uri``)."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from http.server import BaseHTTPRequestHandler

import pytest
from flask import Flask

from oauth_app import clock
from oauth_app.hub import Hub
from tests.core.test_guarded_http import say, serving
from tests.fixtures.hub import make_partner
from tests.provider.key_holder import KeyHolder, make_key, public_jwks


@dataclass
class Publisher:
    """The partner's own server: what it answers from now on, and how often it was asked."""

    body: bytes = b""
    status: int = 200
    url: str = ""
    asked: int = 0

    def publish(self, document: object, status: int = 200) -> None:
        """Answer with this from now on."""
        self.body, self.status = json.dumps(document).encode(), status

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        """Answer one request."""
        self.asked += 1
        say(self.status, self.body)(handler)


@pytest.fixture
def publisher() -> Iterator[Publisher]:
    """Run the partner's server."""
    publisher = Publisher()
    with serving(publisher.answer) as url:
        publisher.url = f"{url}/keys.json"
        yield publisher


@pytest.fixture
def holder(app: Flask, hub: Hub, publisher: Publisher) -> KeyHolder:
    """Register a partner that publishes one key."""
    key = make_key()
    publisher.publish(public_jwks(key))
    partner = make_partner(hub.engine, jwks_uri=publisher.url, grant_types=["client_credentials"])
    return KeyHolder(app, partner.client_id, key)


def test_the_keys_are_fetched_once(holder: KeyHolder, publisher: Publisher) -> None:
    """Ten exchanges are not ten questions to the partner's server."""
    assert all(holder.is_proven() for _ in range(10))
    assert publisher.asked == 1


def test_a_new_key_is_found(holder: KeyHolder, publisher: Publisher) -> None:
    """A partner that changes its key needs to tell nobody; a pause keeps nonsense from asking each time."""
    assert holder.is_proven()
    holder.key = make_key("k2")
    publisher.publish(public_jwks(holder.key))

    assert not holder.is_proven()
    with clock.moved(timedelta(seconds=16)):
        assert holder.is_proven(holder.assertion(iat=None))


def test_an_old_key_is_forgotten(holder: KeyHolder, publisher: Publisher) -> None:
    """A key that the partner takes back works for minutes, not for ever."""
    assert holder.is_proven()
    publisher.publish(public_jwks(make_key("k2")))

    with clock.moved(timedelta(minutes=6)):
        now = int(clock.now().timestamp())
        assert not holder.is_proven(holder.assertion(iat=now, exp=now + 60))


def test_a_partner_that_is_down_for_a_minute_still_signs_in(holder: KeyHolder, publisher: Publisher) -> None:
    """The copy counts as long as it is fresh, also when somebody makes us ask for a key that is not there."""
    assert holder.is_proven()
    publisher.publish({}, 503)
    with clock.moved(timedelta(seconds=20)):
        stranger = KeyHolder(holder.app, holder.client_id, make_key("unknown"))
        assert not stranger.is_proven(stranger.assertion(iat=None))
        assert holder.is_proven(holder.assertion(iat=None))


@pytest.mark.parametrize("document", [[], {}, {"keys": "k"}, {"keys": [1]}, {"keys": [], "pad": "x" * 70_000}])
def test_what_is_no_key_set_proves_nothing(holder: KeyHolder, publisher: Publisher, document: object) -> None:
    """Nonsense, or too much of it, is the same as nothing."""
    publisher.publish(document)
    assert not holder.is_proven()


def test_a_failure_is_remembered_for_seconds(holder: KeyHolder, publisher: Publisher) -> None:
    """Who repeats a bad request does not make the hub ask the partner's server each time."""
    publisher.publish({}, 500)
    assert not holder.is_proven()
    assert not holder.is_proven()
    assert publisher.asked == 1

    publisher.publish(public_jwks(holder.key))
    with clock.moved(timedelta(seconds=16)):
        assert holder.is_proven(holder.assertion(iat=None))
