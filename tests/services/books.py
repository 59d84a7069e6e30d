"""Look into the books."""

from sqlalchemy import func, select

from oauth_app.db import reading
from oauth_app.hub import Hub
from oauth_app.ledger import AccountKind, AccountName, get_balance
from oauth_app.models import Account, Charge, TopUp, Transfer


def balances(hub: Hub) -> dict[str, int]:
    """Return the balance of every account that was opened, by its kind."""
    with reading(hub.engine) as session:
        accounts = session.scalars(select(Account)).all()
        names = [AccountName(kind=AccountKind(each.kind), owner=each.owner, asset=each.asset) for each in accounts]
        return {str(name.kind): get_balance(session, name) for name in names}


def transfer_count(hub: Hub) -> int:
    """Return how many transfers were written."""
    with reading(hub.engine) as session:
        return session.scalar(select(func.count()).select_from(Transfer)) or 0


def only_charge(hub: Hub) -> Charge:
    """Return the one charge there is."""
    with reading(hub.engine) as session:
        return session.scalars(select(Charge)).one()


def charge_of(hub: Hub, charge_id: str) -> Charge:
    """Return the charge as it is written."""
    with reading(hub.engine) as session:
        return session.get_one(Charge, charge_id)


def only_top_up(hub: Hub) -> TopUp:
    """Return the one top-up there is."""
    with reading(hub.engine) as session:
        return session.scalars(select(TopUp)).one()
