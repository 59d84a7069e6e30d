"""Transfers are recorded once, and what is refused is refused by name."""

import pytest
from sqlalchemy import Engine, event

from oauth_app.db import transaction
from oauth_app.ledger import (
    AccountName,
    Movement,
    OverdraftError,
    OverReversalError,
    Receipt,
    TransferMismatchError,
    TransferWish,
    UnknownAssetError,
    UnknownTransferError,
    charge_wallet,
    get_wallets,
    record_transfer,
    take_back,
)
from oauth_app.ledger.fees import Split
from oauth_app.ledger.movements import TransferKind
from tests.ledger.books import (
    EARNINGS,
    FEES,
    HELD,
    STRIPE,
    WALLET,
    balance,
    charge,
    fill,
    findings,
    make_wallet_charge,
    move,
)


def test_a_repeat_moves_nothing(engine: Engine) -> None:
    """The same charge again is answered with the first receipt."""
    fill(engine, 100)
    first = charge(engine, "ch_1", 60)
    assert charge(engine, "ch_1", 60) == Receipt(transfer_id=first.transfer_id, replayed=True)
    assert balance(engine, WALLET) == 40


def test_a_charge_reads_no_whole_table(sqlite: Engine) -> None:
    """However many wallets there are, a charge finds its accounts by an index."""
    fill(sqlite, 100)
    statements: list[tuple[str, object]] = []
    event.listen(sqlite, "before_cursor_execute", lambda *call: statements.append((call[2], call[3])))
    charge(sqlite, "ch_0")  # opens the accounts
    statements.clear()
    charge(sqlite, "ch_1")
    with sqlite.connect() as connection:
        told = [connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {each}", values) for each, values in statements[1:]]
        plan = [str(row.detail) for rows in told for row in rows]
    assert any("SEARCH a USING INDEX" in step for step in plan)
    assert not any(step.startswith(("SCAN a", "SCAN t", "SCAN p")) for step in plan)


def test_a_repeat_with_another_amount_is_refused(engine: Engine) -> None:
    """One reference cannot stand for two different charges."""
    fill(engine, 100)
    first = charge(engine, "ch_1", 60)
    with pytest.raises(TransferMismatchError, match=first.transfer_id):
        charge(engine, "ch_1", 30)


def test_an_overdraft_says_what_was_there(engine: Engine) -> None:
    """The error names the account, what was wanted and what it has."""
    fill(engine, 100)
    with pytest.raises(OverdraftError) as refused:
        charge(engine, "ch_1", 101)
    assert (refused.value.account, refused.value.wanted, refused.value.available) == (WALLET, 101, 100)


def test_a_wallet_never_used_has_nothing(engine: Engine) -> None:
    """Somebody who never paid in is told so, not that something went wrong."""
    with pytest.raises(OverdraftError, match="1 wanted, 0 available"):
        charge(engine, "ch_1", 1)


def test_after_a_refusal_the_transaction_goes_on(engine: Engine) -> None:
    """The caller can write down in the same transaction that there was too little."""
    fill(engine, 100)
    with transaction(engine) as session:
        with pytest.raises(OverdraftError):
            charge_wallet(session, make_wallet_charge("ch_1", 101))
        charge_wallet(session, make_wallet_charge("ch_2", 100))
    assert balance(engine, WALLET) == 0


def test_money_on_its_way_in_does_not_cover(engine: Engine) -> None:
    """A transfer must be covered by what was there before it, in whichever order its movements stand."""
    fill(engine, 10)
    round_trip = (
        Movement(source=STRIPE, destination=WALLET, amount=5),
        Movement(source=WALLET, destination=HELD, amount=15),
    )
    with pytest.raises(OverdraftError):
        move(engine, "1", *round_trip)
    with pytest.raises(OverdraftError):
        move(engine, "2", *reversed(round_trip))


def test_earnings_that_wait_can_be_refunded(engine: Engine) -> None:
    """What was appended to a hot account and not rolled up yet counts when it is debited, and not more."""
    fill(engine, 100)
    charged = charge(engine, "ch_1", 100)
    with pytest.raises(OverdraftError, match="partner_earnings:ptn_1:USD: 91 wanted, 90 available"):
        move(engine, "re_1", Movement(source=EARNINGS, destination=WALLET, amount=91), reverses=charged.transfer_id)
    shares = take_back(WALLET, "ptn_1", Split(partner=90, fee=10))
    move(engine, "re_2", *shares, reverses=charged.transfer_id)
    assert (balance(engine, WALLET), balance(engine, EARNINGS), balance(engine, FEES)) == (100, 0, 0)
    assert findings(engine) == []


def test_refunds_end_with_the_charge(engine: Engine) -> None:
    """Partial refunds add up to the charge at most; the one that is too much is told what is left."""
    fill(engine, 100)
    charged = charge(engine, "ch_1", 80).transfer_id
    charge(engine, "ch_2", 20)  # so that the earnings would cover more
    move(engine, "re_1", Movement(source=EARNINGS, destination=WALLET, amount=50), reverses=charged)
    with pytest.raises(OverReversalError, match="31 wanted, 30 left"):
        move(engine, "re_2", Movement(source=EARNINGS, destination=WALLET, amount=31), reverses=charged)


def test_a_refund_repeated_is_one_refund(engine: Engine) -> None:
    """Also when the charge would not bear it twice."""
    fill(engine, 100)
    charged = charge(engine, "ch_1", 80).transfer_id
    back = Movement(source=EARNINGS, destination=WALLET, amount=60)
    move(engine, "re_1", back, reverses=charged)
    assert move(engine, "re_1", back, reverses=charged).replayed
    assert balance(engine, WALLET) == 80


def test_what_never_was_is_not_taken_back(engine: Engine) -> None:
    """A reversal names a transfer that exists."""
    with pytest.raises(UnknownTransferError, match="tr_none"):
        move(engine, "re_1", Movement(source=STRIPE, destination=WALLET, amount=1), reverses="tr_none")


def test_nothing_is_counted_in_an_unknown_asset(engine: Engine) -> None:
    """An asset without a row is refused by name."""
    outside, wallet = AccountName(kind=STRIPE.kind, asset="XYZ"), AccountName.wallet("usr_1", "XYZ")
    with pytest.raises(UnknownAssetError, match="XYZ"):
        move(engine, "1", Movement(source=outside, destination=wallet, amount=1))


def test_wallets_show_what_is_there_and_held(engine: Engine) -> None:
    """Each asset with what can be spent and what is reserved."""
    fill(engine, 100)
    move(engine, "1", Movement(source=WALLET, destination=HELD, amount=30))
    with transaction(engine) as session:
        assert get_wallets(session, "usr_1") == [("USD", 70, 30)]


@pytest.mark.parametrize(
    "make",
    [
        lambda: Movement(source=WALLET, destination=WALLET, amount=1),
        lambda: Movement(source=WALLET, destination=HELD, amount=-1),
        lambda: TransferWish(kind=TransferKind.CHARGE, reference="x", movements=()),
        lambda: TransferWish(
            kind=TransferKind.CHARGE,
            reference="x",
            movements=(Movement(source=WALLET, destination=HELD, amount=0),),
        ),
    ],
    ids=["to itself", "negative", "none", "nothing"],
)
def test_a_wish_makes_sense(make: object) -> None:
    """A movement goes forward from one account to another, and a transfer moves something."""
    with pytest.raises(ValueError, match=r"a (movement|transfer)"):
        make()  # type: ignore[operator]


def test_a_movement_of_nothing_is_left_out(engine: Engine) -> None:
    """A charge without a fee has one posting."""
    fill(engine, 100)
    wish = make_wallet_charge("ch_1", 9)  # a tenth of 9 is rounded down to nothing
    with transaction(engine) as session:
        record_transfer(
            session,
            TransferWish(
                kind=TransferKind.CHARGE,
                reference=wish.reference,
                movements=(
                    Movement(source=WALLET, destination=EARNINGS, amount=wish.split.partner),
                    Movement(source=WALLET, destination=FEES, amount=wish.split.fee),
                ),
            ),
        )
    assert charge(engine, "ch_1", 9).replayed
    assert findings(engine) == []
