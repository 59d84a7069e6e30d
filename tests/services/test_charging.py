"""Charges: taken once, whatever breaks on the way."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from oauth_app import clock
from oauth_app.db import reading, transaction
from oauth_app.hub import Hub
from oauth_app.models import Consent, UpstreamConnection
from oauth_app.services.access import Access, InvalidTokenError
from oauth_app.services.charge_errors import (
    ChargeNotSentError,
    ChargeRefusedError,
    InsufficientFundsError,
    LimitExceededError,
)
from oauth_app.services.charge_limits import spent_this_month
from oauth_app.services.charging import charge
from oauth_app.services.connections import ConnectionLostError
from oauth_app.services.consent import revoke_consent
from oauth_app.services.exchange import UnsupportedAssetError, rates_of
from oauth_app.services.idempotency import IdempotencyInFlightError, IdempotencyMismatchError
from oauth_app.upstream import UpstreamClient
from tests.fixtures.hub import BALANCE_PATH, CHARGE_PATH, Person, Sandbox, make_partner, make_test_hub
from tests.services.books import balances, only_charge, transfer_count
from tests.services.wishes import make_wish

ALICE = "alice@example.com"


def test_a_charge_takes_the_money(hub: Hub, access: Access, sandbox: Sandbox) -> None:
    """The user pays the amount once, at OhMyGPT."""
    receipt = charge(hub, access, make_wish())

    assert (receipt.charge.status, receipt.replayed) == ("succeeded", False)
    assert sandbox.account(ALICE) | {"charges": 1, "charged": "10.01"} == sandbox.account(ALICE)


def test_a_charge_stands_in_the_books(hub: Hub, access: Access) -> None:
    """What was taken is the partner's, but for the operator's 2.5 %, rounded down."""
    charge(hub, access, make_wish(amount=10_01))

    assert balances(hub) == {"upstream_clearing": -10_01, "partner_earnings": 9_76, "platform_fees": 25}


def test_a_charge_keeps_the_balance_it_found(hub: Hub, access: Access) -> None:
    """The balance before is written down: it is the evidence if no answer comes."""
    assert charge(hub, access, make_wish()).charge.balance_before == 3_400_000_00


def test_a_repeat_takes_nothing(hub: Hub, access: Access, sandbox: Sandbox) -> None:
    """The same key and wish give the same charge, and no money moves."""
    first = charge(hub, access, make_wish())
    again = charge(hub, access, make_wish())

    assert (again.charge.id, again.replayed) == (first.charge.id, True)
    assert sandbox.account(ALICE)["charges"] == 1


@pytest.mark.parametrize(
    "other",
    [{"amount": 10_02}, {"description": "Cards"}, {"metadata": {"order": "2"}}],
    ids=lambda one: next(iter(one)),
)
def test_a_key_is_for_one_wish(hub: Hub, access: Access, other: dict[str, Any]) -> None:
    """A key that was used for another wish is refused."""
    charge(hub, access, make_wish())

    with pytest.raises(IdempotencyMismatchError):
        charge(hub, access, make_wish(**other))


def test_twenty_presses_charge_once(hub: Hub, access: Access, sandbox: Sandbox) -> None:
    """Twenty requests of one key at once are one charge; the others wait their turn or hear of it."""

    def press(_number: int) -> str:
        try:
            return charge(hub, access, make_wish()).charge.status
        except IdempotencyInFlightError:
            return "in flight"

    with ThreadPoolExecutor(20) as pool:
        heard = list(pool.map(press, range(20)))

    assert sandbox.account(ALICE)["charges"] == transfer_count(hub) == 1
    assert set(heard) <= {"succeeded", "in flight"}


def test_twenty_orders_keep_to_the_limit(hub: Hub, access: Access, sandbox: Sandbox) -> None:
    """Twenty different charges at once never take more than the user allowed in a month."""
    with transaction(hub.engine) as session:
        session.get_one(Consent, access.consent_id).limit_per_month = 50_00

    def press(number: int) -> bool:
        try:
            charge(hub, access, make_wish(idempotency_key=f"order-{number}"))
        except LimitExceededError:
            return False
        return True

    with ThreadPoolExecutor(20) as pool:
        assert sum(pool.map(press, range(20))) == 4
    assert sandbox.account(ALICE)["charged"] == "40.04"


def test_a_charge_within_the_limit_is_none_too_many(hub: Hub, access: Access) -> None:
    """The limit itself may be reached."""
    with transaction(hub.engine) as session:
        consent = session.get_one(Consent, access.consent_id)
        consent.limit_per_charge = consent.limit_per_month = 10_01

    assert charge(hub, access, make_wish()).charge.status == "succeeded"
    with reading(hub.engine) as session:
        assert spent_this_month(session, access.consent_id, rates_of(hub)) == 10_01


def test_more_than_one_charge_may_take_is_refused(hub: Hub, access: Access, sandbox: Sandbox) -> None:
    """A charge above the user's limit is refused, writes nothing down and leaves its key free."""
    with transaction(hub.engine) as session:
        session.get_one(Consent, access.consent_id).limit_per_charge = 10_00

    with pytest.raises(LimitExceededError, match="1000 per charge"):
        charge(hub, access, make_wish())
    assert sandbox.account(ALICE)["charges"] == 0
    assert charge(hub, access, make_wish(amount=10_00)).charge.status == "succeeded"


def test_the_month_begins_anew(hub: Hub, access: Access) -> None:
    """What was charged last month does not count against this one."""
    with transaction(hub.engine) as session:
        session.get_one(Consent, access.consent_id).limit_per_month = 15_00
    charge(hub, access, make_wish())

    now = clock.now()
    next_month = datetime(now.year + now.month // 12, now.month % 12 + 1, 1, tzinfo=UTC)
    with clock.moved(next_month - now + timedelta(seconds=1)):
        assert charge(hub, access, make_wish(idempotency_key="order-2")).charge.status == "succeeded"


def test_a_consent_that_has_run_out_pays_nothing(hub: Hub, access: Access) -> None:
    """A consent whose end has come after the token was read is looked at again before money moves."""
    with transaction(hub.engine) as session:
        session.get_one(Consent, access.consent_id).expires_at = clock.now()

    with pytest.raises(InvalidTokenError):
        charge(hub, access, make_wish())


def test_a_disconnected_partner_charges_nobody(hub: Hub, access: Access) -> None:
    """A consent that was revoked after the token was read is looked at again before money moves."""
    with transaction(hub.engine) as session:
        revoke_consent(session, access.consent_id)

    with pytest.raises(InvalidTokenError):
        charge(hub, access, make_wish())


def test_too_little_money_declines(hub: Hub, access: Access, sandbox: Sandbox) -> None:
    """OhMyGPT's "not enough" is final for the key, and nothing is posted."""
    sandbox.set_balance(ALICE, "10.00")

    for _ in range(2):
        with pytest.raises(InsufficientFundsError):
            charge(hub, access, make_wish())
    sandbox.set_balance(ALICE, "100.00")
    with pytest.raises(InsufficientFundsError):
        charge(hub, access, make_wish())
    assert (only_charge(hub).status, balances(hub)) == ("declined", {})


def test_a_sandbox_that_is_down_was_surely_not_asked(hub: Hub, access: Access, tmp_path: Path) -> None:
    """When nothing could be sent the charge has failed, and its key is answered the same again."""
    deaf = replace(hub, upstream=make_test_hub(tmp_path, ohmygpt_api_base="http://127.0.0.1:1").upstream)

    for _ in range(2):
        with pytest.raises(ChargeNotSentError):
            charge(deaf, access, make_wish())
    assert (only_charge(hub).status, only_charge(hub).balance_before) == ("failed", None)


@pytest.mark.parametrize("kind", ["slow", "html", "status", "reset_before", "malformed_json"])
def test_no_balance_no_charge(hub: Hub, access: Access, sandbox: Sandbox, kind: str) -> None:
    """If the balance cannot be read, the charge is not even tried."""
    sandbox.fail(BALANCE_PATH, kind, seconds=3)

    with pytest.raises(ChargeNotSentError):
        charge(hub, access, make_wish())
    assert sandbox.account(ALICE)["charges"] == 0


@pytest.mark.parametrize(
    ("kind", "charges"),
    [("html", 0), ("status", 0), ("reset_before", 0), ("malformed_json", 0), ("reset_after", 1)],
)
def test_no_usable_answer_is_unknown(hub: Hub, access: Access, sandbox: Sandbox, kind: str, charges: int) -> None:
    """Once it was sent, an answer that says nothing leaves the charge open, and it is not sent again."""
    sandbox.fail(CHARGE_PATH, kind)

    first, again = charge(hub, access, make_wish()), charge(hub, access, make_wish())

    assert (first.charge.status, again.charge.status, again.replayed) == ("unknown", "unknown", True)
    assert (sandbox.account(ALICE)["charges"], transfer_count(hub)) == (charges, 0)


def test_an_answer_that_comes_too_late_is_unknown(hub: Hub, access: Access, sandbox: Sandbox) -> None:
    """A timeout is no proof that nothing was taken."""
    sandbox.fail(CHARGE_PATH, "slow", seconds=3)

    assert charge(hub, access, make_wish()).charge.failure_code == "no_answer"


def test_an_open_charge_counts_against_the_limit(hub: Hub, access: Access, sandbox: Sandbox) -> None:
    """What may have been taken counts as taken."""
    sandbox.fail(CHARGE_PATH, "html")
    with transaction(hub.engine) as session:
        session.get_one(Consent, access.consent_id).limit_per_month = 15_00
    charge(hub, access, make_wish())

    with pytest.raises(LimitExceededError):
        charge(hub, access, make_wish(idempotency_key="order-2"))


def test_a_refusal_takes_nothing(hub: Hub, access: Access, sandbox: Sandbox) -> None:
    """A plain no of OhMyGPT fails the charge for good."""
    sandbox.fail(CHARGE_PATH, "status", code=400)

    with pytest.raises(ChargeRefusedError):
        charge(hub, access, make_wish())
    assert only_charge(hub).failure_code == "upstream_refused"


@pytest.mark.parametrize("path", [BALANCE_PATH, CHARGE_PATH])
def test_a_refused_token_is_destroyed(hub: Hub, access: Access, sandbox: Sandbox, path: str) -> None:
    """HTTP 200 with statusCode 401 means that the grant is lost: the charge fails, the token is forgotten."""
    sandbox.fail(path, "envelope_401")

    with pytest.raises(ConnectionLostError):
        charge(hub, access, make_wish())
    with reading(hub.engine) as session:
        assert session.get_one(UpstreamConnection, access.user_id).sealed_token is None
    assert only_charge(hub).status == "failed"


def test_without_a_connection_nothing_is_written(hub: Hub, access: Access, alice: Person, sandbox: Sandbox) -> None:
    """A user who must sign in again leaves the key free for the time after."""
    sandbox.revoke_tokens(alice.email)
    with pytest.raises(ConnectionLostError):
        charge(hub, access, make_wish())

    with pytest.raises(ConnectionLostError):
        charge(hub, access, make_wish(idempotency_key="order-2"))
    assert only_charge(hub).idempotency_key == "order-1"


def test_keys_of_two_partners_do_not_meet(hub: Hub, access: Access, alice: Person, sandbox: Sandbox) -> None:
    """Another partner's order 1 is another order."""
    other = make_partner(hub.engine, name="Other")
    charge(hub, access, make_wish())

    theirs = replace(access, partner_id=other.client_id)
    assert charge(hub, theirs, make_wish()).replayed is False
    assert sandbox.account(alice.email)["charges"] == 2


def test_an_asset_nobody_counts_in_is_refused() -> None:
    """Charges are made in OMG, USD and CNY."""
    with pytest.raises(UnsupportedAssetError):
        make_wish(asset="EUR")


def test_a_user_whose_every_call_is_refused_has_no_money(
    hub: Hub, access: Access, sandbox: Sandbox, penniless: UpstreamClient
) -> None:
    """If OhMyGPT does not even tell the balance of a user who has nothing, the charge is declined."""
    sandbox.fail(BALANCE_PATH, "status", code=402)

    with pytest.raises(InsufficientFundsError):
        charge(replace(hub, upstream=penniless), access, make_wish())


def test_a_timeout_that_is_told_is_no_refusal(hub: Hub, access: Access, sandbox: Sandbox) -> None:
    """408 is a 4xx, and yet says nothing of whether the money was taken."""
    sandbox.fail(CHARGE_PATH, "status", code=408)

    assert charge(hub, access, make_wish()).charge.status == "unknown"
