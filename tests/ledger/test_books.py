"""The database keeps the books right, whatever the program does."""

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError, IntegrityError

from oauth_app.db import transaction
from oauth_app.ledger import AccountName, Movement
from tests.ledger.books import EARNINGS, FEES, HELD, STRIPE, WALLET, balance, balances, charge, fill, findings, move

_POST = "INSERT INTO posting (transfer_id, source_id, destination_id, asset, amount) VALUES ({}, {}, {}, '{}', {})"
_ID = "(SELECT id FROM account WHERE kind = '{}' AND asset = '{}')"
_WALLET_ID, _HELD_ID = _ID.format("user_wallet", "USD"), _ID.format("user_held", "USD")


def execute(engine: Engine, statement: str) -> None:
    """Do something to the database that the program would not."""
    with transaction(engine) as session:
        session.execute(text(statement))


@pytest.fixture
def transfer_id(engine: Engine) -> str:
    """A wallet of 100, of which 40 were moved to the held account."""
    fill(engine, 100)
    return move(engine, "1", Movement(source=WALLET, destination=HELD, amount=40)).transfer_id


def test_a_transfer_moves_balances(engine: Engine) -> None:
    """What leaves one account arrives at the others, and the sum stays zero."""
    fill(engine, 1000)
    charge(engine, "ch_1", 1000)
    assert balances(engine) == {
        "stripe_clearing:USD": -1000,
        "user_wallet:usr_1:USD": 0,
        "partner_earnings:ptn_1:USD": 900,
        "platform_fees:USD": 100,
    }


def test_an_overdraft_is_refused_by_the_database(engine: Engine, transfer_id: str) -> None:
    """A posting of more than there is is refused, and nothing moves."""
    post = _POST.format(f"'{transfer_id}'", _WALLET_ID, _HELD_ID, "USD", 61)
    with pytest.raises(IntegrityError, match="not_overdrawn"):
        execute(engine, post)
    assert (balance(engine, WALLET), balance(engine, HELD)) == (60, 40)


@pytest.mark.parametrize("amount", [-1, 0])
def test_a_posting_is_positive(engine: Engine, transfer_id: str, amount: int) -> None:
    """A negative amount would be a movement the other way; the database refuses it."""
    with pytest.raises(IntegrityError, match="amount_is_positive"):
        execute(engine, _POST.format(f"'{transfer_id}'", _WALLET_ID, _HELD_ID, "USD", amount))


@pytest.mark.parametrize(
    ("named", "source", "asset"),
    [("'{}'", _WALLET_ID, "CNY"), ("'{}'", "4711", "USD"), ("'tr_unknown'", _WALLET_ID, "USD")],
    ids=["other asset", "no such account", "no such transfer"],
)
def test_a_posting_names_what_is_there(engine: Engine, transfer_id: str, named: str, source: str, asset: str) -> None:
    """A posting is in the asset of both its accounts, and they and its transfer exist."""
    with pytest.raises(IntegrityError, match="a posting names a transfer, and two accounts of its own asset"):
        execute(engine, _POST.format(named.format(transfer_id), source, _HELD_ID, asset, 1))


def test_each_posting_of_many_is_checked(engine: Engine, transfer_id: str) -> None:
    """Of postings written together one that names nothing is found, also beside one that is right."""
    before = balances(engine)
    right, wrong = (_POST.format(f"'{transfer_id}'", _WALLET_ID, other, "USD", 1) for other in (_HELD_ID, "4711"))
    with pytest.raises(IntegrityError, match="a posting names a transfer, and two accounts of its own asset"):
        execute(engine, f"{right}, {wrong[wrong.index('VALUES') + len('VALUES') :]}")
    assert balances(engine) == before


@pytest.mark.usefixtures("transfer_id")
def test_a_thing_is_recorded_once(engine: Engine) -> None:
    """A second transfer of one kind about the same thing is refused by the database itself."""
    again = "INSERT INTO transfer SELECT 'tr_2', kind, reference, created_at, NULL FROM transfer WHERE id <> 'tr_2'"
    with pytest.raises(IntegrityError):
        execute(engine, again)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE posting SET amount = 1",
        "DELETE FROM posting",
        "UPDATE transfer SET reference = 'other'",
        "DELETE FROM transfer",
        "DELETE FROM account",
        "UPDATE account SET may_be_negative = TRUE",
        "UPDATE account SET asset = 'CNY'",
        "UPDATE account SET is_hot = TRUE",
    ],
)
@pytest.mark.usefixtures("transfer_id")
def test_history_is_not_rewritten(engine: Engine, statement: str) -> None:
    """Postings and transfers are refused any change, and accounts any but of their balance, by whichever program."""
    with pytest.raises(DBAPIError, match="rows are never changed"):
        execute(engine, statement)


@pytest.mark.postgres
@pytest.mark.parametrize("table", ["posting", "transfer", "account", "balance_increment"])
def test_history_is_not_emptied(postgresql: Engine, table: str) -> None:
    """PostgreSQL's way round triggers on rows is closed, too."""
    with pytest.raises(DBAPIError, match="rows are never changed"):
        execute(postgresql, f"TRUNCATE {table} CASCADE")


def test_no_more_is_taken_back_than_there_was(engine: Engine, transfer_id: str) -> None:
    """The database itself counts reversals, and refuses the one that is too much."""
    back = Movement(source=HELD, destination=WALLET, amount=30)
    reversal = move(engine, "re_1", back, reverses=transfer_id).transfer_id
    with pytest.raises(IntegrityError, match="not_more_than_there_was"):
        execute(engine, _POST.format(f"'{reversal}'", _WALLET_ID, _HELD_ID, "USD", 11))
    execute(engine, _POST.format(f"'{reversal}'", _WALLET_ID, _HELD_ID, "USD", 10))


def test_a_new_asset_is_a_row(engine: Engine) -> None:
    """After a row in ``asset`` accounts in it are opened and moved like the others."""
    execute(engine, "INSERT INTO asset (code, scale, name) VALUES ('EUR', 2, 'Euro')")
    outside, wallet = AccountName(kind=STRIPE.kind, asset="EUR"), AccountName.wallet("usr_1", "EUR")
    fill_euros = Movement(source=outside, destination=wallet, amount=5)
    move(engine, "1", fill_euros)
    assert balance(engine, wallet) == 5
    assert findings(engine) == []


def test_an_asset_does_not_become_another() -> None:
    """A movement from one asset into another is no movement."""
    with pytest.raises(ValueError, match="keeps its asset"):
        Movement(source=STRIPE, destination=AccountName.wallet("usr_1", "CNY"), amount=1)


def test_two_books_are_apart(engine: Engine) -> None:
    """The fees of one asset know nothing of those of another."""
    fill(engine, 100)
    charge(engine, "ch_1", 100)
    assert (balance(engine, EARNINGS), balance(engine, FEES)) == (90, 10)
    assert balance(engine, AccountName(kind=FEES.kind, asset="CNY")) == 0
