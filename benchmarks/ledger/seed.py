"""Books with many full wallets."""

from oauth_app.db import make_engine, transaction
from oauth_app.ledger import AccountKind, AccountName, Movement, TransferKind, TransferWish, record_transfer
from oauth_app.ledger.accounts import open_accounts
from oauth_app.services.schema import upgrade_schema

USERS = 10_000
PARTNERS = 100
_BATCH = 100
_PLENTY = 10**12


def seed(url: str) -> None:
    """Make the tables and fill every wallet."""
    engine = make_engine(url)
    upgrade_schema(engine)
    outside = AccountName(kind=AccountKind.STRIPE_CLEARING, asset="USD")
    with transaction(engine) as session:
        open_accounts(session, [AccountName(kind=AccountKind.PLATFORM_FEES, asset="USD")])
        open_accounts(session, [AccountName.earnings(f"ptn_{number}", "USD") for number in range(PARTNERS)])
        for start in range(0, USERS, _BATCH):
            wallets = [AccountName.wallet(f"usr_{number}", "USD") for number in range(start, start + _BATCH)]
            open_accounts(session, wallets)
            movements = tuple(Movement(source=outside, destination=wallet, amount=_PLENTY) for wallet in wallets)
            wish = TransferWish(kind=TransferKind.TOP_UP, reference=f"top_{start}", movements=movements)
            record_transfer(session, wish)
    engine.dispose()
