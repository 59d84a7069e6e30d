"""Refunds: never more than was charged, by those who had it, on both databases."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import select

from oauth_app.db import reading, transaction
from oauth_app.hub import Hub
from oauth_app.ledger import (
    AccountKind,
    AccountName,
    Movement,
    TransferKind,
    TransferWish,
    record_transfer,
    verify_books,
)
from oauth_app.models import Charge, Event, Transfer
from oauth_app.services.access import Access
from oauth_app.services.charge_errors import InsufficientFundsError, UnknownChargeError
from oauth_app.services.charging import charge
from oauth_app.services.consent import revoke_consent
from oauth_app.services.hold_capturing import capture
from oauth_app.services.holds import place
from oauth_app.services.idempotency import IdempotencyMismatchError
from oauth_app.services.partner_sight import Sight
from oauth_app.services.refund_errors import ChargeNotRefundableError, InsufficientEarningsError, RefundTooLargeError
from oauth_app.services.refunds import RefundReceipt, refund
from tests.fixtures.each_database import make_access
from tests.fixtures.hub import CHARGE_PATH, Sandbox, make_partner
from tests.services.wallets import (
    earnings_of,
    fill_wallet,
    make_capture,
    make_refund,
    make_reservation,
    wallet_of,
)
from tests.services.wishes import make_wish


@pytest.fixture
def access(hub_there: Hub, access_there: Access) -> Access:
    """Let alice, who has 20 CNY in the wallet, allow a shop everything."""
    fill_wallet(hub_there.engine, access_there.user_id, 20_00)
    return access_there


@pytest.fixture
def charge_id(hub_there: Hub, access: Access) -> str:
    """Charge the wallet 10.01 CNY, of which 0.25 are the operator's."""
    return charge(hub_there, access, make_wish(asset="CNY")).charge.id


def give_back(hub: Hub, access: Access, charge_id: str, **wishes: Any) -> RefundReceipt:  # noqa: ANN401 - any field
    """Refund the charge by the partner's server."""
    with transaction(hub.engine) as session:
        return refund(session, Sight(partner_id=access.partner_id), make_refund(charge_id, **wishes))


def refunded(hub: Hub, charge_id: str) -> int:
    """Return what the charge says was given back."""
    with reading(hub.engine) as session:
        return session.get_one(Charge, charge_id).refunded


def test_all_of_it_goes_back(hub_there: Hub, access: Access, charge_id: str) -> None:
    """The wallet has it again, and partner and operator have nothing of it."""
    made = give_back(hub_there, access, charge_id).refund

    assert (made.amount, made.fee, refunded(hub_there, charge_id)) == (10_01, 25, 10_01)
    assert wallet_of(hub_there.engine, access) == (20_00, 0)
    assert earnings_of(hub_there.engine, access) == (0, 0)
    assert list(verify_books(hub_there.engine)) == []


def test_parts_add_up_to_the_whole(hub_there: Hub, access: Access, charge_id: str) -> None:
    """However it is cut, each part is shared by the one rounding rule, and the last one leaves nothing."""
    parts = [
        give_back(hub_there, access, charge_id, amount=amount, idempotency_key=f"r{amount}") for amount in (1, 333)
    ]
    rest = give_back(hub_there, access, charge_id, idempotency_key="rest").refund

    assert [part.refund.fee for part in parts] == [0, 8]
    assert (rest.amount, rest.fee) == (6_67, 17)
    assert earnings_of(hub_there.engine, access) == (0, 0)


def test_no_more_than_is_left_goes_back(hub_there: Hub, access: Access, charge_id: str) -> None:
    """The original is the most, whole refunds of nothing included; a refusal writes nothing."""
    give_back(hub_there, access, charge_id, amount=10_00)
    for amount in (2, 10_01):
        with pytest.raises(RefundTooLargeError):
            give_back(hub_there, access, charge_id, amount=amount, idempotency_key="r2")
    give_back(hub_there, access, charge_id, idempotency_key="r2")
    with pytest.raises(RefundTooLargeError):
        give_back(hub_there, access, charge_id, idempotency_key="r3")
    assert wallet_of(hub_there.engine, access) == (20_00, 0)


def test_refunds_at_once_never_exceed(hub_there: Hub, access: Access, charge_id: str) -> None:
    """Thirty refunds of 1.00 beside each other give ten back, and leave the rest."""

    def press(number: int) -> bool:
        try:
            give_back(hub_there, access, charge_id, amount=1_00, idempotency_key=f"r{number}")
        except RefundTooLargeError:
            return False
        return True

    with ThreadPoolExecutor(15) as pool:
        assert sum(pool.map(press, range(30))) == 10
    assert (refunded(hub_there, charge_id), wallet_of(hub_there.engine, access)) == (10_00, (19_99, 0))
    assert list(verify_books(hub_there.engine)) == []


def test_equal_requests_at_once_are_one(hub_there: Hub, access: Access, charge_id: str) -> None:
    """Twenty requests of one key give back once, and all hear the same."""
    with ThreadPoolExecutor(20) as pool:
        heard = list(pool.map(lambda _: give_back(hub_there, access, charge_id, amount=1_00), range(20)))
    assert len({receipt.refund.id for receipt in heard}) == 1
    assert [receipt.replayed for receipt in heard].count(False) == 1
    assert refunded(hub_there, charge_id) == 1_00


@pytest.mark.parametrize("other", [{"amount": 2_00}, {"amount": None}, {"reason": "Broken"}], ids=str)
def test_a_key_is_for_one_wish(hub_there: Hub, access: Access, charge_id: str, other: dict[str, Any]) -> None:
    """The same key with another amount or reason is refused, and so it is for another charge."""
    give_back(hub_there, access, charge_id, amount=1_00)
    second = charge(hub_there, access, make_wish(asset="CNY", amount=5_00, idempotency_key="order-2")).charge

    with pytest.raises(IdempotencyMismatchError):
        give_back(hub_there, access, charge_id, **({"amount": 1_00} | other))
    with pytest.raises(IdempotencyMismatchError):
        give_back(hub_there, access, second.id, amount=1_00)


def test_one_key_on_two_charges_at_once_refunds_one(hub_there: Hub, access: Access, charge_id: str) -> None:
    """Requests that hold different locks meet at the key."""
    second = charge(hub_there, access, make_wish(asset="CNY", amount=5_00, idempotency_key="order-2")).charge

    def press(number: int) -> bool:
        try:
            return not give_back(hub_there, access, (charge_id, second.id)[number % 2], amount=1_00).replayed
        except IdempotencyMismatchError:
            return False

    with ThreadPoolExecutor(10) as pool:
        assert sum(pool.map(press, range(10))) == 1
    assert refunded(hub_there, charge_id) + refunded(hub_there, second.id) == 1_00


def test_another_partner_cannot_refund_it(hub_there: Hub, access: Access, charge_id: str, sandbox: Sandbox) -> None:
    """A charge of another partner, or for a token of another user, is not there; the key stays their own."""
    other = make_partner(hub_there.engine, name="Other")
    theirs = make_access(hub_there, sandbox, "carol@example.com", other.client_id)
    fill_wallet(hub_there.engine, theirs.user_id, 20_00)
    own = charge(hub_there, theirs, make_wish(asset="CNY")).charge
    give_back(hub_there, access, charge_id)

    with pytest.raises(UnknownChargeError):
        give_back(hub_there, theirs, charge_id)
    with pytest.raises(UnknownChargeError), transaction(hub_there.engine) as session:
        refund(session, Sight(partner_id=access.partner_id, user_id=theirs.user_id), make_refund(charge_id))
    assert give_back(hub_there, theirs, own.id).replayed is False


def test_what_ohmygpt_took_arrives_in_the_wallet(hub_there: Hub, access: Access, sandbox: Sandbox) -> None:
    """OhMyGPT has no refund, so the units are in the wallet here, and pay the next charge they cover."""
    made = charge(hub_there, access, make_wish()).charge
    give_back(hub_there, access, made.id)
    assert wallet_of(hub_there.engine, access, "OMG") == (10_01, 0)

    again = charge(hub_there, access, make_wish(idempotency_key="order-2")).charge
    assert (again.funding, sandbox.account("alice@example.com")["charges"]) == ("wallet", 1)
    assert list(verify_books(hub_there.engine)) == []


def test_a_captured_hold_is_refunded_as_a_charge(hub_there: Hub, access: Access) -> None:
    """What a hold became goes back like any other charge."""
    held = place(hub_there, access, make_reservation()).view.hold
    made = capture(hub_there, access, make_capture(held.id, amount=5_00)).charge
    give_back(hub_there, access, made.id)

    assert wallet_of(hub_there.engine, access) == (20_00, 0)
    assert list(verify_books(hub_there.engine)) == []


def test_what_took_nothing_gives_nothing_back(hub_there: Hub, access: Access, sandbox: Sandbox) -> None:
    """A declined charge cannot be refunded, nor one of which nobody knows."""
    with pytest.raises(InsufficientFundsError) as declined:
        charge(hub_there, access, make_wish(asset="USD", amount=1_00))
    sandbox.fail(CHARGE_PATH, "html")
    unknown = charge(hub_there, access, make_wish(idempotency_key="order-2")).charge

    for charge_id in (declined.value.charge_id, unknown.id):
        with pytest.raises(ChargeNotRefundableError):
            give_back(hub_there, access, charge_id)


def test_a_partner_gives_back_only_what_it_has(hub_there: Hub, access: Access, charge_id: str) -> None:
    """Earnings that were paid out are not there to be refunded; nothing is written."""
    earnings = AccountName.earnings(access.partner_id, "CNY")
    payout = Movement(
        source=earnings, destination=AccountName(kind=AccountKind.STRIPE_CLEARING, asset="CNY"), amount=9_00
    )
    with transaction(hub_there.engine) as session:
        record_transfer(session, TransferWish(kind=TransferKind.CORRECTION, reference="payout", movements=(payout,)))

    with pytest.raises(InsufficientEarningsError):
        give_back(hub_there, access, charge_id)
    assert (refunded(hub_there, charge_id), wallet_of(hub_there.engine, access)) == (0, (9_99, 0))


def test_a_disconnect_does_not_keep_the_money(hub_there: Hub, access: Access, charge_id: str) -> None:
    """A user who has disconnected still gets it back, and the partner is told under the same sub."""
    with transaction(hub_there.engine) as session:
        revoke_consent(session, access.consent_id)
    give_back(hub_there, access, charge_id, amount=1_00)

    with reading(hub_there.engine) as session:
        told = session.scalars(select(Event).where(Event.type == "charge.refunded")).one()
    assert (told.object_id, told.data["refunded"], told.data["user"]) == (charge_id, 1_00, access.subject)
    assert told.data["refund"]["amount"] == 1_00


@pytest.mark.parametrize("is_captured", [False, True])
def test_a_refund_takes_back_what_was_paid(hub_there: Hub, access: Access, *, is_captured: bool) -> None:
    """In the books each refund names the transfer that paid: the charge's own, or the capture of its hold."""
    if is_captured:
        hold_id = place(hub_there, access, make_reservation()).view.hold.id
        made = capture(hub_there, access, make_capture(hold_id)).charge
    else:
        made = charge(hub_there, access, make_wish(asset="CNY")).charge
    back = give_back(hub_there, access, made.id).refund

    with reading(hub_there.engine) as session:
        taken_back = session.scalars(select(Transfer.reverses_id).where(Transfer.reference == back.id)).one()
        paid = session.get_one(Transfer, taken_back)
    assert (paid.kind, paid.reference) == (("hold_captured", made.hold_id) if is_captured else ("charge", made.id))
