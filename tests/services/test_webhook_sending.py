"""Webhooks as a partner's server gets them: signed as Standard Webhooks says, and what its answer means."""

import base64
import hashlib
import hmac
import re
from collections.abc import Callable
from datetime import timedelta
from typing import cast

import pytest
from sqlalchemy import select, update

from oauth_app import clock
from oauth_app.db import reading, transaction
from oauth_app.hub import Hub
from oauth_app.models import Delivery, Partner, WebhookEndpoint
from oauth_app.services.event_lists import read_event, resend_event
from oauth_app.services.partners import Credentials
from oauth_app.services.webhook_endpoints import (
    Receipt,
    delete_endpoint,
    get_endpoint,
    rotate_endpoint_secret,
    switch_endpoint,
)
from oauth_app.services.webhook_signatures import sign
from tests.conftest import ROOT
from tests.fixtures.hub import make_partner
from tests.fixtures.webhook_receiver import Webhook, WebhookReceiver
from tests.services.webhooks import happen, make_endpoint, send_all


@pytest.fixture
def endpoint(hub: Hub, shop: Credentials, webhook_receiver: WebhookReceiver) -> Receipt:
    """The shop's endpoint, at the receiver."""
    return make_endpoint(hub, shop.client_id, webhook_receiver.url)


def signature_of(secret: str, message: Webhook) -> str:
    """Compute the signature from the specification: HMAC-SHA256 over ``id.timestamp.body``, key in base64."""
    key = base64.b64decode(secret.removeprefix("omc_").removeprefix("whsec_"), validate=True)
    signed = b".".join(
        [message.headers["webhook-id"].encode(), message.headers["webhook-timestamp"].encode(), message.body]
    )
    return "v1," + base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()


def documented_check() -> Callable[[str, dict[str, str], bytes], bool]:
    """Return the function that the documentation gives to partners."""
    text = (ROOT / "docs" / "webhooks.md").read_text()
    names: dict[str, object] = {}
    for block in re.findall(r"```python\n(.*?)```", text, re.DOTALL):
        exec(block, names)  # noqa: S102 - our own text, tested as partners use it
    return cast("Callable[[str, dict[str, str], bytes], bool]", names["is_ours"])


def deliveries(hub: Hub) -> list[Delivery]:
    """Return all, oldest first."""
    with reading(hub.engine) as session:
        return list(session.scalars(select(Delivery).order_by(Delivery.id)))


def test_an_event_arrives_signed(
    hub: Hub, endpoint: Receipt, shop: Credentials, webhook_receiver: WebhookReceiver
) -> None:
    """Id, time and body are what the signature says, and the body is the event."""
    event_id = happen(hub, shop.client_id)
    assert [outcome.was_taken for outcome in send_all(hub)] == [True]
    (message,) = webhook_receiver.got
    assert message.headers["content-type"] == "application/json"
    assert message.headers["webhook-id"] == event_id
    assert abs(int(message.headers["webhook-timestamp"]) - clock.now().timestamp()) < 5
    assert message.headers["webhook-signature"] == signature_of(endpoint.secret or "", message)
    with reading(hub.engine) as session:
        created_at = clock.rfc3339(read_event(session, event_id).created_at)
    assert message.content == {
        "id": event_id,
        "type": "charge.succeeded",
        "created_at": created_at,
        "data": {"object": {"id": "ch_1", "note": "“ü”"}},
    }


def test_the_documented_check_accepts_ours_alone(
    hub: Hub, endpoint: Receipt, shop: Credentials, webhook_receiver: WebhookReceiver
) -> None:
    """The code in the documentation takes our webhook, and none with another body, id, time or secret."""
    is_ours, secret = documented_check(), endpoint.secret or ""
    happen(hub, shop.client_id)
    send_all(hub)
    message = webhook_receiver.got[0]
    later = str(int(message.headers["webhook-timestamp"]) + 1)
    assert is_ours(secret, message.headers, message.body)
    assert not is_ours(secret, message.headers, message.body + b" ")
    assert not is_ours(secret, message.headers | {"webhook-id": "evt_other"}, message.body)
    assert not is_ours(secret, message.headers | {"webhook-timestamp": later}, message.body)
    assert not is_ours("omc_whsec_" + "A" * 40, message.headers, message.body)


def test_the_signature_is_that_of_the_specification() -> None:
    """A known secret, id, time and body have the signature that Standard Webhooks computes for them."""
    key = "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    body = b'{"test": 2432232314}'
    signature = sign(f"omc_whsec_{key}", "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, body)
    assert signature == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_two_secrets_sign_while_a_partner_rotates(
    hub: Hub, endpoint: Receipt, shop: Credentials, webhook_receiver: WebhookReceiver
) -> None:
    """For 24 hours the new secret's signature comes first, and the old one's after it; then the new one's alone."""
    with transaction(hub.engine) as session:
        new = rotate_endpoint_secret(session, hub.vault, shop.client_id, endpoint.endpoint.id).secret
    for hours in (0, 23, 25):
        with clock.moved(timedelta(hours=hours)):
            happen(hub, shop.client_id)
            send_all(hub)
    given = [message.headers["webhook-signature"].split(" ") for message in webhook_receiver.got]
    expected = [
        [signature_of(secret or "", message) for secret in (new, endpoint.secret)] for message in webhook_receiver.got
    ]
    assert new != endpoint.secret
    assert given == [expected[0], expected[1], expected[2][:1]]


def test_a_repeat_is_the_same_bytes_under_the_same_id(
    hub: Hub, endpoint: Receipt, shop: Credentials, webhook_receiver: WebhookReceiver
) -> None:
    """What was not taken comes again, later, unchanged but for time and signature; so does what is resent."""
    webhook_receiver.status = 500
    event_id = happen(hub, shop.client_id)
    send_all(hub)
    assert [row.last_error for row in deliveries(hub)] == ["answered 500"]
    webhook_receiver.status = 204
    with clock.moved(timedelta(seconds=10)):
        send_all(hub)
        with transaction(hub.engine) as session:
            assert resend_event(session, read_event(session, event_id), endpoint.endpoint.id) == 1
        send_all(hub)
    first, second, third = webhook_receiver.got
    assert first.body == second.body == third.body
    assert {message.headers["webhook-id"] for message in webhook_receiver.got} == {event_id}
    assert int(second.headers["webhook-timestamp"]) >= int(first.headers["webhook-timestamp"]) + 10
    assert [(row.was_taken, row.attempts, row.last_status) for row in deliveries(hub)] == [
        (True, 2, 204),
        (True, 1, 204),
    ]


def test_gone_switches_the_endpoint_off(
    hub: Hub, endpoint: Receipt, shop: Credentials, webhook_receiver: WebhookReceiver
) -> None:
    """410 is the last that an endpoint is asked."""
    webhook_receiver.status = 410
    happen(hub, shop.client_id)
    (outcome,) = send_all(hub)
    assert (outcome.is_final, outcome.status) == (True, 410)
    with reading(hub.engine) as session:
        assert get_endpoint(session, shop.client_id, endpoint.endpoint.id).disabled_at is not None


def test_a_redirect_is_not_followed(
    hub: Hub, endpoint: Receipt, shop: Credentials, webhook_receiver: WebhookReceiver
) -> None:
    """Whoever answers for the partner cannot send the hub on: it counts as not taken."""
    webhook_receiver.status, webhook_receiver.location = 307, webhook_receiver.url + "/elsewhere"
    happen(hub, shop.client_id)
    (outcome,) = send_all(hub)
    assert (outcome.was_taken, outcome.is_final, outcome.error) == (False, False, "answered 307")
    assert len(webhook_receiver.got) == 1
    assert endpoint.endpoint.disabled_at is None


@pytest.mark.parametrize("trouble", ["disabled", "deleted", "partner", "foreign"])
def test_what_may_not_be_told_any_more_is_given_up(
    hub: Hub, endpoint: Receipt, shop: Credentials, webhook_receiver: WebhookReceiver, trouble: str
) -> None:
    """An endpoint switched off or deleted, a partner switched off, another's endpoint: nothing is sent."""
    happen(hub, shop.client_id)
    endpoint_id = endpoint.endpoint.id
    other = make_partner(hub.engine, name="Other").client_id
    with transaction(hub.engine) as session:
        if trouble == "disabled":
            switch_endpoint(get_endpoint(session, shop.client_id, endpoint_id), is_enabled=False)
        elif trouble == "deleted":
            delete_endpoint(session, shop.client_id, endpoint_id)
        elif trouble == "partner":
            session.get_one(Partner, shop.client_id).disabled_at = clock.now()
        else:
            session.execute(update(WebhookEndpoint).values(partner_id=other))
    assert [outcome.is_final for outcome in send_all(hub)] == ([] if trouble == "deleted" else [True])
    assert webhook_receiver.got == []
    assert deliveries(hub)[0].done_at is not None
