"""Accounts, what they own, and every movement of their balance."""

import sqlite3
from dataclasses import dataclass

from oauth_app.sandbox.clock import now_s
from oauth_app.sandbox.errors import no_balance
from oauth_app.sandbox.store import Store


@dataclass(frozen=True, kw_only=True)
class Account:
    """A person known to the provider, as read at one moment."""

    id: int
    email: str
    paid_cents: int
    free_cents: int
    vip_until_s: int | None


@dataclass(frozen=True, kw_only=True)
class Movement:
    """One line of an account's statement; `cents` is negative when money left."""

    account_id: int
    kind: str
    cents: int
    reference: str
    remark: str


def all_accounts(store: Store) -> list[Account]:
    """Return every account, oldest first."""
    return [Account(**dict(row)) for row in store.rows("SELECT * FROM account ORDER BY id")]


def find_by_email(store: Store, email: str) -> Account | None:
    """Return the account of an address, in any letter case, or None."""
    return _account(store.find("SELECT * FROM account WHERE email = ?", email.strip().lower()))


def get_by_id(store: Store, account_id: int) -> Account:
    """Return an account that is known to exist, with its present balance."""
    return Account(**dict(store.row("SELECT * FROM account WHERE id = ?", account_id)))


def find_by_token(store: Store, token: str) -> Account | None:
    """Return the account that an OAuth token speaks for, or None."""
    query = "SELECT account.* FROM account JOIN oauth_token ON account_id = account.id WHERE token = ?"
    return _account(store.find(query, token))


def take_paid(store: Store, movement: Movement) -> None:
    """Take `-movement.cents` from the paid balance and note it; the caller opens the transaction.

    Raises:
        PlatformError: the paid balance is smaller, and nothing was taken.
    """
    changed = store.run(
        "UPDATE account SET paid_cents = paid_cents + ? WHERE id = ? AND paid_cents + ? >= 0",
        movement.cents,
        movement.account_id,
        movement.cents,
    )
    if not changed:
        raise no_balance()
    note(store, movement)


def credit(store: Store, movement: Movement) -> None:
    """Add to the paid balance and note it; the caller opens the transaction."""
    store.run("UPDATE account SET paid_cents = paid_cents + ? WHERE id = ?", movement.cents, movement.account_id)
    note(store, movement)


def note(store: Store, movement: Movement) -> None:
    """Write a line of the statement."""
    store.run(
        "INSERT INTO movement (account_id, kind, cents, reference, remark, created_at_s) VALUES (?, ?, ?, ?, ?, ?)",
        movement.account_id,
        movement.kind,
        movement.cents,
        movement.reference,
        movement.remark,
        now_s(),
    )


def _account(row: sqlite3.Row | None) -> Account | None:
    return Account(**dict(row)) if row else None
