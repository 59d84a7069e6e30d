"""Holds: reserved once, settled once, on both databases."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from oauth_app import clock
from oauth_app.db import reading, transaction
from oauth_app.hub import Hub
from oauth_app.ledger import CaptureTooLargeError, HoldClosedError, verify_books
from oauth_app.models import Consent, Event
from oauth_app.services.access import Access, InvalidTokenError
from oauth_app.services.charge_errors import LimitExceededError
from oauth_app.services.charging import charge
from oauth_app.services.consent import revoke_consent
from oauth_app.services.hold_capturing import capture
from oauth_app.services.hold_errors import HoldNeedsApprovalError, UncoveredHoldError, UnknownHoldError
from oauth_app.services.holds import HoldReceipt, expire_holds, place, void
from oauth_app.services.idempotency import IdempotencyMismatchError
from oauth_app.services.partner_sight import Sight
from tests.fixtures.each_database import make_access
from tests.fixtures.grants import LIMITS
from tests.fixtures.hub import Sandbox, make_partner
from tests.services.wallets import earnings_of, fill_wallet, make_capture, make_reservation, wallet_of
from tests.services.wishes import make_wish


@pytest.fixture
def access(hub_there: Hub, access_there: Access) -> Access:
    """Let alice, who has 20 CNY in the wallet, allow a shop everything."""
    fill_wallet(hub_there.engine, access_there.user_id, 20_00)
    return access_there


def hold(hub: Hub, access: Access, **wishes: Any) -> str:  # noqa: ANN401 - any field
    """Hold 10.01 CNY and return the hold's id."""
    return place(hub, access, make_reservation(**wishes)).view.hold.id


def let_go(hub: Hub, access: Access, hold_id: str, key: str = "void-1") -> HoldReceipt:
    """Void the hold."""
    with transaction(hub.engine) as session:
        return void(session, Sight(partner_id=access.partner_id), hold_id, key)


def test_what_is_held_cannot_be_spent(hub_there: Hub, access: Access) -> None:
    """It leaves what is available, and is nobody's earning yet."""
    hold(hub_there, access)

    assert wallet_of(hub_there.engine, access) == (9_99, 10_01)
    assert earnings_of(hub_there.engine, access) == (0, 0)
    with pytest.raises(UncoveredHoldError):
        hold(hub_there, access, idempotency_key="hold-2")


@pytest.mark.parametrize(("amount", "left"), [(None, 9_99), (5_00, 15_00)])
def test_a_capture_is_a_charge(hub_there: Hub, access: Access, amount: int | None, left: int) -> None:
    """All or a part is paid to partner and operator, and the rest goes back."""
    made = capture(hub_there, access, make_capture(hold(hub_there, access), amount=amount)).charge
    taken = 20_00 - left

    assert (made.status, made.amount, made.funding, made.description) == ("succeeded", taken, "wallet", "A room")
    assert wallet_of(hub_there.engine, access) == (left, 0)
    assert earnings_of(hub_there.engine, access) == (taken - made.fee, made.fee)
    assert made.fee == taken * 250 // 10_000
    assert list(verify_books(hub_there.engine)) == []


def test_more_than_is_held_is_not_captured(hub_there: Hub, access: Access) -> None:
    """The refusal leaves hold and key as they were."""
    hold_id = hold(hub_there, access)
    with pytest.raises(CaptureTooLargeError):
        capture(hub_there, access, make_capture(hold_id, amount=10_02))
    assert capture(hub_there, access, make_capture(hold_id)).replayed is False


def test_repeats_are_answered_the_same(hub_there: Hub, access: Access) -> None:
    """A repeated hold, capture or void does nothing, and gives what the first one gave."""
    first, again = (place(hub_there, access, make_reservation()) for _ in range(2))
    assert (again.view.hold.id, again.replayed) == (first.view.hold.id, True)
    other = hold(hub_there, access, amount=1_00, idempotency_key="hold-2")

    captures = [capture(hub_there, access, make_capture(first.view.hold.id)) for _ in range(2)]
    assert (captures[1].charge.id, captures[1].replayed) == (captures[0].charge.id, True)
    assert [let_go(hub_there, access, other).replayed for _ in range(2)] == [False, True]
    assert wallet_of(hub_there.engine, access) == (9_99, 0)


def test_a_key_is_for_one_wish(hub_there: Hub, access: Access) -> None:
    """A key that held, captured or voided something is refused for anything else of that kind."""
    one, two = hold(hub_there, access), hold(hub_there, access, amount=1_00, idempotency_key="hold-2")
    charge(hub_there, access, make_wish(asset="CNY", amount=1, idempotency_key="capture-1"))
    let_go(hub_there, access, two)

    with pytest.raises(IdempotencyMismatchError):
        hold(hub_there, access, amount=2_00)
    with pytest.raises(IdempotencyMismatchError):
        capture(hub_there, access, make_capture(one))
    with pytest.raises(IdempotencyMismatchError):
        let_go(hub_there, access, one)


def test_another_partners_keys_and_holds_are_its_own(hub_there: Hub, access: Access, sandbox: Sandbox) -> None:
    """The same key holds for another partner, which cannot capture or void what is not its own."""
    other = make_partner(hub_there.engine, name="Other")
    theirs = make_access(hub_there, sandbox, "carol@example.com", other.client_id)
    fill_wallet(hub_there.engine, theirs.user_id, 20_00)
    mine = hold(hub_there, access)

    assert hold(hub_there, theirs) != mine
    with pytest.raises(UnknownHoldError):
        capture(hub_there, theirs, make_capture(mine))
    with pytest.raises(UnknownHoldError):
        let_go(hub_there, theirs, mine)


def test_it_is_settled_once(hub_there: Hub, access: Access) -> None:
    """Of captures and voids at once one happens, and the money goes one way."""
    hold_id = hold(hub_there, access)

    def press(number: int) -> bool:
        try:
            if number % 2:
                let_go(hub_there, access, hold_id, f"void-{number}")
            else:
                capture(hub_there, access, make_capture(hold_id, idempotency_key=f"capture-{number}"))
        except HoldClosedError:
            return False
        return True

    with ThreadPoolExecutor(12) as pool:
        assert sum(pool.map(press, range(12))) == 1
    assert wallet_of(hub_there.engine, access) in {(20_00, 0), (9_99, 0)}
    assert list(verify_books(hub_there.engine)) == []


def test_equal_voids_at_once_are_one(hub_there: Hub, access: Access) -> None:
    """Requests of one key that meet each other hear the same, one of them first."""
    hold_id = hold(hub_there, access)
    with ThreadPoolExecutor(8) as pool:
        receipts = list(pool.map(lambda _: let_go(hub_there, access, hold_id), range(8)))
    assert [receipt.replayed for receipt in receipts].count(False) == 1


def test_it_expires(hub_there: Hub, access: Access) -> None:
    """After its time the worker gives it back; before that already it cannot be captured."""
    hold_id = hold(hub_there, access, life=timedelta(minutes=5))
    with clock.moved(timedelta(minutes=6)):
        with pytest.raises(HoldClosedError):
            capture(hub_there, access, make_capture(hold_id))
        assert [expire_holds(hub_there), expire_holds(hub_there)] == [1, 0]
    assert wallet_of(hub_there.engine, access) == (20_00, 0)


def test_what_is_held_counts_against_the_limits(hub_there: Hub, access: Access) -> None:
    """A month's limit is used up by holds, and what is captured does not count twice."""
    with transaction(hub_there.engine) as session:
        session.get_one(Consent, access.consent_id).limit_per_month = 11_00 * 34_000
    hold_id = hold(hub_there, access)
    with pytest.raises(LimitExceededError):
        hold(hub_there, access, amount=1_00, idempotency_key="hold-2")
    with pytest.raises(LimitExceededError):
        charge(hub_there, access, make_wish(asset="CNY", amount=1_00))
    capture(hub_there, access, make_capture(hold_id, amount=9_00))

    assert charge(hub_there, access, make_wish(asset="CNY", amount=2_00)).charge.status == "succeeded"
    with pytest.raises(LimitExceededError):
        hold(hub_there, access, amount=1, idempotency_key="hold-3")


def test_more_than_a_charge_may_take_is_not_held(hub_there: Hub, access: Access) -> None:
    """The limit of one charge holds for holds."""
    fill_wallet(hub_there.engine, access.user_id, 100_00)
    with pytest.raises(LimitExceededError):
        hold(hub_there, access, amount=LIMITS.per_charge // 34_000 + 1)


def test_a_hold_does_not_get_round_the_users_word(hub_there: Hub, access: Access) -> None:
    """What needs the user's approval cannot be held without it."""
    with transaction(hub_there.engine) as session:
        session.get_one(Consent, access.consent_id).step_up_above = 10_00 * 34_000
    with pytest.raises(HoldNeedsApprovalError):
        hold(hub_there, access)


def test_after_a_disconnect_it_can_only_be_let_go(hub_there: Hub, access: Access) -> None:
    """A revoked consent ends holding and capturing; giving back stays possible."""
    hold_id = hold(hub_there, access)
    with transaction(hub_there.engine) as session:
        revoke_consent(session, access.consent_id)

    with pytest.raises(InvalidTokenError):
        hold(hub_there, access, idempotency_key="hold-2")
    with pytest.raises(InvalidTokenError):
        capture(hub_there, access, make_capture(hold_id))
    assert let_go(hub_there, access, hold_id).view.hold.status == "voided"


def test_each_end_is_told(hub_there: Hub, access: Access) -> None:
    """Created, captured, voided and expired are events, and a capture is a charge that succeeded, too."""
    ids = [hold(hub_there, access, amount=1_00, idempotency_key=f"hold-{number}") for number in range(3)]
    made = capture(hub_there, access, make_capture(ids[0])).charge
    let_go(hub_there, access, ids[1])
    with clock.moved(timedelta(days=8)):
        expire_holds(hub_there)

    with reading(hub_there.engine) as session:
        told = {(event.type, event.object_id) for event in session.scalars(select(Event))}
    assert told == {("hold.created", hold_id) for hold_id in ids} | {
        ("hold.captured", ids[0]),
        ("charge.succeeded", made.id),
        ("hold.voided", ids[1]),
        ("hold.expired", ids[2]),
    }


def test_a_user_captures_no_hold_of_another(hub_there: Hub, access: Access, sandbox: Sandbox) -> None:
    """What one user allows the partner opens no other user's hold, though the partner placed both."""
    hold_id = hold(hub_there, access)
    carol = make_access(hub_there, sandbox, "carol@example.com", access.partner_id)

    with pytest.raises(UnknownHoldError):
        capture(hub_there, carol, make_capture(hold_id))
    assert wallet_of(hub_there.engine, access) == (9_99, 10_01)
