"""What the worker does for the books: roll up hot accounts."""

from oauth_app.db import reading, transaction
from oauth_app.hub import Hub
from oauth_app.ledger import find_waiting_accounts, roll_up


def roll_up_accounts(hub: Hub) -> int:
    """Add the waiting increments of hot accounts to their balances, each in a transaction; return how many."""
    with reading(hub.engine) as session:
        waiting = find_waiting_accounts(session)
    rolled_up = 0
    for account_id in waiting:
        with transaction(hub.engine) as session:
            rolled_up += roll_up(session, account_id)
    return rolled_up
