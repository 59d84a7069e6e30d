"""Look into the books."""

from sqlalchemy import func, select

from oauth_app.db import reading
from oauth_app.hub import Hub
from oauth_app.models import Account, Charge, TopUp, Transfer


def balances(hub: Hub) -> dict[str, int]:
    """Return the balance of every account that was opened, by its kind."""
    with reading(hub.engine) as session:
        return {account.kind: account.balance for account in session.scalars(select(Account))}


def transfer_count(hub: Hub) -> int:
    """Return how many transfers were written."""
    with reading(hub.engine) as session:
        return session.scalar(select(func.count()).select_from(Transfer)) or 0


def only_charge(hub: Hub) -> Charge:
    """Return the one charge there is."""
    with reading(hub.engine) as session:
        return session.scalars(select(Charge)).one()


def only_top_up(hub: Hub) -> TopUp:
    """Return the one top-up there is."""
    with reading(hub.engine) as session:
        return session.scalars(select(TopUp)).one()
