"""Money in a user's wallet, put there as a top-up does, and wishes for what is done with it."""

from typing import Any

from sqlalchemy import Engine

from oauth_app.db import reading, transaction
from oauth_app.identifiers import Kind, new_id
from oauth_app.ledger import (
    AccountKind,
    AccountName,
    Movement,
    TransferKind,
    TransferWish,
    get_balance,
    get_wallets,
    record_transfer,
)
from oauth_app.services.access import Access
from oauth_app.services.hold_capturing import CaptureWish
from oauth_app.services.holds import Reservation
from oauth_app.services.refunds import RefundWish


def fill_wallet(engine: Engine, user_id: str, amount: int, asset: str = "CNY") -> None:
    """Put money into the user's wallet."""
    clearing = AccountName(kind=AccountKind.STRIPE_CLEARING, asset=asset)
    movement = Movement(source=clearing, destination=AccountName.wallet(user_id, asset), amount=amount)
    wish = TransferWish(kind=TransferKind.TOP_UP, reference=new_id(Kind.TOP_UP), movements=(movement,))
    with transaction(engine) as session:
        record_transfer(session, wish)


def wallet_of(engine: Engine, access: Access, asset: str = "CNY") -> tuple[int, int]:
    """Return what the user has in the wallet: available and held."""
    with reading(engine) as session:
        found = {each: (available, held) for each, available, held in get_wallets(session, access.user_id)}
    return found.get(asset, (0, 0))


def earnings_of(engine: Engine, access: Access, asset: str = "CNY") -> tuple[int, int]:
    """Return what the partner and the operator have earned."""
    fees = AccountName(kind=AccountKind.PLATFORM_FEES, asset=asset)
    with reading(engine) as session:
        return get_balance(session, AccountName.earnings(access.partner_id, asset)), get_balance(session, fees)


def make_reservation(**wishes: Any) -> Reservation:  # noqa: ANN401 - any field
    """Return a wish to hold 10.01 CNY."""
    known: dict[str, Any] = {"amount": 10_01, "asset": "CNY", "description": "A room", "idempotency_key": "hold-1"}
    return Reservation(**(known | wishes))


def make_capture(hold_id: str, **wishes: Any) -> CaptureWish:  # noqa: ANN401 - any field
    """Return a wish to capture all of the hold."""
    known: dict[str, Any] = {"hold_id": hold_id, "idempotency_key": "capture-1"}
    return CaptureWish(**(known | wishes))


def make_refund(charge_id: str, **wishes: Any) -> RefundWish:  # noqa: ANN401 - any field
    """Return a wish to refund all of the charge."""
    known: dict[str, Any] = {"charge_id": charge_id, "idempotency_key": "refund-1"}
    return RefundWish(**(known | wishes))
