"""Webhook endpoints, signatures, retries, and everything that can go wrong on the way."""

import time
from typing import Any

import pytest
import requests
import stripe

from oauth_app.sandbox.config import Config, ConfigError
from tests.sandbox.emulator import running
from tests.sandbox.stripe_double.receiver import Receiver, receiving
from tests.sandbox.stripe_double.shop import Shop


def test_a_secret_is_given_once(shop: Shop, receiver: Receiver) -> None:
    """Only the answer to the creation has it."""
    [listed] = shop.stripe.v1.webhook_endpoints.list().data
    assert receiver.secret.startswith("whsec_")
    assert "secret" not in listed.to_dict()
    assert "secret" not in shop.stripe.v1.webhook_endpoints.retrieve(listed.id).to_dict()


def test_an_event_is_signed_and_names_its_request(shop: Shop, receiver: Receiver) -> None:
    """Stripe's own code verifies the bytes; another secret does not."""
    customer = shop.stripe.v1.customers.create({"name": "Ada"}, {"idempotency_key": "key-1"})
    receiver.wait(1)
    [event] = receiver.events()
    assert (event.type, event.data.object["id"]) == ("customer.created", customer.id)
    assert (event.request.idempotency_key, event.request.id[:4]) == ("key-1", "req_")
    receiver.secret = "whsec_other"
    with pytest.raises(stripe.SignatureVerificationError):
        receiver.events()


def test_an_endpoint_gets_what_it_wants(shop: Shop, receiver: Receiver) -> None:
    """Types are chosen, changed, switched off, and end with the endpoint."""
    endpoints = shop.stripe.v1.webhook_endpoints
    endpoint_id = endpoints.list().data[0].id
    endpoints.update(endpoint_id, {"enabled_events": ["customer.deleted"]})
    customer = shop.stripe.v1.customers.create()
    shop.stripe.v1.customers.delete(customer.id)
    assert receiver.wait(1) == ["customer.deleted"]
    assert endpoints.update(endpoint_id, {"disabled": True}).status == "disabled"
    assert endpoints.delete(endpoint_id).deleted
    assert endpoints.list().data == []


def test_a_failed_webhook_is_tried_again(shop: Shop, receiver: Receiver) -> None:
    """After a 500 and a redirect the third attempt arrives; the log counts them."""
    receiver.statuses = [500, 302]
    shop.stripe.v1.customers.create()
    assert receiver.wait(3) == ["customer.created"] * 3
    assert len({event.id for event in receiver.events()}) == 1
    assert _settled(shop)[0] | {"id": 0, "event": "", "endpoint": ""} == {
        "id": 0,
        "status": "delivered",
        "attempts": 3,
        "outcome": "HTTP 2xx",
        "event": "",
        "endpoint": "",
        "type": "customer.created",
    }


def test_a_webhook_that_never_arrives_is_given_up(shop: Shop, receiver: Receiver) -> None:
    """When the pauses are used up the event can be sent again by hand."""
    receiver.statuses = [503] * 3
    shop.stripe.v1.customers.create()
    receiver.wait(3)
    assert (_settled(shop)[0]["status"], _settled(shop)[0]["outcome"]) == ("failed", "HTTP 503")
    [event] = shop.stripe.v1.events.list().data
    assert shop.control(f"events/{event.id}/resend").json()["id"] == event.id
    assert len(receiver.wait(4)) == 4


def test_a_doubled_webhook_comes_twice(shop: Shop, receiver: Receiver) -> None:
    """Both have the same event id."""
    shop.control("webhook-faults", {"kind": "duplicate"})
    shop.stripe.v1.customers.create()
    receiver.wait(2)
    assert len({event.id for event in receiver.events()}) == 1


def test_lost_webhooks_are_only_in_the_list(shop: Shop, receiver: Receiver) -> None:
    """Two are lost and the third arrives; the list of events has all three."""
    shop.control("webhook-faults", {"kind": "lose", "times": 2})
    names = ["a", "b", "c"]
    for name in names:
        shop.stripe.v1.customers.create({"name": name})
    receiver.wait(1)
    assert [event.data.object["name"] for event in receiver.events()] == ["c"]
    listed = shop.stripe.v1.events.list({"type": "customer.created"}).data
    assert [event.data.object["name"] for event in listed] == names[::-1]


def test_reordered_webhooks_come_backwards(shop: Shop, receiver: Receiver) -> None:
    """None leaves before all are there."""
    shop.control("webhook-faults", {"kind": "reorder", "times": 3})
    shop.paid(payment_method_types=["card"])
    arrived = receiver.wait(4)
    told = shop.event_types()
    assert sorted(arrived) == sorted(told)
    assert [name for name in arrived if name != told[3]] == told[2::-1]


def test_a_delayed_webhook_comes_late(shop: Shop, receiver: Receiver) -> None:
    """Until then the event has a webhook that is pending."""
    shop.control("webhook-faults", {"kind": "delay", "delay_ms": 400})
    began = time.monotonic()
    shop.stripe.v1.customers.create()
    assert shop.stripe.v1.events.list().data[0].pending_webhooks == 1
    receiver.wait(1)
    assert time.monotonic() - began >= 0.4


def test_forgetting_faults_sends_what_they_hold(shop: Shop, receiver: Receiver) -> None:
    """A test that waits for no more events gets those that were held back."""
    shop.control("webhook-faults", {"kind": "reorder", "times": 5})
    shop.stripe.v1.customers.create()
    requests.delete(f"{shop.url}/_sandbox/stripe/webhook-faults", timeout=10)
    assert receiver.wait(1) == ["customer.created"]


@pytest.mark.parametrize(
    "url", ["http://192.0.2.1/hook", "https://example.com/", "http://0.0.0.0/", "ftp://127.0.0.1/"]
)
def test_webhooks_never_leave_this_machine(shop: Shop, url: str) -> None:
    """An endpoint must be a loopback address."""
    with pytest.raises(stripe.InvalidRequestError) as refused:
        shop.stripe.v1.webhook_endpoints.create({"url": url, "enabled_events": ["*"]})
    assert (refused.value.param, refused.value.code) == ("url", "url_invalid")


def test_the_endpoint_of_the_settings_gets_everything() -> None:
    """Hub and sandbox can agree on an address and a secret before either runs."""
    with receiving() as receiver:
        receiver.secret = "whsec_agreed"
        config = Config(faults=True, stripe_webhook_url=receiver.url, stripe_webhook_secret=receiver.secret)
        with running(config) as sandbox:
            key = (config.stripe_key, "")
            assert requests.post(f"{sandbox.url}/stripe/v1/customers", auth=key, timeout=10).status_code == 200
            assert receiver.wait(1) == ["customer.created"]
            listed = requests.get(f"{sandbox.url}/stripe/v1/webhook_endpoints", auth=key, timeout=10).json()
            assert listed["data"] == []


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("SANDBOX_STRIPE_WEBHOOK_URL", "https://example.com/hook"),
        ("SANDBOX_STRIPE_WEBHOOK_URL", "127.0.0.1:8000"),
        ("SANDBOX_STRIPE_RETRY_MS", "soon"),
    ],
)
def test_a_bad_setting_stops_the_start(name: str, text: str) -> None:
    """The message names the setting."""
    with pytest.raises(ConfigError, match=name):
        Config.from_environment({name: text}, database=":memory:")
    good = {"SANDBOX_STRIPE_WEBHOOK_URL": "http://localhost:8000/hook", "SANDBOX_STRIPE_RETRY_MS": "10, 20"}
    assert Config.from_environment(good, database=":memory:").stripe_retry_pauses_ms == (10, 20)


def _settled(shop: Shop) -> list[dict[str, Any]]:
    """Return the log of deliveries once none is waiting."""
    for _ in range(200):
        log: list[dict[str, Any]] = requests.get(f"{shop.url}/_sandbox/stripe/deliveries", timeout=10).json()
        if all(entry["status"] != "waiting" for entry in log):
            return log
        time.sleep(0.02)
    raise AssertionError(log)
