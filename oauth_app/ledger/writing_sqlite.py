"""Write a transfer on SQLite, whose transaction holds the only write lock from its beginning."""

from collections.abc import Sequence
from functools import cache

from sqlalchemy import Connection

from oauth_app.ledger.accounts import AccountName
from oauth_app.ledger.movements import Head, TransferWish

#: CROSS JOIN keeps the order: for ``(kind, owner, asset) IN (VALUES …)`` SQLite reads every account there is.
_FIND = """
SELECT a.kind, a.owner, a.asset, a.id, a.balance FROM (VALUES {rows}) AS w
CROSS JOIN account a ON a.kind = w.column1 AND a.owner = w.column2 AND a.asset = w.column3
"""
_INSERT_TRANSFER = """
INSERT INTO transfer (id, kind, reference, reverses_id, created_at) VALUES (?, ?, ?, ?, ?)
ON CONFLICT (kind, reference) DO NOTHING
"""
_INSERT_POSTINGS = "INSERT INTO posting (transfer_id, source_id, destination_id, asset, amount) VALUES {rows}"


def write_on_sqlite(connection: Connection, head: Head, wish: TransferWish) -> bool:
    """Write the transfer; False if an account is missing or has too little, or the transfer is there already."""
    found = _find_accounts(connection, wish)
    if len(found) < len(wish.accounts) or not _is_covered(found, wish):
        return False
    # As SQLAlchemy's own type writes it: UTC without a zone.
    moment = head.created_at.replace(tzinfo=None).isoformat(" ", "microseconds")
    row = (head.id, wish.kind.value, wish.reference, wish.reverses, moment)
    if not connection.exec_driver_sql(_INSERT_TRANSFER, row).rowcount:
        return False
    rows = [
        (head.id, found[each.source][0], found[each.destination][0], each.source.asset, each.amount)
        for each in wish.movements
    ]
    connection.exec_driver_sql(_rows(_INSERT_POSTINGS, len(rows), 5), tuple(value for row in rows for value in row))
    return True


def _find_accounts(connection: Connection, wish: TransferWish) -> dict[AccountName, tuple[int, int]]:
    """Return id and balance of the accounts that are there."""
    names = {(name.kind.value, name.owner, name.asset): name for name in wish.accounts}
    values: Sequence[str] = [part for key in names for part in key]
    rows = connection.exec_driver_sql(_rows(_FIND, len(names), 3), tuple(values))
    return {names[kind, owner, asset]: (number, balance) for kind, owner, asset, number, balance in rows}


def _is_covered(found: dict[AccountName, tuple[int, int]], wish: TransferWish) -> bool:
    return all(name.kind.may_be_negative or found[name][1] >= debit for name, debit in wish.debits().items())


@cache
def _rows(statement: str, count: int, width: int) -> str:
    row = f"({', '.join('?' * width)})"
    return statement.format(rows=", ".join([row] * count))
