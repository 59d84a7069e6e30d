"""The hub's gateway to Stripe, in front of the sandbox's double of it."""

from collections.abc import Iterator

import pytest

from oauth_app.payments import PaymentWish, StripeGateway
from tests.fixtures.hub import Sandbox

#: The sandbox's one key; it opens nothing else.
DUMMY_KEY = "sk_test_sandbox_not_a_secret"


@pytest.fixture
def gateway(sandbox: Sandbox) -> Iterator[StripeGateway]:
    """Open the gateway of an operator whose Stripe is the double."""
    gateway = StripeGateway(DUMMY_KEY, api_base=f"{sandbox.url}/stripe")
    yield gateway
    gateway.close()


@pytest.fixture
def wish(gateway: StripeGateway) -> PaymentWish:
    """Ask a new customer for 12.34 USD."""
    return PaymentWish(
        top_up_id="top_1",
        customer_id=gateway.make_customer("usr_1", "alice@example.com"),
        amount=12_34,
        asset="USD",
        description="Wallet",
        success_url="http://127.0.0.1:8000/done",
        cancel_url="http://127.0.0.1:8000/cancelled",
    )
