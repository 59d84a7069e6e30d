"""The operator decides on a charge whose outcome nobody else can tell."""

import pytest

from oauth_app.db import reading, transaction
from oauth_app.models import Charge
from oauth_app.services.access import find_access
from oauth_app.services.charging import ChargeWish, charge
from oauth_app.services.operators import grant_operator
from tests.fixtures.grants import grant
from tests.fixtures.hub import CHARGE_PATH, Sandbox, make_partner, make_person
from tests.fixtures.live import Browser, LiveHub

ADMIN = "admin@example.com"


@pytest.fixture
def unknown_charge(live_hub: LiveHub, sandbox: Sandbox) -> str:
    """Charge alice with the answer lost on the way; return the charge's id."""
    hub = live_hub.hub
    alice = make_person(hub, sandbox, "alice@example.com")
    token = grant(hub.engine, alice.user_id, make_partner(hub.engine).client_id)
    with reading(hub.engine) as session:
        access = find_access(session, token)
    sandbox.fail(CHARGE_PATH, "reset_after")
    wish = ChargeWish(amount=100, asset="OMG", description="A thing", idempotency_key="k1")
    return charge(hub, access, wish).charge.id


@pytest.fixture
def operator(browser: Browser, live_hub: LiveHub) -> Browser:
    """Sit an operator at the browser."""
    with transaction(live_hub.hub.engine) as session:
        grant_operator(session, ADMIN)
    browser.sign_in(ADMIN)
    return browser


def read(live: LiveHub, charge_id: str) -> Charge:
    """Return the charge as it stands in the database."""
    with reading(live.hub.engine) as session:
        return session.get_one(Charge, charge_id)


@pytest.mark.parametrize(("decision", "status"), [("taken", "succeeded"), ("not-taken", "failed")])
def test_the_operator_settles_it(
    operator: Browser, live_hub: LiveHub, unknown_charge: str, decision: str, status: str
) -> None:
    """With a reason, an unknown charge is settled one way or the other."""
    page = operator.get(f"/admin/charges/{unknown_charge}")
    assert "3,399,999.00" in page.text  # what the balance is now, and would be if taken
    operator.submit(page, "reason", reason="seen in the statement", decision=decision)
    assert read(live_hub, unknown_charge).status == status


def test_a_decision_needs_a_reason(operator: Browser, live_hub: LiveHub, unknown_charge: str) -> None:
    """Without a reason nothing is settled, and the form says so."""
    page = operator.get(f"/admin/charges/{unknown_charge}")
    answer = operator.submit(page, "reason", reason="  ", decision="taken")
    assert (answer.status_code, read(live_hub, unknown_charge).status) == (422, "unknown")


def test_it_is_decided_once(operator: Browser, live_hub: LiveHub, unknown_charge: str) -> None:
    """A second decision from a page left open changes nothing."""
    page = operator.get(f"/admin/charges/{unknown_charge}")
    operator.submit(page, "reason", reason="seen", decision="taken")
    answer = operator.submit(page, "reason", reason="oh no", decision="not-taken")
    assert (answer.status_code, read(live_hub, unknown_charge).status) == (409, "succeeded")


def test_users_do_not_decide(browser: Browser, unknown_charge: str) -> None:
    """Somebody who is no operator does not even see the charge."""
    browser.sign_in("bob@example.com")
    assert browser.get(f"/admin/charges/{unknown_charge}").status_code == 403
