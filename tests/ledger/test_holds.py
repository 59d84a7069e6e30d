"""A hold reserves money once, and is settled once."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from oauth_app import clock
from oauth_app.db import reading, transaction
from oauth_app.ledger import (
    AccountName,
    Capture,
    CaptureTooLargeError,
    HoldClosedError,
    HoldStatus,
    OverdraftError,
    UnknownHoldError,
    capture_hold,
    expire_due_holds,
    void_hold,
)
from oauth_app.models import Hold
from tests.ledger.books import FEES, HELD, WALLET, balance, fill, findings, hold, make_people


@pytest.fixture
def partner_id(engine: Engine) -> str:
    """A partner, and a wallet of 100."""
    fill(engine, 100)
    return make_people(engine)


def capture(engine: Engine, hold_id: str, amount: int | None = None) -> None:
    """Capture with a fee of a tenth, in a transaction of its own."""
    with transaction(engine) as session:
        capture_hold(session, Capture(hold_id=hold_id, amount=amount, fee_basis_points=1_000))


def read(engine: Engine, hold_id: str) -> Hold:
    """Return the hold as it stands."""
    with reading(engine) as session:
        return session.get_one(Hold, hold_id)


def test_a_hold_reserves(engine: Engine, partner_id: str) -> None:
    """What is held cannot be spent or held again."""
    hold(engine, partner_id, 60)
    assert (balance(engine, WALLET), balance(engine, HELD)) == (40, 60)
    with pytest.raises(OverdraftError):
        hold(engine, partner_id, 41)
    assert findings(engine) == []


def test_a_part_is_captured_and_the_rest_released(engine: Engine, partner_id: str) -> None:
    """The captured part is shared like a charge, and the rest is the user's again."""
    hold_id = hold(engine, partner_id, 60)
    capture(engine, hold_id, 25)
    earned = balance(engine, AccountName.earnings(partner_id, "USD"))
    assert (earned, balance(engine, FEES), balance(engine, WALLET), balance(engine, HELD)) == (23, 2, 75, 0)
    found = read(engine, hold_id)
    assert (found.status, found.captured_amount, found.fee) == (HoldStatus.CAPTURED, 25, 2)
    assert findings(engine) == []


def test_all_is_captured(engine: Engine, partner_id: str) -> None:
    """Without an amount the whole hold is taken."""
    capture(engine, hold(engine, partner_id, 60))
    assert (balance(engine, WALLET), balance(engine, HELD)) == (40, 0)
    assert findings(engine) == []


@pytest.mark.parametrize("amount", [61, 0, -1])
def test_a_capture_keeps_to_the_hold(engine: Engine, partner_id: str, amount: int) -> None:
    """More than is held, or nothing, cannot be captured, and the hold stays as it was."""
    hold_id = hold(engine, partner_id, 60)
    with pytest.raises((CaptureTooLargeError, ValueError)):
        capture(engine, hold_id, amount)
    assert read(engine, hold_id).status == HoldStatus.PENDING


def test_a_voided_hold_is_the_users_again(engine: Engine, partner_id: str) -> None:
    """All of it, once; and nothing can be captured from it."""
    hold_id = hold(engine, partner_id, 60)
    with transaction(engine) as session:
        void_hold(session, hold_id)
    assert balance(engine, WALLET) == 100
    with pytest.raises(HoldClosedError, match="voided"):
        capture(engine, hold_id)
    assert findings(engine) == []


def test_a_hold_whose_time_has_run_out_is_not_captured(engine: Engine, partner_id: str) -> None:
    """Also when the worker has not come by yet."""
    hold_id = hold(engine, partner_id, 60)
    with clock.moved(timedelta(days=1)), pytest.raises(HoldClosedError, match="expired"):
        capture(engine, hold_id)


def test_the_worker_releases_what_is_due(engine: Engine, partner_id: str) -> None:
    """Holds whose time has run out are given back, once, and the others are left."""
    due = [hold(engine, partner_id, 10), hold(engine, partner_id, 10)]
    hold(engine, partner_id, 10, expires_in=timedelta(days=3))
    with clock.moved(timedelta(days=2)), transaction(engine) as session:
        assert sorted(receipt.hold_id for receipt in expire_due_holds(session)) == sorted(due)
        assert expire_due_holds(session) == []
    assert (balance(engine, WALLET), balance(engine, HELD)) == (90, 10)
    assert read(engine, due[0]).status == HoldStatus.EXPIRED
    assert findings(engine) == []


def test_a_hold_that_never_was(engine: Engine) -> None:
    """An unknown id is refused by name."""
    with pytest.raises(UnknownHoldError), transaction(engine) as session:
        void_hold(session, "hold_none")


def test_of_many_settlements_one_happens(engine: Engine, partner_id: str) -> None:
    """Captures, voids and expiries at once settle a hold exactly once."""
    ids = [hold(engine, partner_id, 5) for _ in range(6)]
    steps: tuple[Callable[[Session, str], object], ...] = (
        lambda session, hold_id: capture_hold(session, Capture(hold_id=hold_id, amount=3)),
        void_hold,
        lambda session, _: expire_due_holds(session),
    )

    def settle(number: int) -> int:
        try:
            with transaction(engine) as session:
                done = steps[number % 3](session, ids[number // 6])
        except HoldClosedError:
            return 0
        return len(done) if isinstance(done, list) else 1

    with clock.moved(timedelta(days=1, seconds=-1)), ThreadPoolExecutor(12) as pool:
        assert sum(pool.map(settle, range(36))) == len(ids)
    assert balance(engine, HELD) == 0
    assert findings(engine) == []
