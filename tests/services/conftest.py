"""What tests of services stand on."""

from pathlib import Path

import pytest

from oauth_app.db import reading
from oauth_app.hub import Hub
from oauth_app.models import TopUp
from oauth_app.services.access import Access, find_access
from oauth_app.services.partners import Credentials
from oauth_app.services.top_up import open_top_up
from oauth_app.services.top_up_wishes import TopUpWish
from oauth_app.upstream import UpstreamClient
from tests.fixtures.grants import grant
from tests.fixtures.hub import Person, Sandbox, make_test_hub
from tests.services.reconciling import book
from tests.services.stripe_orders import Stripe


@pytest.fixture
def access(hub: Hub, alice: Person, shop: Credentials) -> Access:
    """Let alice allow the shop everything, up to 20 CNY a charge and 100 CNY a month."""
    token = grant(hub.engine, alice.user_id, shop.client_id)
    with reading(hub.engine) as session:
        return find_access(session, token)


@pytest.fixture
def penniless(sandbox: Sandbox, tmp_path: Path) -> UpstreamClient:
    """Return a client that takes the sandbox's injected refusals for "this user has no money"."""
    profile = tmp_path / "profile.toml"
    profile.write_text('[errors]\ninsufficient_funds = ["injected_error"]\n')
    return make_test_hub(tmp_path, ohmygpt_api_base=sandbox.url, ohmygpt_profile=profile).upstream


@pytest.fixture
def stripe(sandbox: Sandbox) -> Stripe:
    """The operator's Stripe, in test mode."""
    return Stripe(sandbox)


@pytest.fixture
def paid(hub: Hub, sandbox: Sandbox, alice: Person) -> TopUp:
    """Let alice pay 12.34 USD by Stripe, without the hub hearing of it."""
    wish = TopUpWish(user_id=alice.user_id, amount=12_34, asset="USD", provider="stripe")
    top_up = open_top_up(hub, wish).top_up
    assert top_up.url is not None
    sandbox.pay(top_up.url)
    return top_up


@pytest.fixture
def credited(hub: Hub, paid: TopUp) -> TopUp:
    """Let the hub see the payment, too."""
    book(hub, paid)
    return paid
