"""A wallet into which disputed money came: nothing leaves it until the dispute is over."""

import pytest

from oauth_app import clock
from oauth_app.db import transaction
from oauth_app.hub import Hub
from oauth_app.identifiers import Kind, new_id
from oauth_app.models import TopUp
from oauth_app.services.access import Access
from oauth_app.services.charge_errors import WalletFrozenError
from oauth_app.services.charging import charge
from oauth_app.services.holds import place
from tests.services.wallets import fill_wallet, make_reservation, wallet_of
from tests.services.wishes import make_wish


@pytest.fixture
def frozen(hub_there: Hub, access_there: Access) -> Access:
    """Let a bank dispute one of alice's top-ups, while 20 CNY of another are in her wallet."""
    fill_wallet(hub_there.engine, access_there.user_id, 20_00)
    disputed = TopUp(
        id=new_id(Kind.TOP_UP),
        user_id=access_there.user_id,
        provider="stripe",
        kind="checkout",
        amount=5_00,
        asset="CNY",
        status="disputed",
        keep_card=False,
        created_at=clock.now(),
    )
    with transaction(hub_there.engine) as session:
        session.add(disputed)
    return access_there


def test_a_frozen_wallet_pays_nothing(hub_there: Hub, frozen: Access) -> None:
    """The charge is declined by its own name, the same at every repeat, and the money stays."""
    for _ in range(2):
        with pytest.raises(WalletFrozenError):
            charge(hub_there, frozen, make_wish(asset="CNY"))
    assert wallet_of(hub_there.engine, frozen) == (20_00, 0)


def test_a_frozen_wallet_reserves_nothing(hub_there: Hub, frozen: Access) -> None:
    """A hold would take the money out of reach of the dispute as well."""
    with pytest.raises(WalletFrozenError):
        place(hub_there, frozen, make_reservation())
    assert wallet_of(hub_there.engine, frozen) == (20_00, 0)
