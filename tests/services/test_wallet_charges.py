"""Charges that the wallet pays, on both databases: one transaction, or nothing."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import select

from oauth_app.db import reading, transaction
from oauth_app.hub import Hub
from oauth_app.ledger import verify_books
from oauth_app.models import Charge, Consent, Event, FeeVersion, UpstreamConnection
from oauth_app.services.access import Access, find_access
from oauth_app.services.charge_errors import InsufficientFundsError, LimitExceededError
from oauth_app.services.charging import charge
from oauth_app.services.fees import set_fee
from oauth_app.services.holds import place
from oauth_app.services.idempotency import IdempotencyMismatchError
from tests.fixtures.each_database import make_access
from tests.fixtures.grants import grant
from tests.fixtures.hub import Sandbox, make_partner
from tests.services.wallets import earnings_of, fill_wallet, make_reservation, wallet_of
from tests.services.wishes import make_wish

ALICE = "alice@example.com"
#: What a fen counts against a limit, in hundredths of a unit, and what a cent does.
FEN, CENT = 34_000, 249_900


@pytest.fixture
def access(access_there: Access) -> Access:
    """Let alice allow a shop everything, up to 20 CNY a charge and 100 CNY a month."""
    return access_there


def limit(hub: Hub, access: Access, **limits: int | None) -> None:
    """Let the user allow other limits."""
    with transaction(hub.engine) as session:
        consent = session.get_one(Consent, access.consent_id)
        for name, value in limits.items():
            setattr(consent, name, value)


def cny(**wishes: Any) -> Any:  # noqa: ANN401 - any field
    """Return a wish for 10.01 CNY."""
    return make_wish(asset="CNY", **wishes)


def test_the_wallet_pays(hub_there: Hub, access: Access, sandbox: Sandbox) -> None:
    """The wallet loses the amount, partner and operator get their shares, and OhMyGPT is not asked."""
    fill_wallet(hub_there.engine, access.user_id, 20_00)
    made = charge(hub_there, access, cny()).charge

    assert (made.status, made.funding, made.settled_at is not None) == ("succeeded", "wallet", True)
    assert wallet_of(hub_there.engine, access) == (9_99, 0)
    assert earnings_of(hub_there.engine, access) == (9_76, 25)
    assert sandbox.account(ALICE)["charges"] == 0
    assert list(verify_books(hub_there.engine)) == []


def test_an_empty_wallet_declines(hub_there: Hub, access: Access) -> None:
    """Too little money declines the charge for good, as at OhMyGPT, and nothing is posted."""
    fill_wallet(hub_there.engine, access.user_id, 10_00)
    for _ in range(2):
        with pytest.raises(InsufficientFundsError):
            charge(hub_there, access, cny())
    fill_wallet(hub_there.engine, access.user_id, 10_00)
    with pytest.raises(InsufficientFundsError):
        charge(hub_there, access, cny())
    assert wallet_of(hub_there.engine, access) == (20_00, 0)


def test_two_hundred_charges_share_money_for_a_hundred(hub_there: Hub, access: Access) -> None:
    """Of 200 charges at once against money for 100, exactly 100 succeed, and the books balance."""
    limit(hub_there, access, limit_per_month=None)
    fill_wallet(hub_there.engine, access.user_id, 100 * 7)

    def press(number: int) -> bool:
        try:
            charge(hub_there, access, cny(amount=7, idempotency_key=f"order-{number}"))
        except InsufficientFundsError:
            return False
        return True

    with ThreadPoolExecutor(16) as pool:
        assert sum(pool.map(press, range(200))) == 100
    assert wallet_of(hub_there.engine, access) == (0, 0)
    assert list(verify_books(hub_there.engine)) == []


def test_twenty_presses_pay_once(hub_there: Hub, access: Access, sandbox: Sandbox) -> None:
    """Twenty requests of one key, from two users even, are one charge; the other user's are refused."""
    carols = make_access(hub_there, sandbox, "carol@example.com", access.partner_id)
    for user in (access, carols):
        fill_wallet(hub_there.engine, user.user_id, 100_00)

    def press(number: int) -> str:
        try:
            return charge(hub_there, (access, carols)[number % 2], cny()).charge.status
        except IdempotencyMismatchError:
            return "mismatch"

    with ThreadPoolExecutor(20) as pool:
        heard = list(pool.map(press, range(20)))
    assert (heard.count("succeeded"), heard.count("mismatch")) == (10, 10)
    assert sum(wallet_of(hub_there.engine, user)[0] for user in (access, carols)) == 200_00 - 10_01


def test_a_key_is_for_one_wish_and_one_partner(hub_there: Hub, access: Access) -> None:
    """Another asset is another wish; another partner's key is another key."""
    other = make_partner(hub_there.engine, name="Other")
    token = grant(hub_there.engine, access.user_id, other.client_id)
    with reading(hub_there.engine) as session:
        theirs = find_access(session, token)
    fill_wallet(hub_there.engine, access.user_id, 100_00)
    charge(hub_there, access, cny())

    with pytest.raises(IdempotencyMismatchError):
        charge(hub_there, access, make_wish(asset="USD"))
    assert charge(hub_there, theirs, cny()).replayed is False


@pytest.mark.parametrize(("asset", "weight"), [("OMG", 1), ("CNY", FEN), ("USD", CENT)])
def test_each_asset_counts_against_the_limit(hub_there: Hub, access: Access, asset: str, weight: int) -> None:
    """A limit in units holds for every asset: up to it a charge is made, one smallest unit above it is not."""
    fill_wallet(hub_there.engine, access.user_id, 100_00, asset)
    limit(hub_there, access, limit_per_charge=10_01 * weight)

    assert charge(hub_there, access, make_wish(asset=asset)).charge.status == "succeeded"
    limit(hub_there, access, limit_per_charge=10_01 * weight - 1)
    with pytest.raises(LimitExceededError):
        charge(hub_there, access, make_wish(asset=asset, idempotency_key="order-2"))


def test_assets_share_one_month(hub_there: Hub, access: Access) -> None:
    """Charges in three assets, and holds, that run beside each other keep together to what the user allowed."""
    for asset in ("OMG", "CNY", "USD"):
        fill_wallet(hub_there.engine, access.user_id, 100_00, asset)
    limit(hub_there, access, limit_per_month=10 * CENT * 100)
    wishes = [("OMG", 100_00), ("CNY", 7_35), ("USD", 1_00), ("hold", 7_35)]

    def press(number: int) -> int:
        asset, amount = wishes[number % 4]
        try:
            if asset == "hold":
                place(hub_there, access, make_reservation(amount=amount, idempotency_key=f"hold-{number}"))
            else:
                charge(hub_there, access, make_wish(amount=amount, asset=asset, idempotency_key=f"order-{number}"))
        except (LimitExceededError, InsufficientFundsError):
            return 0
        return {"OMG": amount, "CNY": amount * FEN, "USD": amount * CENT, "hold": amount * FEN}[asset]

    with ThreadPoolExecutor(16) as pool:
        taken = sum(pool.map(press, range(40)))
    with reading(hub_there.engine) as session:
        most = session.get_one(Consent, access.consent_id).limit_per_month
    assert most is not None
    assert most - CENT * 100 < taken <= most


@pytest.mark.parametrize(("filled", "second", "left"), [(15_00, "upstream", 4_99), (20_02, "wallet", 0)])
def test_omg_comes_from_the_wallet_that_covers_it(
    hub_there: Hub, access: Access, sandbox: Sandbox, filled: int, second: str, left: int
) -> None:
    """A wallet that has the whole amount pays; one that has a part of it leaves the whole to OhMyGPT."""
    fill_wallet(hub_there.engine, access.user_id, filled, "OMG")
    paid = [charge(hub_there, access, make_wish(idempotency_key=key)).charge.funding for key in ("a", "b")]

    assert paid == ["wallet", second]
    assert wallet_of(hub_there.engine, access, "OMG") == (left, 0)
    assert sandbox.account(ALICE)["charged"] == ("10.01" if second == "upstream" else "0.00")


def test_a_wallet_needs_no_connection(hub_there: Hub, access: Access) -> None:
    """A user whose OhMyGPT token is gone can still pay from the wallet."""
    fill_wallet(hub_there.engine, access.user_id, 20_00)
    with transaction(hub_there.engine) as session:
        session.get_one(UpstreamConnection, access.user_id).sealed_token = None

    assert charge(hub_there, access, cny()).charge.status == "succeeded"


def test_a_charge_keeps_the_fee_it_was_made_under(hub_there: Hub, access: Access) -> None:
    """A new fee counts for the next charge; both charges name their version."""
    fill_wallet(hub_there.engine, access.user_id, 100_00)
    first = charge(hub_there, access, cny()).charge
    with transaction(hub_there.engine) as session:
        set_fee(session, access.partner_id, 1_000, set_by="operator@example.com")
    second = charge(hub_there, access, cny(idempotency_key="order-2")).charge

    with reading(hub_there.engine) as session:
        versions = [session.get_one(FeeVersion, one.fee_version_id).basis_points for one in (first, second)]
    assert (versions, [first.fee, second.fee]) == ([250, 1_000], [25, 1_00])


def test_every_outcome_is_told(hub_there: Hub, access: Access) -> None:
    """The partner's event is written with the charge, and says what the charge says."""
    fill_wallet(hub_there.engine, access.user_id, 10_01)
    made = charge(hub_there, access, cny()).charge
    with pytest.raises(InsufficientFundsError):
        charge(hub_there, access, cny(idempotency_key="order-2"))

    with reading(hub_there.engine) as session:
        told = {event.type: event for event in session.scalars(select(Event))}
        declined = session.scalars(select(Charge.id).where(Charge.status == "declined")).one()
    assert {name: event.object_id for name, event in told.items()} == {
        "charge.succeeded": made.id,
        "charge.declined": declined,
    }
    assert told["charge.succeeded"].data["user"] == access.subject
