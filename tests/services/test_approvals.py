"""Charges that wait for the user's word: carried out once, or not at all, on both databases."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import select

from oauth_app import clock
from oauth_app.db import reading, transaction
from oauth_app.hub import Hub
from oauth_app.models import Charge, Consent, Event, UpstreamConnection
from oauth_app.services.access import Access
from oauth_app.services.approvals import approve, deny, expire_approvals, set_step_up
from oauth_app.services.charge_errors import (
    ApprovalDeniedError,
    ApprovalExpiredError,
    InsufficientFundsError,
    LimitExceededError,
)
from oauth_app.services.charge_resolution import settle_stale_charges
from oauth_app.services.charging import charge
from oauth_app.services.connections import ConnectionLostError
from oauth_app.services.consent import revoke_consent
from oauth_app.services.self_service import NotYoursError
from tests.fixtures.hub import Sandbox
from tests.services.wallets import earnings_of, fill_wallet, wallet_of
from tests.services.wishes import make_wish

ALICE = "alice@example.com"


@pytest.fixture
def access(hub_there: Hub, access_there: Access) -> Access:
    """Let alice, who has 20 CNY in the wallet, be asked before a charge above 10.00 units."""
    fill_wallet(hub_there.engine, access_there.user_id, 20_00)
    with transaction(hub_there.engine) as session:
        set_step_up(session, access_there.user_id, access_there.consent_id, 10_00)
    return access_there


def ask(hub: Hub, access: Access, asset: str = "OMG") -> Charge:
    """Let a charge of 10.01 wait."""
    return charge(hub, access, make_wish(asset=asset)).charge


def say_no(hub: Hub, access: Access, charge_id: str) -> Charge:
    """Deny the charge."""
    with transaction(hub.engine) as session:
        return deny(session, access.user_id, charge_id)


def told(hub: Hub) -> list[str]:
    """Return the types of the events, in order."""
    with reading(hub.engine) as session:
        return list(session.scalars(select(Event.type).order_by(Event.id)))


@pytest.mark.parametrize("asset", ["OMG", "CNY"])
def test_above_the_limit_it_waits(hub_there: Hub, access: Access, sandbox: Sandbox, asset: str) -> None:
    """No money moves; a repeat hears the same state, and the partner gets the address for the user."""
    first, again = (charge(hub_there, access, make_wish(asset=asset)) for _ in range(2))

    assert [(one.charge.status, one.replayed) for one in (first, again)] == [
        ("approval_required", False),
        ("approval_required", True),
    ]
    assert (sandbox.account(ALICE)["charges"], wallet_of(hub_there.engine, access)) == (0, (20_00, 0))
    with reading(hub_there.engine) as session:
        event = session.scalars(select(Event)).one()
    assert event.type == "charge.approval_required"
    assert event.data["approval_url"] == f"http://127.0.0.1:8000/account/approvals/{first.charge.id}"


def test_up_to_the_limit_nobody_is_asked(hub_there: Hub, access: Access) -> None:
    """The amount itself may be taken at once."""
    assert charge(hub_there, access, make_wish(amount=10_00)).charge.status == "succeeded"


@pytest.mark.parametrize("asset", ["OMG", "CNY"])
def test_an_approved_charge_is_carried_out_once(hub_there: Hub, access: Access, sandbox: Sandbox, asset: str) -> None:
    """However often and by how many hands the button is pressed."""
    waiting = ask(hub_there, access, asset)
    with ThreadPoolExecutor(12) as pool:
        seen = list(pool.map(lambda _: approve(hub_there, access.user_id, waiting.id).status, range(12)))

    assert set(seen) <= {"succeeded", "pending"}
    assert earnings_of(hub_there.engine, access, asset) == (9_76, 25)
    paid = (sandbox.account(ALICE)["charges"], wallet_of(hub_there.engine, access)[0])
    assert paid == ((1, 20_00) if asset == "OMG" else (0, 9_99))
    assert charge(hub_there, access, make_wish(asset=asset)).charge.status == "succeeded"
    assert told(hub_there) == ["charge.approval_required", "charge.succeeded"]


def test_of_yes_and_no_one_counts(hub_there: Hub, access: Access) -> None:
    """Presses of both buttons at once end in one of both, never in a denied charge that was paid."""
    waiting = ask(hub_there, access, "CNY")

    def press(number: int) -> None:
        if number % 2:
            approve(hub_there, access.user_id, waiting.id)
        else:
            say_no(hub_there, access, waiting.id)

    with ThreadPoolExecutor(12) as pool:
        list(pool.map(press, range(12)))
    with reading(hub_there.engine) as session:
        status = session.get_one(Charge, waiting.id).status
    assert (status, wallet_of(hub_there.engine, access)[0]) in {("succeeded", 9_99), ("declined", 20_00)}


def test_a_denied_charge_is_over(hub_there: Hub, access: Access) -> None:
    """It took nothing and cannot be approved any more; a repeat of the request hears so."""
    waiting = ask(hub_there, access, "CNY")
    assert say_no(hub_there, access, waiting.id).failure_code == "approval_denied"

    assert approve(hub_there, access.user_id, waiting.id).status == "declined"
    with pytest.raises(ApprovalDeniedError):
        ask(hub_there, access, "CNY")
    assert told(hub_there) == ["charge.approval_required", "charge.declined"]


def test_nobody_waits_for_ever(hub_there: Hub, access: Access) -> None:
    """After a day the charge cannot be approved, and the worker declines it."""
    waiting = ask(hub_there, access, "CNY")
    assert expire_approvals(hub_there) == 0
    with clock.moved(timedelta(hours=24)):
        assert approve(hub_there, access.user_id, waiting.id).status == "approval_required"
        assert [expire_approvals(hub_there), expire_approvals(hub_there)] == [1, 0]
        with pytest.raises(ApprovalExpiredError):
            ask(hub_there, access, "CNY")
    assert wallet_of(hub_there.engine, access) == (20_00, 0)


def test_it_is_the_users_own_word(hub_there: Hub, access: Access) -> None:
    """Nobody else can approve, deny, or move the limit."""
    waiting = ask(hub_there, access)
    with pytest.raises(NotYoursError):
        approve(hub_there, "usr_0", waiting.id)
    with pytest.raises(NotYoursError), transaction(hub_there.engine) as session:
        deny(session, "usr_0", waiting.id)
    with pytest.raises(NotYoursError), transaction(hub_there.engine) as session:
        set_step_up(session, "usr_0", access.consent_id, None)


def test_a_disconnect_ends_the_wait(hub_there: Hub, access: Access) -> None:
    """A charge of a site that was disconnected since is declined, whatever button is pressed."""
    waiting = ask(hub_there, access, "CNY")
    with transaction(hub_there.engine) as session:
        revoke_consent(session, access.consent_id)

    assert approve(hub_there, access.user_id, waiting.id).failure_code == "disconnected"
    assert wallet_of(hub_there.engine, access) == (20_00, 0)


def test_too_little_money_declines_then(hub_there: Hub, access: Access) -> None:
    """The wallet is looked at when the user approves."""
    fill_wallet(hub_there.engine, access.user_id, 0 + 1)
    with transaction(hub_there.engine) as session:
        session.get_one(Consent, access.consent_id).limit_per_charge = None
    waiting = charge(hub_there, access, make_wish(asset="CNY", amount=20_02)).charge
    assert approve(hub_there, access.user_id, waiting.id).status == "declined"
    with pytest.raises(InsufficientFundsError):
        charge(hub_there, access, make_wish(asset="CNY", amount=20_02))


def test_what_waits_counts_against_the_month(hub_there: Hub, access: Access) -> None:
    """What may yet be taken counts, so approvals cannot pile up above the limit."""
    with transaction(hub_there.engine) as session:
        session.get_one(Consent, access.consent_id).limit_per_month = 15_00
    ask(hub_there, access)
    with pytest.raises(LimitExceededError):
        charge(hub_there, access, make_wish(idempotency_key="order-2"))


def test_a_lost_connection_leaves_it_waiting(hub_there: Hub, access: Access) -> None:
    """A user who must sign in again first can approve after that."""
    waiting = ask(hub_there, access)
    with transaction(hub_there.engine) as session:
        session.get_one(UpstreamConnection, access.user_id).sealed_token = None
    with pytest.raises(ConnectionLostError):
        approve(hub_there, access.user_id, waiting.id)
    with reading(hub_there.engine) as session:
        assert session.get_one(Charge, waiting.id).status == "approval_required"


def test_a_late_approval_is_not_taken_for_a_dead_process(hub_there: Hub, access: Access) -> None:
    """The time a charge waited for the user does not count as time in which it should have been sent."""
    waiting = ask(hub_there, access)
    with clock.moved(timedelta(hours=1)), transaction(hub_there.engine) as session:
        row = session.get_one(Charge, waiting.id)
        row.status, row.approved_at = "pending", clock.now()
    with clock.moved(timedelta(hours=1)):
        assert settle_stale_charges(hub_there) == 0
    with clock.moved(timedelta(hours=2)):
        assert settle_stale_charges(hub_there) == 1
    assert told(hub_there)[-1] == "charge.failed"
