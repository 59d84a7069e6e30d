"""The operator sees what differs, with the evidence, and closes it with a reason."""

import pytest
from sqlalchemy import select, update

from oauth_app import clock
from oauth_app.db import reading, transaction
from oauth_app.models import Charge, Difference, StripeEvent
from oauth_app.services.access import find_access
from oauth_app.services.charging import ChargeWish, charge
from oauth_app.services.operators import grant_operator
from oauth_app.services.reconciliation import reconcile
from tests.fixtures.grants import grant
from tests.fixtures.hub import Sandbox, make_partner, make_person
from tests.fixtures.live import Browser, LiveHub
from tests.fixtures.provider_pages import form_with

ADMIN, PAGE = "admin@example.com", "/admin/reconciliation"
REASON = "a slip of the pen, mended in the books"


@pytest.fixture
def operator(browser: Browser, live_hub: LiveHub) -> Browser:
    """Sit an operator at the browser."""
    with transaction(live_hub.hub.engine) as session:
        grant_operator(session, ADMIN)
    browser.sign_in(ADMIN)
    return browser


@pytest.fixture
def wrong_charge(live_hub: LiveHub, sandbox: Sandbox) -> str:
    """Charge alice, and let the row claim a refund that was none; return the charge's id."""
    hub = live_hub.hub
    alice = make_person(hub, sandbox, "alice@example.com")
    token = grant(hub.engine, alice.user_id, make_partner(hub.engine).client_id)
    with reading(hub.engine) as session:
        access = find_access(session, token)
    made = charge(hub, access, ChargeWish(amount=100, asset="OMG", description="A thing", idempotency_key="k1"))
    with transaction(hub.engine) as session:
        session.execute(update(Charge).values(refunded=7))
    return made.charge.id


@pytest.fixture
def alarm(live_hub: LiveHub) -> str:
    """Keep an event of Stripe's that nobody could book; return its id."""
    event = StripeEvent(
        id="unknown_order:cs_1",
        type="checkout.session.completed",
        object_id="cs_1",
        outcome="unknown_order",
        needs_look=True,
        created_at=clock.now(),
        received_at=clock.now(),
    )
    with transaction(live_hub.hub.engine) as session:
        session.add(event)
    return "unknown_order:cs_1"


def run_now(operator: Browser) -> None:
    """Press the button; the page has other forms before it."""
    _, fields = form_with(operator.get(PAGE).text, "csrf_token")
    assert operator.http.post(operator.url + PAGE, data=fields, timeout=15).status_code == 200


def difference(live: LiveHub) -> Difference:
    """Return the one difference there is."""
    with reading(live.hub.engine) as session:
        return session.scalars(select(Difference)).one()


def test_found_shown_and_closed(operator: Browser, live_hub: LiveHub, wrong_charge: str) -> None:
    """A run by hand finds it, the page shows both numbers, and a reason closes it in the operator's name."""
    run_now(operator)
    page = operator.get(PAGE)
    assert all(words in page.text for words in ("refunds_of_charge", wrong_charge, "0.07", ADMIN))
    assert operator.submit(page, "reason", reason=REASON).status_code == 303
    closed = difference(live_hub)
    assert (closed.closed_by, closed.closed_reason, closed.closed_at is not None) == (ADMIN, REASON, True)
    assert REASON in operator.get(PAGE).text


def test_closing_without_a_reason(operator: Browser, live_hub: LiveHub, wrong_charge: str) -> None:
    """A few words close nothing, and the form says what is missing."""
    run_now(operator)
    answer = operator.submit(operator.get(PAGE), "reason", reason="because")
    assert (answer.status_code, difference(live_hub).closed_at) == (422, None)
    assert ("10 to 500 characters" in answer.text, difference(live_hub).subject) == (True, wrong_charge)


def test_closed_by_another_meanwhile(operator: Browser, live_hub: LiveHub, wrong_charge: str) -> None:
    """Two operators: the second is shown how things stand, and the first one's reason is kept."""
    run_now(operator)
    page = operator.get(PAGE)
    operator.submit(page, "reason", reason=REASON)
    assert operator.submit(page, "reason", reason="something else altogether").status_code == 409
    assert (difference(live_hub).closed_reason, difference(live_hub).subject) == (REASON, wrong_charge)


def test_an_alarm_is_put_away(operator: Browser, live_hub: LiveHub, alarm: str) -> None:
    """An event that nobody could book stands on the page until somebody says why it need not."""
    page = operator.get(PAGE)
    assert alarm in page.text
    operator.submit(page, "reason", "item", reason=REASON)
    assert alarm not in operator.get(PAGE).text
    with reading(live_hub.hub.engine) as session:
        event = session.get_one(StripeEvent, alarm)
    assert (event.closed_by, event.closed_reason) == (ADMIN, REASON)


def test_the_same_for_programs(operator: Browser, live_hub: LiveHub, wrong_charge: str, alarm: str) -> None:
    """The JSON has the runs, what is open with the evidence, and the alarms."""
    reconcile(live_hub.hub, started_by="a test")
    told = operator.get(f"{PAGE}.json").json()
    assert [(row["side"], row["kind"], row["subject"]) for row in told["differences"]] == [
        ("ledger", "refunds_of_charge", wrong_charge)
    ]
    assert [row["id"] for row in told["alarms"]] == [alarm]
    assert "a test" in [row["started_by"] for row in told["runs"]]


@pytest.mark.parametrize("path", [PAGE, f"{PAGE}.json"])
def test_nobody_else_comes_in(browser: Browser, path: str) -> None:
    """A user who is no operator sees none of it."""
    browser.sign_in("alice@example.com")
    assert browser.get(path).status_code == 403


def test_a_form_from_elsewhere_changes_nothing(operator: Browser, live_hub: LiveHub, wrong_charge: str) -> None:
    """Without the page's CSRF token nothing runs and nothing is closed."""
    reconcile(live_hub.hub, started_by="a test")
    found = difference(live_hub)
    for path in (PAGE, f"{PAGE}/differences/{found.id}", f"{PAGE}/alarms"):
        answer = operator.http.post(live_hub.url + path, data={"reason": REASON, "item": "x"}, timeout=15)
        assert answer.status_code == 400
    assert (difference(live_hub).closed_at, found.subject) == (None, wrong_charge)
