"""Write a transfer and its postings if nothing stands against it: one statement on PostgreSQL.

Both ways do the same: find the accounts, lock those whose balance changes now, see that none is overdrawn, and
write. They write nothing, and say so, when an account is missing, has too little, or the transfer is there already.
"""

from functools import cache

from sqlalchemy.orm import Session

from oauth_app.ledger.movements import Movement, TransferWish
from oauth_app.ledger.writing_sqlite import write_on_sqlite
from oauth_app.models import Transfer

#: Hot accounts first, then by id: the order in which everything here locks accounts. Hot accounts take credits,
#: and clearing accounts also debits, without a lock: the trigger appends these (see the migration).
_STATEMENT = """
WITH wish AS MATERIALIZED (
    SELECT s.id AS source_id, d.id AS destination_id, w.asset, w.amount
    FROM (VALUES {rows}) AS w (source_kind, source_owner, destination_kind, destination_owner, asset, amount)
    JOIN account s ON s.kind = w.source_kind AND s.owner = w.source_owner AND s.asset = w.asset
    JOIN account d ON d.kind = w.destination_kind AND d.owner = w.destination_owner AND d.asset = w.asset
), change AS (
    SELECT account_id, sum(debit)::bigint AS debit
    FROM (
        SELECT source_id AS account_id, amount AS debit FROM wish
        UNION ALL
        SELECT destination_id, 0 FROM wish
    ) AS side GROUP BY account_id
), locked AS MATERIALIZED (
    SELECT a.may_be_negative OR a.balance >= change.debit AS covered
    FROM account a JOIN change ON change.account_id = a.id
    WHERE NOT a.is_hot OR (change.debit > 0 AND NOT a.may_be_negative)
    ORDER BY a.is_hot DESC, a.id
    FOR NO KEY UPDATE OF a
), written AS (
    INSERT INTO transfer (id, kind, reference, reverses_id, created_at)
    SELECT %s, %s, %s, %s, %s
    WHERE (SELECT count(*) FROM wish) = {count} AND (SELECT coalesce(bool_and(covered), TRUE) FROM locked)
    ON CONFLICT (kind, reference) DO NOTHING
    RETURNING id
)
INSERT INTO posting (transfer_id, source_id, destination_id, asset, amount)
SELECT written.id, wish.source_id, wish.destination_id, wish.asset, wish.amount FROM written CROSS JOIN wish
"""
_ROW = "(%s::text, %s::text, %s::text, %s::text, %s::text, %s::bigint)"


def write(session: Session, transfer: Transfer, wish: TransferWish) -> bool:
    """Write the transfer; False if an account is missing or has too little, or the transfer is there already."""
    connection = session.connection()
    if connection.dialect.name == "sqlite":
        return write_on_sqlite(connection, transfer, wish)
    head = (transfer.id, transfer.kind, transfer.reference, transfer.reverses_id, transfer.created_at)
    rows = [value for movement in wish.movements for value in _row(movement)]
    return connection.exec_driver_sql(_statement(len(wish.movements)), (*rows, *head)).rowcount > 0


@cache
def _statement(count: int) -> str:
    return _STATEMENT.format(rows=", ".join([_ROW] * count), count=count)


def _row(movement: Movement) -> tuple[object, ...]:
    source, destination = movement.source, movement.destination
    # Plain strings: the driver would look up how to write an enumeration at every call.
    return (
        source.kind.value, source.owner, destination.kind.value, destination.owner, source.asset, movement.amount,
    )  # fmt: skip
