"""What happens to a wallet while another writer is at it: on PostgreSQL, where writers really run beside each other."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import Engine, event

from oauth_app.db import transaction
from oauth_app.hub import Hub
from oauth_app.models import TopUp
from oauth_app.services.access import Access
from oauth_app.services.holds import HoldReceipt, place, void
from oauth_app.services.idempotency import IdempotencyMismatchError
from oauth_app.services.partner_sight import Sight
from oauth_app.services.wallet import credit_top_up, take_back
from tests.services.beside import beside_each_other
from tests.services.stripe_orders import check_books, cleared, opened, owed, wallet
from tests.services.test_stripe_booking import spend
from tests.services.wallets import fill_wallet, make_reservation

pytestmark = pytest.mark.postgres


@pytest.fixture
def hub_there(hub: Hub, postgresql: Engine) -> Hub:
    """Keep the hub's state in PostgreSQL."""
    return replace(hub, engine=postgresql)


@pytest.fixture
def top_up(hub_there: Hub, access_there: Access) -> TopUp:
    """Alice's top-up of 12.00 USD, credited."""
    top_up = opened(hub_there, access_there.user_id)
    with transaction(hub_there.engine) as session:
        credit_top_up(session, top_up)
    return top_up


@contextmanager
def after_each_look(engine: Engine, act: Callable[[], None], times: int) -> Iterator[None]:
    """Inside the block, do something each time when the wallet's balance has been read, so often."""
    left = [times]

    def look(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_more: Any) -> None:  # noqa: ANN401
        values = parameters.values() if isinstance(parameters, dict) else parameters or ()
        if left[0] and statement.startswith("SELECT account.balance") and "user_wallet" in values:
            left[0] -= 1
            act()

    event.listen(engine, "after_cursor_execute", look)
    try:
        yield
    finally:
        event.remove(engine, "after_cursor_execute", look)
    assert left[0] == 0, "nobody looked"


def test_a_charge_that_is_quicker_leaves_less_to_take(hub_there: Hub, top_up: TopUp) -> None:
    """What it took is owed, not taken twice; the rest of the wallet is taken."""
    user_id = top_up.user_id
    with (
        transaction(hub_there.engine) as session,
        after_each_look(hub_there.engine, lambda: spend(hub_there, user_id, 4_00), times=1),
    ):
        assert take_back(session, top_up, 12_00, reference=f"{top_up.id}.1") == 4_00

    assert (wallet(hub_there, user_id), owed(hub_there, user_id), cleared(hub_there)) == (0, 4_00, 0)
    check_books(hub_there)


def test_two_payments_at_once_pay_a_debt_once(hub_there: Hub, top_up: TopUp) -> None:
    """The second waits until the first has paid what was owed, and brings its money to the wallet."""
    user_id = top_up.user_id
    spend(hub_there, user_id, 12_00)
    with transaction(hub_there.engine) as session:
        take_back(session, top_up, 9_00, reference=f"{top_up.id}.1")
    first, second = (opened(hub_there, user_id) for _ in range(2))

    beside_each_other(
        hub_there.engine,
        lambda session: credit_top_up(session, first),
        lambda session: credit_top_up(session, second),
    )
    assert (wallet(hub_there, user_id), owed(hub_there, user_id)) == (2 * 12_00 - 9_00, 0)
    check_books(hub_there)


def test_one_key_voids_one_of_two_holds_at_once(hub_there: Hub, access_there: Access) -> None:
    """A key that is voiding another hold at this moment is refused as one that has, and the hold stays."""
    fill_wallet(hub_there.engine, access_there.user_id, 50_00)
    one, two = (place(hub_there, access_there, make_reservation(idempotency_key=f"h{n}")).view for n in range(2))
    sight = Sight(partner_id=access_there.partner_id, user_id=access_there.user_id)

    def voiding(hold_id: str) -> Callable[[Any], HoldReceipt]:
        return lambda session: void(session, sight, hold_id, "void-1")

    with pytest.raises(IdempotencyMismatchError):
        beside_each_other(hub_there.engine, voiding(one.hold.id), voiding(two.hold.id))
    with transaction(hub_there.engine) as session:
        assert void(session, sight, two.hold.id, "void-2").view.hold.status == "voided"
