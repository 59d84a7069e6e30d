"""A sandbox whose webhooks are tried again soon, Stripe's SDK pointed at it, and an endpoint of a shop."""

from collections.abc import Iterator

import pytest

from oauth_app.sandbox import clock
from oauth_app.sandbox.config import Config
from tests.sandbox.emulator import Emulator, running
from tests.sandbox.stripe_double.receiver import Receiver, receiving
from tests.sandbox.stripe_double.shop import Shop, sdk


@pytest.fixture(scope="module")
def _server() -> Iterator[Emulator]:
    with running(Config(faults=True, stripe_retry_pauses_ms=(40, 80))) as emulator:
        yield emulator


@pytest.fixture
def shop(sandbox: Emulator) -> Iterator[Shop]:
    """A shop whose Stripe is the double."""
    with sdk(sandbox.url) as client:
        yield Shop(client, sandbox.url)


@pytest.fixture
def _true_time() -> Iterator[None]:
    """The clock goes back after a test that moves it."""
    yield
    clock.reset()


@pytest.fixture
def receiver(shop: Shop) -> Iterator[Receiver]:
    """The shop's webhook endpoint, registered for every event."""
    with receiving() as receiver:
        made = shop.stripe.v1.webhook_endpoints.create({"url": receiver.url, "enabled_events": ["*"]})
        receiver.secret = str(made.secret)
        yield receiver
