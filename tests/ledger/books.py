"""Makers and views of the books; each fills in what a test does not care about."""

from datetime import timedelta

from sqlalchemy import Engine, select

from oauth_app import clock
from oauth_app.db import reading, transaction
from oauth_app.ledger import (
    AccountKind,
    AccountName,
    HoldWish,
    Movement,
    Receipt,
    TransferKind,
    TransferWish,
    WalletCharge,
    charge_wallet,
    get_balance,
    place_hold,
    record_transfer,
    split_amount,
)
from oauth_app.ledger.verifying import Finding, verify_books
from oauth_app.models import Account, User
from tests.fixtures.hub import make_partner

STRIPE = AccountName(kind=AccountKind.STRIPE_CLEARING, asset="USD")
FEES = AccountName(kind=AccountKind.PLATFORM_FEES, asset="USD")
EARNINGS = AccountName.earnings("ptn_1", "USD")
WALLET = AccountName.wallet("usr_1", "USD")
OTHER_WALLET = AccountName.wallet("usr_2", "USD")
HELD = AccountName.held("usr_1", "USD")
_TEN_PERCENT = 1_000


def move(engine: Engine, reference: str, *movements: Movement, reverses: str | None = None) -> Receipt:
    """Record one transfer in a transaction of its own."""
    kind = TransferKind.REFUND if reverses else TransferKind.CORRECTION
    wish = TransferWish(kind=kind, reference=reference, movements=movements, reverses=reverses)
    with transaction(engine) as session:
        return record_transfer(session, wish)


def fill(engine: Engine, amount: int, wallet: AccountName = WALLET) -> None:
    """Let money come into a wallet."""
    move(engine, f"fill-{wallet}-{amount}", Movement(source=STRIPE, destination=wallet, amount=amount))


def make_wallet_charge(reference: str, amount: int = 10, **others: str) -> WalletCharge:
    """Return the wish to charge the first user's wallet, with a fee of a tenth."""
    names = {"partner_id": "ptn_1", "user_id": "usr_1", "asset": "USD", **others}
    return WalletCharge(reference=reference, split=split_amount(amount, _TEN_PERCENT), **names)


def charge(engine: Engine, reference: str, amount: int = 10, **others: str) -> Receipt:
    """Charge a wallet in a transaction of its own."""
    with transaction(engine) as session:
        return charge_wallet(session, make_wallet_charge(reference, amount, **others))


def make_people(engine: Engine) -> str:
    """Let there be two users, and the partner whose id is returned; holds refer to them."""
    now = clock.now()
    with transaction(engine) as session:
        for number in (1, 2):
            session.add(
                User(id=f"usr_{number}", upstream_user_id=str(number), email="a@b.c", created_at=now, signed_in_at=now)
            )
    return make_partner(engine).client_id


def hold(engine: Engine, partner_id: str, amount: int, *, expires_in: timedelta = timedelta(days=1)) -> str:
    """Place a hold on the first user's wallet and return its id."""
    names = {"partner_id": partner_id, "user_id": "usr_1", "asset": "USD"}
    with transaction(engine) as session:
        return place_hold(session, HoldWish(amount=amount, expires_at=clock.now() + expires_in, **names)).hold_id


def balance(engine: Engine, name: AccountName) -> int:
    """Return what the account has."""
    with reading(engine) as session:
        return get_balance(session, name)


def balances(engine: Engine) -> dict[str, int]:
    """Return what every account has, by its name."""
    with reading(engine) as session:
        rows = session.execute(select(Account.kind, Account.owner, Account.asset)).all()
        names = [AccountName(kind=AccountKind(kind), owner=owner, asset=asset) for kind, owner, asset in rows]
        return {str(name): get_balance(session, name) for name in names}


def findings(engine: Engine) -> list[Finding]:
    """Return what verifying finds."""
    return list(verify_books(engine))
