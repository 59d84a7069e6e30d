"""The database keeps the books right, whatever the program does."""

import pytest
from sqlalchemy import Engine, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError

from oauth_app.db import reading, transaction
from oauth_app.ledger import AccountKind, AccountName, Movement, TransferKind, record_transfer
from oauth_app.models import Account

CLEARING = AccountName(kind=AccountKind.UPSTREAM_CLEARING, asset="OMG")
EARNINGS = AccountName(kind=AccountKind.PARTNER_EARNINGS, asset="OMG", owner="ptn_1")
FEES = AccountName(kind=AccountKind.PLATFORM_FEES, asset="OMG")


def move(engine: Engine, reference: str, *movements: Movement) -> None:
    """Record one transfer in a transaction of its own."""
    with transaction(engine) as session:
        record_transfer(session, TransferKind.CHARGE, reference, movements)


def balances(engine: Engine) -> dict[str, int]:
    """Return the balance of every account, by kind."""
    with reading(engine) as session:
        return {account.kind: account.balance for account in session.scalars(select(Account))}


def test_a_transfer_moves_balances(engine: Engine) -> None:
    """What leaves one account arrives at the others, and the sum stays zero."""
    move(
        engine,
        "ch_1",
        Movement(source=CLEARING, destination=EARNINGS, amount=975),
        Movement(source=CLEARING, destination=FEES, amount=25),
    )
    assert balances(engine) == {"upstream_clearing": -1000, "partner_earnings": 975, "platform_fees": 25}


def test_nothing_is_overdrawn(engine: Engine) -> None:
    """An account that may not be negative is not, and the transfer leaves no trace."""
    move(engine, "ch_1", Movement(source=CLEARING, destination=EARNINGS, amount=100))
    with pytest.raises(IntegrityError, match="not_overdrawn"):
        move(engine, "ch_2", Movement(source=EARNINGS, destination=CLEARING, amount=101))
    assert balances(engine) == {"upstream_clearing": -100, "partner_earnings": 100}


def test_one_thing_is_recorded_once(engine: Engine) -> None:
    """A second transfer about the same charge is refused by the database."""
    move(engine, "ch_1", Movement(source=CLEARING, destination=EARNINGS, amount=100))
    with pytest.raises(IntegrityError):
        move(engine, "ch_1", Movement(source=CLEARING, destination=EARNINGS, amount=100))
    assert balances(engine)["partner_earnings"] == 100


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE posting SET amount = 1",
        "DELETE FROM posting",
        "UPDATE transfer SET reference = 'other'",
        "DELETE FROM transfer",
    ],
)
def test_history_is_not_rewritten(engine: Engine, statement: str) -> None:
    """Postings and transfers are refused any change, by whichever program."""
    move(engine, "ch_1", Movement(source=CLEARING, destination=EARNINGS, amount=100))
    with pytest.raises(DBAPIError, match="rows are never changed"), transaction(engine) as session:
        session.execute(text(statement))


def test_an_asset_does_not_become_another() -> None:
    """A movement from one asset into another is no movement."""
    dollars = AccountName(kind=AccountKind.PARTNER_EARNINGS, asset="USD", owner="ptn_1")
    with pytest.raises(ValueError, match="keeps its asset"):
        Movement(source=CLEARING, destination=dollars, amount=1)


@pytest.mark.parametrize("amount", [-1, 0])
def test_a_posting_is_positive(engine: Engine, amount: int) -> None:
    """A negative amount would be a movement the other way; the database refuses it, and nothing moves."""
    statement = text(
        "INSERT INTO posting (transfer_id, source_id, destination_id, asset, amount) "
        "SELECT 'tr_x', a.id, b.id, 'OMG', :amount FROM account a, account b WHERE a.id <> b.id LIMIT 1"
    )
    move(engine, "ch_1", Movement(source=CLEARING, destination=EARNINGS, amount=100))
    with pytest.raises(IntegrityError), transaction(engine) as session:
        session.execute(statement, {"amount": amount})
    assert balances(engine)["partner_earnings"] == 100
