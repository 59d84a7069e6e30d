"""Hot accounts on PostgreSQL: nobody waits there, and nothing is lost on the way into the balance."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Engine, func, select, text
from sqlalchemy.exc import DBAPIError

from oauth_app.db import reading, transaction
from oauth_app.ledger import Movement, charge_wallet, find_account, find_waiting_accounts, roll_up
from oauth_app.models import Account, BalanceIncrement
from tests.ledger.books import (
    EARNINGS,
    FEES,
    OTHER_WALLET,
    WALLET,
    balance,
    charge,
    fill,
    findings,
    make_wallet_charge,
    move,
)
from tests.ledger.test_books import execute

pytestmark = pytest.mark.postgres


def waiting(engine: Engine) -> int:
    """Return how many increments wait."""
    with reading(engine) as session:
        return session.scalar(select(func.count()).select_from(BalanceIncrement)) or 0


def roll_all_up(engine: Engine) -> int:
    """Do what the worker does."""
    with transaction(engine) as session:
        return sum(roll_up(session, account_id) for account_id in find_waiting_accounts(session))


def test_charges_of_one_partner_do_not_wait_for_each_other(postgresql: Engine) -> None:
    """While one charge is still open, another of the same partner is done."""
    fill(postgresql, 100)
    fill(postgresql, 100, WALLET.wallet("usr_2", "USD"))
    charge(postgresql, "ch_0")
    with transaction(postgresql) as session:
        charge_wallet(session, make_wallet_charge("ch_1"))
        with ThreadPoolExecutor(1) as pool:
            pool.submit(charge, postgresql, "ch_2", user_id="usr_2").result(timeout=5)
    assert balance(postgresql, EARNINGS) == 27


def test_what_waits_counts_before_and_after(postgresql: Engine) -> None:
    """The balance is the same whether increments have been rolled up or not."""
    fill(postgresql, 100)
    charge(postgresql, "ch_1")
    before = balance(postgresql, EARNINGS)
    assert roll_all_up(postgresql) > 0
    assert waiting(postgresql) == 0
    assert balance(postgresql, EARNINGS) == before == 9
    assert findings(postgresql) == []


def test_an_increment_is_not_changed(postgresql: Engine) -> None:
    """It can only go into the balance."""
    fill(postgresql, 100)
    with pytest.raises(DBAPIError, match="rows are never changed"):
        execute(postgresql, "UPDATE balance_increment SET amount = 1")


def test_whoever_deletes_an_increment_adds_it(postgresql: Engine) -> None:
    """Also a statement that knows nothing of rolling up."""
    fill(postgresql, 100)
    charge(postgresql, "ch_1")
    execute(postgresql, "DELETE FROM balance_increment")
    with reading(postgresql) as session:
        kept = session.scalar(select(Account.balance).where(Account.id == find_account(session, EARNINGS)))
    assert kept == 9
    assert findings(postgresql) == []


def test_rolling_up_while_charging_loses_nothing(postgresql: Engine) -> None:
    """Four roll-ups at a time beside charges: each increment is added once."""
    fill(postgresql, 400)

    def act(number: int) -> None:
        if number % 3:
            charge(postgresql, f"ch_{number}")
        else:
            roll_all_up(postgresql)

    with ThreadPoolExecutor(12) as pool:
        list(pool.map(act, range(60)))
    assert balance(postgresql, EARNINGS) == 360
    assert findings(postgresql) == []


def test_two_wallets_pay_hot_accounts_at_once(postgresql: Engine) -> None:
    """Each pays its own part, although a charge of one wallet alone is moved by simpler statements."""
    fill(postgresql, 100)
    fill(postgresql, 100, OTHER_WALLET)
    move(
        postgresql,
        "both",
        Movement(source=WALLET, destination=EARNINGS, amount=30),
        Movement(source=OTHER_WALLET, destination=FEES, amount=5),
    )
    assert [balance(postgresql, name) for name in (WALLET, OTHER_WALLET, EARNINGS, FEES)] == [70, 95, 30, 5]
    assert findings(postgresql) == []


def test_charges_of_all_sizes_are_prepared_once(postgresql: Engine) -> None:
    """The driver would prepare a statement anew for each size of a number, and forget others for it."""
    fill(postgresql, 2 * 10**12)
    for number, amount in enumerate((10, 100_000, 10**11, 20, 200_000, 10**12)):
        charge(postgresql, f"ch_{number}", amount)
    with reading(postgresql) as session:
        prepared = text("SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE '%INSERT INTO posting%'")
        assert session.scalar(prepared) == 2  # of the charge, and of what filled
