"""`ledger verify` names the first row of whatever is wrong."""

import sqlite3
from contextlib import closing

import pytest
from sqlalchemy import Engine

from oauth_app.ledger import Movement, verifying
from tests.ledger.books import EARNINGS, WALLET, charge, fill, findings, hold, make_people, move


@pytest.fixture
def books(sqlite: Engine) -> Engine:
    """Books with a bit of everything."""
    fill(sqlite, 1_000)
    charged = charge(sqlite, "ch_1", 100).transfer_id
    charge(sqlite, "ch_2", 50)
    move(sqlite, "re_1", Movement(source=EARNINGS, destination=WALLET, amount=40), reverses=charged)
    hold(sqlite, make_people(sqlite), 30)
    return sqlite


def corrupt(books: Engine, *statements: str) -> None:
    """Do to the file what the database would refuse: without its triggers, references and checks."""
    with closing(sqlite3.connect(str(books.url.database), isolation_level=None)) as file:
        for (name,) in file.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            file.execute(f"DROP TRIGGER {name}")
        file.execute("PRAGMA ignore_check_constraints = ON")
        for statement in statements:
            file.execute(statement)


def test_books_in_order_have_no_finding(books: Engine) -> None:
    """What the program wrote is right."""
    assert findings(books) == []


@pytest.mark.parametrize(
    ("statement", "rule", "table"),
    [
        ("UPDATE account SET balance = balance + 1 WHERE kind = 'user_wallet'", "balance is the sum", "account"),
        ("UPDATE posting SET amount = amount + 1 WHERE id = 2", "balance is the sum", "account"),
        ("DELETE FROM posting WHERE id = 2", "balance is the sum", "account"),
        ("UPDATE posting SET amount = -amount WHERE id = 2", "a posting moves a positive amount", "posting"),
        ("UPDATE posting SET destination_id = source_id WHERE id = 2", "a posting moves a positive", "posting"),
        ("UPDATE posting SET transfer_id = 'tr_none' WHERE id = 2", "a posting belongs to a transfer", "posting"),
        ("UPDATE posting SET asset = 'CNY' WHERE id = 2", "a posting's accounts are there", "posting"),
        ("UPDATE posting SET source_id = 4711 WHERE id = 2", "a posting's accounts are there", "posting"),
        ("UPDATE account SET asset = 'XYZ' WHERE kind = 'user_wallet'", "an account is counted in an asset", "account"),
        ("UPDATE account SET balance = -1 WHERE kind = 'user_wallet'", "no balance is negative", "account"),
        ("INSERT INTO balance_increment VALUES (1, 2, 999)", "an increment that waits", "balance_increment"),
        ("DELETE FROM posting WHERE id = 1", "a transfer has postings", "transfer"),
        ("UPDATE transfer SET reverses_id = 'tr_none' WHERE kind = 'refund'", "what a reversal takes back", "transfer"),
        ("UPDATE posting SET amount = 101 WHERE amount = 40", "reversals take back no more", "transfer"),
        ("UPDATE reversal SET reversed_amount = 39", "reversals are counted as they are", "reversal"),
        ("UPDATE hold SET status = 'voided'", "a hold was placed and settled", "hold"),
        ("UPDATE hold SET amount = 29", "what is held of a user", "account"),
        ("DELETE FROM hold", "what is held of a user", "account"),
    ],
)
def test_each_wrong_row_is_named(books: Engine, statement: str, rule: str, table: str) -> None:
    """Whatever is changed behind the program's back is found, with the rule it breaks and the row."""
    corrupt(books, statement)
    found = [finding for finding in findings(books) if finding.rule.startswith(rule)]
    assert [finding.table for finding in found] == [table]
    assert found[0].row


def test_a_thing_recorded_twice_is_named(books: Engine) -> None:
    """Also without the unique key that refuses it."""
    corrupt(
        books,
        "CREATE TABLE copy AS SELECT * FROM transfer",
        "DROP TABLE transfer",
        "ALTER TABLE copy RENAME TO transfer",
        "UPDATE transfer SET reference = 'ch_1' WHERE reference = 'ch_2'",
    )
    assert [finding.rule for finding in findings(books)] == ["one thing is recorded once"]


def test_the_first_wrong_row_is_named(books: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of several, the one with the lowest number; also when the postings pass by in many windows."""
    monkeypatch.setattr(verifying, "_WINDOW", 1)
    corrupt(books, "UPDATE posting SET amount = -amount WHERE id IN (3, 4)")
    assert findings(books)[0].row == "3"
    assert len([found for found in findings(books) if found.table == "posting"]) == 1
