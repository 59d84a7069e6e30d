"""The races of charging where writers really run beside each other: on PostgreSQL."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from sqlalchemy import Engine

from oauth_app.db import reading
from oauth_app.hub import Hub
from oauth_app.services.access import Access, find_access
from oauth_app.services.charge_errors import LimitExceededError
from oauth_app.services.charging import charge
from oauth_app.services.consent import Limits
from oauth_app.services.idempotency import IdempotencyError
from tests.fixtures.grants import grant
from tests.fixtures.hub import Sandbox, make_partner, make_person
from tests.services.books import balances, transfer_count
from tests.services.wishes import make_wish

pytestmark = pytest.mark.postgres


@pytest.fixture
def hub_there(hub: Hub, postgresql: Engine) -> Hub:
    """Keep the hub's state in PostgreSQL."""
    return replace(hub, engine=postgresql)


@pytest.fixture
def accesses(hub_there: Hub, sandbox: Sandbox) -> list[Access]:
    """Let alice and carol allow one shop five charges of 10.01 a month."""
    shop = make_partner(hub_there.engine, fee_basis_points=250)
    found = []
    for email in ("alice@example.com", "carol@example.com"):
        person = make_person(hub_there, sandbox, email)
        limits = Limits(per_charge=50_05, per_month=50_05)
        token = grant(hub_there.engine, person.user_id, shop.client_id, limits=limits)
        with reading(hub_there.engine) as session:
            found.append(find_access(session, token))
    return found


def test_twenty_presses_charge_once_there(hub_there: Hub, accesses: list[Access], sandbox: Sandbox) -> None:
    """Twenty requests of one key, from two users even, are one charge."""

    def press(number: int) -> bool:
        try:
            return not charge(hub_there, accesses[number % 2], make_wish()).replayed
        except IdempotencyError:
            return False

    with ThreadPoolExecutor(20) as pool:
        assert sum(pool.map(press, range(20))) == 1
    charged = [sandbox.account(email)["charges"] for email in ("alice@example.com", "carol@example.com")]
    assert sum(charged) == transfer_count(hub_there) == 1


def test_twenty_orders_keep_to_the_limit_there(hub_there: Hub, accesses: list[Access], sandbox: Sandbox) -> None:
    """Charges that run beside each other share what the user allowed, and the books balance."""

    def press(number: int) -> bool:
        try:
            charge(hub_there, accesses[0], make_wish(idempotency_key=f"order-{number}"))
        except LimitExceededError:
            return False
        return True

    with ThreadPoolExecutor(20) as pool:
        assert sum(pool.map(press, range(20))) == 5
    assert sandbox.account("alice@example.com")["charged"] == "50.05"
    assert balances(hub_there) == {"upstream_clearing": -50_05, "partner_earnings": 48_80, "platform_fees": 1_25}
