"""What may happen to a user's money at a partner, done by the real services."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from oauth_app import clock
from oauth_app.db import reading, transaction
from oauth_app.hub import Hub
from oauth_app.identifiers import Kind, new_id
from oauth_app.ledger import AccountName, get_balance
from oauth_app.models import Charge, TopUp
from oauth_app.services.access import Access, find_access
from oauth_app.services.charging import charge
from oauth_app.services.consent import Limits
from oauth_app.services.hold_capturing import CaptureWish, capture
from oauth_app.services.holds import Reservation, place, void
from oauth_app.services.partner_sight import Sight
from oauth_app.services.refunds import RefundWish, refund
from oauth_app.services.statement_months import Month
from oauth_app.services.wallet import credit_top_up
from tests.fixtures.grants import grant
from tests.services.wishes import make_wish

#: More than any story needs: these are not about limits.
WIDE = Limits(per_charge=10**12, per_month=10**12)


def allow(hub: Hub, user_id: str, partner_id: str) -> Access:
    """Let the user allow the partner everything."""
    token = grant(hub.engine, user_id, partner_id, limits=WIDE)
    with reading(hub.engine) as session:
        return find_access(session, token)


@contextmanager
def last_month() -> Iterator[None]:
    """Let it be twelve hours before the present month began."""
    now = clock.now()
    with clock.moved(Month.of(now).start - now - timedelta(hours=12)):
        yield


def fund(hub: Hub, user_id: str, amount: int, asset: str = "USD") -> None:
    """Put money into the user's wallet, as a paid top-up does."""
    now = clock.now()
    row = TopUp(
        id=new_id(Kind.TOP_UP),
        user_id=user_id,
        provider="stripe",
        kind="checkout",
        amount=amount,
        asset=asset,
        status="paid",
        created_at=now,
        settled_at=now,
    )
    with transaction(hub.engine) as session:
        session.add(row)
        session.flush()  # the books name it
        credit_top_up(session, row)


def pay(hub: Hub, access: Access, key: str, **wishes: Any) -> Charge:  # noqa: ANN401 - any field
    """Charge the user."""
    return charge(hub, access, make_wish(idempotency_key=key, **wishes)).charge


def give_back(hub: Hub, access: Access, charge_id: str, amount: int, key: str) -> None:
    """Refund a part of a charge."""
    with transaction(hub.engine) as session:
        wish = RefundWish(charge_id=charge_id, idempotency_key=key, amount=amount, reason="Returned")
        refund(session, Sight(partner_id=access.partner_id), wish)


def reserve(hub: Hub, access: Access, amount: int, key: str) -> str:
    """Hold money, and return the hold's id."""
    wish = Reservation(amount=amount, asset="USD", description="A room", idempotency_key=key)
    return place(hub, access, wish).view.hold.id


def tell_last_month(hub: Hub, access: Access) -> None:
    """100.00 USD come, 5.00 of them go."""
    with last_month():
        fund(hub, access.user_id, 100_00)
        pay(hub, access, "old-1", amount=5_00, asset="USD")


def tell_this_month(hub: Hub, access: Access) -> None:
    """Everything else, in both assets; 5.00 USD are still reserved at the end."""
    fund(hub, access.user_id, 120_00)
    bought = pay(hub, access, "new-1", amount=10_01, asset="USD", description="Stickers")
    give_back(hub, access, bought.id, 4_00, "back-1")
    at_ohmygpt = pay(hub, access, "new-2", amount=30_01, asset="OMG")
    give_back(hub, access, at_ohmygpt.id, 10_00, "back-2")
    hold_id = reserve(hub, access, 20_00, "hold-1")
    capture(hub, access, CaptureWish(hold_id=hold_id, idempotency_key="new-3", amount=15_03))
    let_go = reserve(hub, access, 7_00, "hold-2")
    with transaction(hub.engine) as session:
        void(session, Sight(partner_id=access.partner_id), let_go, "void-1")
    reserve(hub, access, 5_00, "hold-3")


def owned(hub: Hub, user_id: str, asset: str) -> int:
    """Return what the user has in the books, reserved or not."""
    with reading(hub.engine) as session:
        names = (AccountName.wallet(user_id, asset), AccountName.held(user_id, asset))
        return sum(get_balance(session, name) for name in names)


def earned(hub: Hub, partner_id: str, asset: str) -> int:
    """Return what the partner has earned."""
    with reading(hub.engine) as session:
        return get_balance(session, AccountName.earnings(partner_id, asset))
