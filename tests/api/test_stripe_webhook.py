"""``/webhooks/stripe``: only what Stripe signed, over the raw bytes, is heard; and it is asked for again."""

import json
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import delete, select
from werkzeug.test import TestResponse

from oauth_app.db import reading, transaction
from oauth_app.hub import Hub
from oauth_app.models import StripeEvent, TopUp
from tests.fixtures.hub import Person, Sandbox
from tests.payments.test_event import signed
from tests.services.books import only_top_up
from tests.services.stripe_orders import Stripe, alarms, check_books, opened, row_of, wallet

SECRET = "whsec_sandbox_not_a_secret"


@pytest.fixture
def stripe(sandbox: Sandbox) -> Stripe:
    """The operator's Stripe."""
    return Stripe(sandbox)


@pytest.fixture
def order(hub: Hub, alice: Person, stripe: Stripe) -> TopUp:
    """Alice's order of 12.00 USD, paid at Stripe."""
    order = opened(hub, alice.user_id)
    stripe.press(order, "pay")
    return order


def told(stripe: Stripe, **changes: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    """Return the event that says that the session was completed, but for the changes."""
    event = next(one for one in stripe.events() if one["type"] == "checkout.session.completed")
    return event | changes


def send(client: FlaskClient, event: dict[str, Any] | bytes, secret: str = SECRET, age_s: int = 0) -> TestResponse:
    """Send an event as Stripe does."""
    payload = event if isinstance(event, bytes) else json.dumps(event).encode()
    headers = {"Stripe-Signature": signed(payload, secret, age_s=age_s)}
    return client.post("/webhooks/stripe", data=payload, headers=headers, content_type="application/json")


def test_a_payment_is_credited_once(client: FlaskClient, hub: Hub, alice: Person, order: TopUp, stripe: Stripe) -> None:
    """The same event twice is one credit; its row says what it did."""
    answers = [send(client, told(stripe)) for _ in range(2)]
    assert [(answer.status_code, answer.text) for answer in answers] == [(200, "credited\n")] * 2
    assert (row_of(hub, order.id).status, wallet(hub, alice.user_id)) == ("paid", 12_00)
    check_books(hub)


@pytest.mark.parametrize(
    ("secret", "age_s"), [("whsec_of_somebody_else", 0), (SECRET, 310), ("", 0)], ids=["foreign", "old", "empty"]
)
@pytest.mark.usefixtures("order")
def test_what_stripe_did_not_sign_just_now_is_refused(
    client: FlaskClient,
    hub: Hub,
    alice: Person,
    stripe: Stripe,
    caplog: pytest.LogCaptureFixture,
    *,
    secret: str,
    age_s: int,
) -> None:
    """A wrong or an old signature: 400 and a line in the log; nothing is written, nothing credited."""
    assert send(client, told(stripe), secret, age_s).status_code == 400
    assert "an event was refused" in caplog.text
    with reading(hub.engine) as session:
        assert session.scalars(select(StripeEvent)).all() == []
    assert wallet(hub, alice.user_id) == 0


@pytest.mark.usefixtures("order")
def test_another_account_is_refused(
    client: FlaskClient, hub: Hub, alice: Person, stripe: Stripe, caplog: pytest.LogCaptureFixture
) -> None:
    """An event of an account that is connected to ours is not ours, and the log says that one came."""
    assert send(client, told(stripe, account="acct_1234")).status_code == 400
    assert (wallet(hub, alice.user_id), "an event was refused" in caplog.text) == (0, True)


@pytest.mark.usefixtures("order")
def test_changed_bytes_are_refused(client: FlaskClient, hub: Hub, alice: Person, stripe: Stripe) -> None:
    """The signature is of the bytes as they came: the same JSON with one space more is not what was signed."""
    payload = json.dumps(told(stripe)).encode()
    headers = {"Stripe-Signature": signed(payload, SECRET)}
    assert client.post("/webhooks/stripe", data=payload + b" ", headers=headers).status_code == 400
    assert wallet(hub, alice.user_id) == 0


@pytest.mark.usefixtures("order")
def test_a_session_that_stripe_does_not_know_is_an_alarm(
    client: FlaskClient, hub: Hub, alice: Person, stripe: Stripe, caplog: pytest.LogCaptureFixture
) -> None:
    """A signed event of a session that our account does not have: nothing is credited, and somebody looks."""
    event = told(stripe)
    event["data"]["object"] |= {"id": "cs_test_of_nobody"}
    assert send(client, event).text == "unreadable\n"
    assert (wallet(hub, alice.user_id), alarms(hub)) == (0, [("unreadable", "cs_test_of_nobody")])
    assert "alarm: unreadable" in caplog.text


@pytest.mark.usefixtures("order")
def test_the_other_mode_is_an_alarm(client: FlaskClient, hub: Hub, alice: Person, stripe: Stripe) -> None:
    """A live event at a hub in test mode is believed by nobody, and looked at by somebody."""
    assert send(client, told(stripe, livemode=True)).text == "mismatch\n"
    assert (wallet(hub, alice.user_id), len(alarms(hub))) == (0, 1)


@pytest.mark.usefixtures("order")
@pytest.mark.parametrize(
    "field", [{"amount": 11_99}, {"amount": 12_01}, {"asset": "CNY"}, {"kind": "invoice"}], ids=str
)
def test_what_does_not_fit_is_an_alarm(
    client: FlaskClient,
    hub: Hub,
    alice: Person,
    stripe: Stripe,
    caplog: pytest.LogCaptureFixture,
    *,
    field: dict[str, Any],
) -> None:
    """Stripe has another amount, currency or kind than our row: nothing is credited, and somebody looks."""
    order = only_top_up(hub)
    with transaction(hub.engine) as session:
        for name, value in field.items():
            setattr(session.get_one(TopUp, order.id), name, value)
    assert send(client, told(stripe)).text == "mismatch\n"
    assert (wallet(hub, alice.user_id), alarms(hub)) == (0, [("mismatch", order.stripe_order_id)])
    assert row_of(hub, order.id).status == "open"
    assert "alarm: mismatch" in caplog.text


def test_an_order_that_nobody_knows_is_sent_again(client: FlaskClient, hub: Hub, order: TopUp, stripe: Stripe) -> None:
    """Paid, with our mark, and no row: Stripe is told to keep it, and the operator to look."""
    with transaction(hub.engine) as session:
        session.execute(delete(TopUp))
    assert send(client, told(stripe)).status_code == 409
    assert alarms(hub) == [("unknown_order", order.stripe_order_id)]


def test_what_is_not_ours_is_ignored(client: FlaskClient, hub: Hub, stripe: Stripe) -> None:
    """The operator's other sales are nobody's affair here."""
    form = {
        "mode": "payment",
        "success_url": "http://127.0.0.1/",
        "line_items[0][quantity]": 1,
        "line_items[0][price_data][currency]": "usd",
        "line_items[0][price_data][unit_amount]": 500,
        "line_items[0][price_data][product_data][name]": "Mug",
    }
    session = stripe.call("POST", "checkout/sessions", form)
    stripe.call("POST", f"checkout/sessions/{session['id']}/expire")
    event = next(one for one in stripe.events() if one["type"] == "checkout.session.expired")
    assert (send(client, event).status_code, alarms(hub)) == (200, [])


@pytest.mark.parametrize("event_type", ["customer.created", "balance.available", "payout.paid", "product.updated"])
def test_other_types_are_ignored(client: FlaskClient, event_type: str) -> None:
    """Whatever else the operator lets Stripe send is answered with 200, or Stripe would switch the address off."""
    event = {"id": "evt_1", "object": "event", "type": event_type, "created": 1, "data": {"object": {}}}
    assert send(client, event).status_code == 200


@pytest.mark.usefixtures("order")
def test_when_stripe_cannot_be_asked_the_event_must_come_again(
    client: FlaskClient, hub: Hub, alice: Person, stripe: Stripe
) -> None:
    """No answer, no credit, and no row that would take the repeat for done."""
    event = told(stripe)
    stripe.sandbox.fail("/stripe/v1/checkout/sessions", "status")
    assert send(client, event).status_code == 503
    assert wallet(hub, alice.user_id) == 0
    assert send(client, event).status_code == 200
    assert wallet(hub, alice.user_id) == 12_00


def test_large_bodies_are_refused(client: FlaskClient) -> None:
    """256 KB are enough for every event."""
    assert send(client, b" " * (256 * 1024 + 1)).status_code == 413


def test_the_events_words_are_not_believed(
    client: FlaskClient, hub: Hub, alice: Person, order: TopUp, stripe: Stripe
) -> None:
    """Even a signed event cannot make an order paid that Stripe does not show as paid."""
    unpaid = opened(hub, alice.user_id)
    event = told(stripe)
    event["data"]["object"] |= {"id": unpaid.stripe_order_id, "payment_status": "paid"}
    assert order.id != unpaid.id
    assert send(client, event).status_code == 200
    assert (row_of(hub, unpaid.id).status, wallet(hub, alice.user_id)) == ("open", 0)
