"""Random lives of the books agree, step by step, with a model of ten lines."""

import itertools
from collections import Counter
from datetime import timedelta

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    invariant,
    multiple,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import Engine

from oauth_app import clock
from oauth_app.db import reading, transaction
from oauth_app.ledger import (
    AccountName,
    Capture,
    HoldWish,
    Movement,
    OverdraftError,
    OverReversalError,
    TransferKind,
    TransferWish,
    WalletCharge,
    capture_hold,
    charge_wallet,
    expire_due_holds,
    find_waiting_accounts,
    get_balance,
    place_hold,
    record_transfer,
    roll_up,
    split_amount,
    void_hold,
)
from oauth_app.models import User
from tests.ledger.books import STRIPE, balance, findings, make_people

AMOUNTS = st.integers(1, 100)
HOURS = st.integers(1, 10)
FEE = 300  # basis points
_numbers = itertools.count()


class Model(Counter[str]):
    """The ten lines: four pots; money goes from one to another if the first has it."""

    def pour(self, source: str, destination: str, amount: int) -> bool:
        """Move, or say that there is too little."""
        if source != "outside" and self[source] < amount:
            return False
        self[source] -= amount
        self[destination] += amount
        return True


class Life(RuleBasedStateMachine):
    """One user and one partner, and everything that can happen to their money."""

    engine: Engine
    partner_id: str
    charges = Bundle("charges")

    def __init__(self) -> None:
        super().__init__()
        self.user_id = f"usr_life_{next(_numbers)}"
        self.wallet, self.held = AccountName.wallet(self.user_id, "USD"), AccountName.held(self.user_id, "USD")
        self.earnings = AccountName.earnings(self.partner_id, "USD")
        self.model = Model()
        self.pending: dict[str, tuple[int, int]] = {}  # hold -> its amount, and its hours
        self.earned_before = balance(self.engine, self.earnings)
        now = clock.now()
        with transaction(self.engine) as session:
            person = User(id=self.user_id, upstream_user_id=self.user_id, email="", created_at=now, signed_in_at=now)
            session.add(person)

    def transfer(self, kind: TransferKind, movement: Movement, reverses: str | None = None) -> None:
        """Record a transfer about a new thing."""
        reference = f"ref_{next(_numbers)}"
        with transaction(self.engine) as session:
            wish = TransferWish(kind=kind, reference=reference, movements=(movement,), reverses=reverses)
            record_transfer(session, wish)

    @rule(amount=AMOUNTS)
    def credit(self, amount: int) -> None:
        """Money comes in."""
        self.transfer(TransferKind.TOP_UP, Movement(source=STRIPE, destination=self.wallet, amount=amount))
        self.model.pour("outside", "wallet", amount)

    @rule(target=charges, amount=AMOUNTS)
    def charge(self, amount: int) -> object:
        """The partner charges."""
        split = split_amount(amount, FEE)
        wish = WalletCharge(
            reference=f"ch_{next(_numbers)}", partner_id=self.partner_id, user_id=self.user_id, asset="USD", split=split
        )
        covered = self.model.pour("wallet", "earnings", amount)
        try:
            with transaction(self.engine) as session:
                receipt = charge_wallet(session, wish)
        except OverdraftError:
            assert not covered
            return multiple()
        assert covered
        self.model.pour("earnings", "fees", split.fee)
        return [receipt.transfer_id, amount, amount]  # the last: what is left of it to take back

    @rule(charged=charges, amount=AMOUNTS)
    def refund(self, charged: list[object], amount: int) -> None:
        """The partner gives back, all from its own share."""
        transfer_id, _, left = charged
        assert isinstance(left, int)
        try:
            movement = Movement(source=self.earnings, destination=self.wallet, amount=amount)
            self.transfer(TransferKind.REFUND, movement, str(transfer_id))
        except OverReversalError:
            assert amount > left
        except OverdraftError:
            assert self.model["earnings"] + self.earned_before < amount
        else:
            assert amount <= left
            charged[2] = left - amount
            self.model["earnings"] -= amount  # what lives before this one earned may have covered it
            self.model["wallet"] += amount

    @rule(amount=AMOUNTS, hours=HOURS)
    def hold(self, amount: int, hours: int) -> None:
        """The partner reserves."""
        names = {"partner_id": self.partner_id, "user_id": self.user_id, "asset": "USD"}
        expires_at = clock.now() + timedelta(hours=hours)
        covered = self.model.pour("wallet", "held", amount)
        try:
            with transaction(self.engine) as session:
                receipt = place_hold(session, HoldWish(amount=amount, expires_at=expires_at, **names))
        except OverdraftError:
            assert not covered
        else:
            assert covered
            self.pending[receipt.hold_id] = (amount, hours)

    @precondition(lambda self: self.pending)
    @rule(share=st.integers(1, 100))
    def capture(self, share: int) -> None:
        """The partner takes a part, or all, of what it has reserved."""
        hold_id, (amount, _) = self.pending.popitem()
        taken = max(1, amount * share // 100)
        with transaction(self.engine) as session:
            fee = capture_hold(session, Capture(hold_id=hold_id, amount=taken, fee_basis_points=FEE)).fee
        assert fee == split_amount(taken, FEE).fee
        self.model.pour("held", "earnings", taken - fee)
        self.model.pour("held", "fees", fee)
        self.model.pour("held", "wallet", amount - taken)

    @precondition(lambda self: self.pending)
    @rule()
    def void(self) -> None:
        """The partner gives back what it has reserved."""
        hold_id, (amount, _) = self.pending.popitem()
        with transaction(self.engine) as session:
            void_hold(session, hold_id)
        self.model.pour("held", "wallet", amount)

    @precondition(lambda self: self.pending)
    @rule(hours=HOURS)
    def expire(self, hours: int) -> None:
        """Hours go by, and the worker gives back exactly the holds that are over."""
        over = {hold_id: amount for hold_id, (amount, lasts) in self.pending.items() if lasts <= hours}
        with clock.moved(timedelta(hours=hours)), transaction(self.engine) as session:
            receipts = expire_due_holds(session)
        mine = {receipt.hold_id: receipt.amount for receipt in receipts if receipt.hold_id in self.pending}
        assert mine == over
        for hold_id, amount in over.items():
            del self.pending[hold_id]
            self.model.pour("held", "wallet", amount)

    @rule()
    def roll_up(self) -> None:
        """The worker comes by."""
        with transaction(self.engine) as session:
            for account_id in find_waiting_accounts(session):
                roll_up(session, account_id)

    @invariant()
    def balances_are_the_models(self) -> None:
        """Every pot has what the model says."""
        with reading(self.engine) as session:
            found = [get_balance(session, name) for name in (self.wallet, self.held, self.earnings)]
        earned = self.earned_before + self.model["earnings"]
        assert found == [self.model["wallet"], self.model["held"], earned]


def test_random_lives_agree_with_the_model(engine: Engine) -> None:
    """Thousands of random steps, each compared; afterwards the whole books are verified."""
    life = type("LifeHere", (Life,), {"engine": engine, "partner_id": make_people(engine)})
    run_state_machine_as_test(
        life,
        settings=settings(
            max_examples=30, stateful_step_count=50, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
    assert findings(engine) == []
