"""Write a transfer and its postings if nothing stands against it: one statement on PostgreSQL.

Both ways do the same: find the accounts, lock those whose balance changes now, see that none is overdrawn, and
write. They write nothing, and say so, when an account is missing, has too little, or the transfer is there already.
"""

from functools import lru_cache

from sqlalchemy.orm import Session

from oauth_app.ledger.accounts import AccountName
from oauth_app.ledger.movements import Head, TransferWish
from oauth_app.ledger.writing_sqlite import write_on_sqlite

#: Hot accounts first, then by id: the order in which everything here locks accounts. Hot accounts take credits,
#: and clearing accounts also debits, without a lock: the trigger appends these (see the migration).
_STATEMENT = """
WITH party AS MATERIALIZED (
    SELECT w.number, w.debit, a.id, a.asset, a.is_hot,
        a.is_hot AND (w.debit = 0 OR a.may_be_negative) AS is_appended
    FROM (VALUES {parties}) AS w (number, kind, owner, asset, debit)
    JOIN account a ON a.kind = w.kind AND a.owner = w.owner AND a.asset = w.asset
), locked AS MATERIALIZED (
    SELECT a.may_be_negative OR a.balance >= party.debit AS is_covered
    FROM party JOIN account a ON a.id = party.id
    WHERE NOT party.is_appended
    ORDER BY party.is_hot DESC, a.id
    FOR NO KEY UPDATE OF a
), written AS (
    INSERT INTO transfer (id, kind, reference, reverses_id, created_at)
    SELECT %s, %s, %s, %s, %s
    WHERE (SELECT count(*) FROM party) = {count} AND (SELECT coalesce(bool_and(is_covered), TRUE) FROM locked)
    ON CONFLICT (kind, reference) DO NOTHING
    RETURNING id
)
INSERT INTO posting (transfer_id, source_id, destination_id, asset, amount)
SELECT written.id, source.id, destination.id, source.asset, movement.amount
FROM written CROSS JOIN (VALUES {movements}) AS movement (source, destination, amount)
JOIN party source ON source.number = movement.source
JOIN party destination ON destination.number = movement.destination
"""
#: Who moves something to whom, by their numbers in the wish.
_Shape = tuple[tuple[int, int], ...]


def write(session: Session, head: Head, wish: TransferWish) -> bool:
    """Write the transfer; False if an account is missing or has too little, or the transfer is there already."""
    connection = session.connection()
    if connection.dialect.name == "sqlite":
        return write_on_sqlite(connection, head, wish)
    debits: dict[AccountName, int] = {}
    for movement in wish.movements:
        debits[movement.source] = debits.get(movement.source, 0) + movement.amount
        debits.setdefault(movement.destination, 0)
    numbers = {name: number for number, name in enumerate(debits)}
    shape = tuple((numbers[movement.source], numbers[movement.destination]) for movement in wish.movements)
    # Plain strings: the driver would look up how to write an enumeration at every call.
    parties = [part for name, debit in debits.items() for part in (name.kind.value, name.owner, name.asset, debit)]
    values = (
        *parties, head.id, wish.kind.value, wish.reference, wish.reverses, head.created_at,
        *[movement.amount for movement in wish.movements],
    )  # fmt: skip
    return connection.exec_driver_sql(_statement(len(debits), shape), values).rowcount > 0


@lru_cache(maxsize=64)
def _statement(count: int, shape: _Shape) -> str:
    parties = [f"({number}, %s::text, %s::text, %s::text, %s::bigint)" for number in range(count)]
    movements = [f"({source}, {destination}, %s::bigint)" for source, destination in shape]
    return _STATEMENT.format(parties=", ".join(parties), movements=", ".join(movements), count=count)
