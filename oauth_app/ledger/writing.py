"""Write a transfer and its postings if nothing stands against it: one statement on PostgreSQL.

Both ways do the same: find the accounts, lock those whose balance changes now, see that none is overdrawn, and
write. They write nothing, and say so, when an account is missing, has too little, or the transfer is there already.
"""

from functools import lru_cache

from sqlalchemy.orm import Session

from oauth_app.db import run_bare
from oauth_app.ledger.accounts import AccountKind, AccountName
from oauth_app.ledger.movements import Head, TransferWish
from oauth_app.ledger.writing_sqlite import write_on_sqlite

#: Hot accounts first, then by id: the order in which everything here locks accounts. Hot accounts take credits,
#: and clearing accounts also debits, without a lock: the trigger appends these (see the migration).
_STATEMENT = """
WITH locked AS MATERIALIZED (
    SELECT w.number, a.id, a.may_be_negative OR a.balance >= w.debit AS is_covered
    FROM (VALUES {locked}) AS w (number, kind, owner, asset, debit)
    JOIN account a ON a.kind = w.kind AND a.owner = w.owner AND a.asset = w.asset
    ORDER BY a.is_hot DESC, a.id
    FOR NO KEY UPDATE OF a
), party AS MATERIALIZED (
    SELECT {parties}
), written AS (
    INSERT INTO transfer (id, kind, reference, reverses_id, created_at)
    SELECT %(id)s, %(about)s, %(reference)s, %(reverses)s, %(created_at)s
    FROM party WHERE {is_complete} AND (SELECT coalesce(bool_and(is_covered), TRUE) FROM locked)
    ON CONFLICT (kind, reference) DO NOTHING
    RETURNING id
)
INSERT INTO posting (transfer_id, source_id, destination_id, asset, amount)
SELECT written.id, movement.source, movement.destination, movement.asset, movement.amount
FROM written CROSS JOIN party
CROSS JOIN LATERAL (VALUES {movements}) AS movement (source, destination, asset, amount)
"""
_LOCKED = "({0}, %(kind{0})s::text, %(owner{0})s::text, %(asset{0})s::text, %(debit{0})s::bigint)"
_NONE_LOCKED = "(NULL::integer, NULL::text, NULL::text, NULL::text, NULL::bigint)"
_LOCKED_PARTY = "(SELECT id FROM locked WHERE number = {0}) AS id{0}"
_PARTY = """(
        SELECT a.id FROM account a
        WHERE a.kind = %(kind{0})s::text AND a.owner = %(owner{0})s::text AND a.asset = %(asset{0})s::text
    ) AS id{0}"""
_MOVEMENT = "(party.id{source}, party.id{destination}, %(asset{source})s::text, %(amount{number})s::bigint)"
#: Which parties are locked, and who moves something to whom, by their places in the wish.
_Shape = tuple[tuple[bool, ...], tuple[tuple[int, int], ...]]


def write(session: Session, head: Head, wish: TransferWish) -> bool:
    """Write the transfer; False if an account is missing or has too little, or the transfer is there already."""
    connection = session.connection()
    if connection.dialect.name == "sqlite":
        return write_on_sqlite(connection, head, wish)
    debits: dict[AccountName, int] = {}
    for movement in wish.movements:
        debits[movement.source] = debits.get(movement.source, 0) + movement.amount
        debits.setdefault(movement.destination, 0)
    is_locked = tuple(not _is_appended(name.kind, debit) for name, debit in debits.items())
    places = {name: place for place, name in enumerate(debits)}
    moves = tuple((places[movement.source], places[movement.destination]) for movement in wish.movements)
    return run_bare(connection, _statement((is_locked, moves)), _values(debits, head, wish)) > 0


def _is_appended(kind: AccountKind, debit: int) -> bool:
    return kind.is_hot and (debit == 0 or kind.may_be_negative)


def _values(debits: dict[AccountName, int], head: Head, wish: TransferWish) -> dict[str, object]:
    """Return the values, in plain words: the driver prepares a statement anew for each size of a number."""
    values: dict[str, object] = {
        "id": head.id,
        "about": wish.kind.value,
        "reference": wish.reference,
        "reverses": wish.reverses,
        "created_at": head.created_at,
    }
    for place, (name, debit) in enumerate(debits.items()):
        values[f"kind{place}"] = name.kind.value  # the driver would look up how to write an enumeration at every call
        values[f"owner{place}"] = name.owner
        values[f"asset{place}"] = name.asset
        values[f"debit{place}"] = str(debit)
    for number, movement in enumerate(wish.movements):
        values[f"amount{number}"] = str(movement.amount)
    return values


@lru_cache(maxsize=64)
def _statement(shape: _Shape) -> str:
    is_locked, moves = shape
    locked = [_LOCKED.format(place) for place, its in enumerate(is_locked) if its]
    parties = [(_LOCKED_PARTY if its else _PARTY).format(place) for place, its in enumerate(is_locked)]
    movements = [
        _MOVEMENT.format(source=source, destination=destination, number=number)
        for number, (source, destination) in enumerate(moves)
    ]
    return _STATEMENT.format(
        locked=", ".join(locked) or _NONE_LOCKED,
        parties=", ".join(parties),
        is_complete=" AND ".join(f"party.id{place} IS NOT NULL" for place in range(len(is_locked))),
        movements=", ".join(movements),
    )
