"""Many at once never spend more than there is, and never wait for each other in a ring."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Engine

from oauth_app.db import transaction
from oauth_app.ledger import AccountName, Capture, Movement, OverdraftError, OverReversalError, capture_hold, take_back
from oauth_app.ledger.fees import split_amount
from tests.ledger.books import (
    EARNINGS,
    FEES,
    HELD,
    OTHER_WALLET,
    WALLET,
    balance,
    charge,
    fill,
    findings,
    hold,
    make_people,
    move,
)


def press(times: int, act: Callable[[int], object], *, refusal: type[Exception]) -> int:
    """Do it so many times, twenty at once; return how many were not refused."""
    start = threading.Barrier(20)

    def try_it(number: int) -> bool:
        if number < start.parties:
            start.wait()
        try:
            act(number)
        except refusal:
            return False
        return True

    with ThreadPoolExecutor(start.parties) as pool:
        return sum(pool.map(try_it, range(times)))


@pytest.mark.parametrize("rival", [False, True], ids=["one partner", "many partners"])
def test_a_hundred_of_two_hundred(engine: Engine, *, rival: bool) -> None:
    """Of 200 parallel charges against a balance for 100, exactly 100 succeed, and the books balance."""
    fill(engine, 1_000)

    def act(number: int) -> None:
        charge(engine, f"ch_{number}", partner_id=f"ptn_{number % 10 if rival else 1}")

    assert press(200, act, refusal=OverdraftError) == 100
    earned = sum(balance(engine, AccountName.earnings(f"ptn_{number}", "USD")) for number in range(10))
    assert (balance(engine, WALLET), earned, balance(engine, FEES)) == (0, 900, 100)
    assert findings(engine) == []


def test_crossing_transfers_do_not_deadlock(engine: Engine) -> None:
    """Half send from one wallet to the other, half back, many at once: nobody is refused and nothing is lost."""
    fill(engine, 1_000)
    fill(engine, 1_000, OTHER_WALLET)
    ways = [(WALLET, OTHER_WALLET), (OTHER_WALLET, WALLET)]

    def act(number: int) -> None:
        source, destination = ways[number % 2]
        move(engine, str(number), Movement(source=source, destination=destination, amount=1))

    assert press(200, act, refusal=OverdraftError) == 200
    assert (balance(engine, WALLET), balance(engine, OTHER_WALLET)) == (1_000, 1_000)
    assert findings(engine) == []


def test_refunds_and_charges_cross_without_deadlock(engine: Engine) -> None:
    """Refunds debit the accounts that charges credit; both at once end well."""
    fill(engine, 10_000)
    charged = [charge(engine, f"ch_{number}").transfer_id for number in range(40)]
    split = split_amount(10, 1_000)

    def act(number: int) -> None:
        if number % 2:
            charge(engine, f"more_{number}")
        else:
            shares = take_back(WALLET, "ptn_1", split)
            move(engine, f"re_{number}", *shares, reverses=charged[number // 2])

    assert press(80, act, refusal=OverdraftError) == 80
    assert balance(engine, EARNINGS) == 360
    assert findings(engine) == []


def test_captures_of_a_part_and_new_holds_do_not_deadlock(engine: Engine) -> None:
    """A capture gives the rest back to the wallet that a new hold takes from; many of both at once end well."""
    partner_id = make_people(engine)
    fill(engine, 10_000)
    placed = [hold(engine, partner_id, 10) for _ in range(100)]

    def act(number: int) -> None:
        if number % 2:
            hold(engine, partner_id, 1)
            return
        with transaction(engine) as session:
            capture_hold(session, Capture(hold_id=placed[number // 2], amount=4))

    assert press(200, act, refusal=OverdraftError) == 200
    assert (balance(engine, WALLET), balance(engine, HELD)) == (9_500, 100)
    assert findings(engine) == []


def test_parallel_refunds_keep_to_the_charge(engine: Engine) -> None:
    """Forty refunds of a tenth at once: ten succeed."""
    fill(engine, 1_000)
    charged = charge(engine, "ch_1", 100).transfer_id
    charge(engine, "ch_2", 900)  # so that the earnings would cover all of them

    def act(number: int) -> None:
        move(engine, f"re_{number}", Movement(source=EARNINGS, destination=WALLET, amount=10), reverses=charged)

    assert press(40, act, refusal=OverReversalError) == 10
    assert balance(engine, WALLET) == 100
    assert findings(engine) == []


def test_one_charge_pressed_often_is_paid_once(engine: Engine) -> None:
    """Twenty at once about one thing move the money once, and all get the same receipt."""
    fill(engine, 1_000)
    receipts: list[str] = []
    assert press(20, lambda _: receipts.append(charge(engine, "ch_1").transfer_id), refusal=OverdraftError) == 20
    assert (len(set(receipts)), balance(engine, WALLET)) == (1, 990)
