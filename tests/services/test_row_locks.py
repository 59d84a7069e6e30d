"""Who has locked a row decides by what it is then, not by what was read before: on PostgreSQL, where they differ."""

from dataclasses import replace

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from oauth_app.db import transaction
from oauth_app.hub import Hub
from oauth_app.ledger import WalletCharge, charge_wallet, split_amount
from oauth_app.models import Charge, Consent, TopUp
from oauth_app.services.access import Access, InvalidTokenError
from oauth_app.services.charge_errors import ChargeSettledError
from oauth_app.services.charge_limits import lock_consent
from oauth_app.services.charge_paying import choose_funding
from oauth_app.services.charge_resolution import Resolution, resolve_charge
from oauth_app.services.charging import charge
from oauth_app.services.consent import revoke_consent
from oauth_app.services.partner_sight import Sight
from oauth_app.services.refund_errors import RefundTooLargeError
from oauth_app.services.refunds import refund
from oauth_app.services.stripe_booking import Outcome, apply_order_state, mark_failed
from tests.fixtures.hub import CHARGE_PATH, Sandbox
from tests.services.beside import beside_each_other
from tests.services.stripe_orders import check_books, opened, row_of, state_of, wallet
from tests.services.wallets import fill_wallet, make_refund
from tests.services.wishes import make_wish

pytestmark = pytest.mark.postgres


@pytest.fixture
def hub_there(hub: Hub, postgresql: Engine) -> Hub:
    """Keep the hub's state in PostgreSQL."""
    return replace(hub, engine=postgresql)


@pytest.fixture
def access(access_there: Access) -> Access:
    """Let alice allow a shop everything."""
    return access_there


@pytest.fixture
def top_up(hub_there: Hub, access: Access) -> TopUp:
    """Alice's order of 12.00 USD, open."""
    return opened(hub_there, access.user_id)


@pytest.fixture
def unknown(hub_there: Hub, access: Access, sandbox: Sandbox) -> Charge:
    """A charge of which nobody knows whether OhMyGPT took it."""
    sandbox.fail(CHARGE_PATH, "html")
    return charge(hub_there, access, make_wish()).charge


def word(charge_id: str, operator: str, *, was_taken: bool) -> Resolution:
    """Return what an operator says of the charge."""
    return Resolution(charge_id=charge_id, was_taken=was_taken, operator=operator, reason="statement")


def test_a_refund_counts_what_went_back_meanwhile(hub_there: Hub, access: Access) -> None:
    """A transaction that has seen the charge whole gives back no more than is left of it now."""
    fill_wallet(hub_there.engine, access.user_id, 20_00)
    made, sight = charge(hub_there, access, make_wish(asset="CNY")).charge, Sight(partner_id=access.partner_id)

    with transaction(hub_there.engine) as session:
        seen = session.get_one(Charge, made.id)
        with transaction(hub_there.engine) as another:
            refund(another, sight, make_refund(made.id, amount=10_00))
        with pytest.raises(RefundTooLargeError):
            refund(session, sight, make_refund(made.id, amount=2, idempotency_key="r2"))
        assert seen.refunded == 10_00


def test_a_disconnect_counts_for_who_saw_the_consent_before(hub_there: Hub, access: Access) -> None:
    """A transaction that has seen the consent in force takes nothing once the user has ended it."""
    with transaction(hub_there.engine) as session:
        seen = session.get_one(Consent, access.consent_id)
        with transaction(hub_there.engine) as another:
            revoke_consent(another, access.consent_id)
        with pytest.raises(InvalidTokenError):
            lock_consent(session, access.consent_id)
        assert seen.revoked_at is not None


def test_the_first_operators_word_stands(hub_there: Hub, unknown: Charge) -> None:
    """A second operator who decides at the same moment is told that it is decided, and changes nothing."""
    with pytest.raises(ChargeSettledError):
        beside_each_other(
            hub_there.engine,
            lambda session: resolve_charge(session, word(unknown.id, "one@example.com", was_taken=True)),
            lambda session: resolve_charge(session, word(unknown.id, "two@example.com", was_taken=False)),
        )
    with transaction(hub_there.engine) as session:
        row = session.get_one(Charge, unknown.id)
        assert (row.status, row.resolved_by) == ("succeeded", "one@example.com")


def test_who_saw_a_charge_open_does_not_resolve_it_twice(hub_there: Hub, unknown: Charge) -> None:
    """What another operator has decided since is seen when the row is locked."""
    with transaction(hub_there.engine) as session:
        seen = session.get_one(Charge, unknown.id)
        with transaction(hub_there.engine) as another:
            resolve_charge(another, word(unknown.id, "one@example.com", was_taken=True))
        with pytest.raises(ChargeSettledError):
            resolve_charge(session, word(unknown.id, "two@example.com", was_taken=False))
        assert seen.resolved_by == "one@example.com"


def test_two_answers_at_once_credit_once(hub_there: Hub, top_up: TopUp) -> None:
    """The second waits, and finds the money booked."""
    told = beside_each_other(
        hub_there.engine,
        lambda session: apply_order_state(session, state_of(top_up), livemode=False),
        lambda session: apply_order_state(session, state_of(top_up), livemode=False),
    )
    assert (told, wallet(hub_there, top_up.user_id)) == (Outcome.UNCHANGED, 12_00)
    check_books(hub_there)


def test_a_refusal_at_the_moment_of_the_money_undoes_nothing(hub_there: Hub, top_up: TopUp) -> None:
    """It waits for the credit, and then there is no order left that could fail."""
    beside_each_other(
        hub_there.engine,
        lambda session: apply_order_state(session, state_of(top_up), livemode=False),
        lambda session: mark_failed(session, top_up.id, "card_declined"),
    )
    assert (row_of(hub_there, top_up.id).status, row_of(hub_there, top_up.id).failure_code) == ("paid", None)


def test_who_saw_an_order_open_does_not_credit_it_again(hub_there: Hub, top_up: TopUp) -> None:
    """What another answer has booked since is seen when the row is locked."""
    with transaction(hub_there.engine) as session:
        seen = session.get_one(TopUp, top_up.id)
        with transaction(hub_there.engine) as another:
            apply_order_state(another, state_of(top_up), livemode=False)
        assert apply_order_state(session, state_of(top_up), livemode=False) is Outcome.UNCHANGED
        assert seen.status == "paid"
    assert wallet(hub_there, top_up.user_id) == 12_00


def test_a_wallet_that_somebody_empties_is_not_counted_on(hub_there: Hub, access: Access) -> None:
    """Who chooses what pays waits for the one before, and finds what that one left."""
    fill_wallet(hub_there.engine, access.user_id, 10_01, "OMG")

    def take(session: Session) -> None:
        assert choose_funding(session, access.user_id, 10_01, "OMG") == "wallet"
        split, user_id = split_amount(10_01, 0), access.user_id
        wish = WalletCharge(reference="c", partner_id=access.partner_id, user_id=user_id, asset="OMG", split=split)
        charge_wallet(session, wish)

    def choose(session: Session) -> str:
        return choose_funding(session, access.user_id, 10_01, "OMG")

    assert beside_each_other(hub_there.engine, take, choose) == "upstream"
