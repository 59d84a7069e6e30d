"""Keys, headers, idempotency, lists and expansion."""

import http.client
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
import stripe

from oauth_app.sandbox.config import DUMMY_STRIPE_KEY, Config
from tests.sandbox.emulator import Emulator, running
from tests.sandbox.stripe_double.shop import Shop, checkout

KEY = {"Authorization": f"Bearer {DUMMY_STRIPE_KEY}"}
FORM = "application/x-www-form-urlencoded"


def test_customers_live_and_die(shop: Shop) -> None:
    """Create, update, find by e-mail, delete; a deleted one answers but is in no list."""
    customers = shop.stripe.v1.customers
    made = customers.create({"email": "ada@example.com", "name": "Ada", "metadata": {"user": "7", "tmp": "x"}})
    changed = customers.update(made.id, {"name": "", "metadata": {"tmp": ""}, "address": {"city": "Bern"}})
    assert (changed.name, changed.metadata.to_dict(), changed.address.city) == (None, {"user": "7"}, "Bern")
    assert [found.id for found in customers.list({"email": "ada@example.com"}).data] == [made.id]
    customers.delete(made.id)
    assert (customers.retrieve(made.id).deleted, customers.list().data) == (True, [])
    with pytest.raises(stripe.InvalidRequestError, match="No such customer"):
        customers.update(made.id, {"name": "Bo"})


def test_an_update_tells_what_was_before(shop: Shop) -> None:
    """``previous_attributes`` has the fields that changed, and nothing is told when none did."""
    customer = shop.stripe.v1.customers.create({"name": "Ada", "phone": "1"})
    for _ in range(2):
        shop.stripe.v1.customers.update(customer.id, {"name": "Bo"})
    [event] = shop.stripe.v1.events.list({"type": "customer.updated"}).data
    assert event.data.previous_attributes.to_dict() == {"name": "Ada"}
    assert shop.stripe.v1.events.retrieve(event.id).data.object["name"] == "Bo"


@pytest.mark.parametrize("key", ["sk_test_another_key", "sk_live_x", "pk_test_x", "é"])
def test_a_wrong_key_is_refused(shop: Shop, key: str) -> None:
    """The message does not repeat the key."""
    answer = requests.get(f"{shop.url}/stripe/v1/customers", auth=(key.encode(), b""), timeout=10)
    assert (answer.status_code, answer.json()["error"]["type"]) == (401, "invalid_request_error")
    assert key not in answer.text
    with pytest.raises(stripe.AuthenticationError):
        shop.stripe.v1.customers.list({}, {"api_key": "sk_test_other"})
    bare = requests.get(f"{shop.url}/stripe/v1/customers", headers={"Authorization": "Basic !"}, timeout=10)
    assert "did not provide" in bare.json()["error"]["message"]


def test_the_settings_choose_the_key() -> None:
    """With another key the documented one opens nothing."""
    with running(Config(stripe_key="sk_test_mine")) as sandbox:
        answer = requests.get(f"{sandbox.url}/stripe/v1/customers", headers=KEY, timeout=10)
        assert answer.status_code == 401


def test_answers_carry_stripes_headers(shop: Shop) -> None:
    """Request id, version and idempotency key can be read from an answer."""
    made = shop.stripe.v1.customers.create({}, {"idempotency_key": "key-1"})
    headers: Any = made.last_response.headers
    assert headers["request-id"].startswith("req_")
    assert (headers["stripe-version"], headers["idempotency-key"]) == ("2026-10-28.endive", "key-1")


def test_a_repeat_gets_the_first_answer(shop: Shop) -> None:
    """The same key and parameters do nothing twice, and say so."""
    first, second = (shop.stripe.v1.customers.create({"name": "Ada"}, {"idempotency_key": "k"}) for _ in range(2))
    headers: Any = second.last_response.headers
    original: Any = first.last_response.headers
    assert (first.id, headers["idempotent-replayed"]) == (second.id, "true")
    assert headers["original-request"] == original["request-id"] != headers["request-id"]
    assert len(shop.stripe.v1.customers.list().data) == 1


def test_a_refusal_is_repeated_with_its_status(shop: Shop) -> None:
    """What failed stays failed under its key, even when it would now succeed; a wrong parameter uses no key."""
    intent, key = shop.paid("later"), "k"
    for _ in range(2):
        with pytest.raises(stripe.InvalidRequestError, match="no successful charge"):
            shop.stripe.v1.refunds.create({"payment_intent": intent.id}, {"idempotency_key": key})
        shop.control(f"payments/{intent.id}", {"step": "arrive"})
    bad: Any = {"email": "nobody"}
    with pytest.raises(stripe.InvalidRequestError):
        shop.stripe.v1.customers.create(bad, {"idempotency_key": "k2"})
    assert shop.stripe.v1.customers.create({}, {"idempotency_key": "k2"}).id


def test_a_key_belongs_to_one_request(shop: Shop) -> None:
    """Other parameters or another address under a used key are an idempotency error."""
    shop.stripe.v1.customers.create({"name": "Ada"}, {"idempotency_key": "k"})
    with pytest.raises(stripe.IdempotencyError, match="same parameters"):
        shop.stripe.v1.customers.create({"name": "Bo"}, {"idempotency_key": "k"})
    with pytest.raises(stripe.IdempotencyError, match="same endpoint"):
        shop.stripe.v1.checkout.sessions.create(checkout(), {"idempotency_key": "k"})


def test_a_key_in_use_is_a_conflict(shop: Shop) -> None:
    """While a request is under way another with its key gets 409; afterwards its answer."""
    headers = {**KEY, "Idempotency-Key": "k", "Content-Type": FORM, "Content-Length": "8"}
    slow = http.client.HTTPConnection(urlsplit(shop.url).netloc, timeout=10)
    slow.putrequest("POST", "/stripe/v1/customers")
    for name, value in headers.items():
        slow.putheader(name, value)
    slow.endheaders(b"name")
    fast = _post_until(shop, 409, "name=Ada")
    slow.send(b"=Ada")
    done = slow.getresponse()
    assert (fast.json()["error"]["code"], done.status) == ("idempotency_key_in_use", 200)
    done.read()
    slow.close()
    assert _post_until(shop, 200, "name=Ada").headers["idempotent-replayed"] == "true"


def test_a_lost_answer_is_found_by_retrying(shop: Shop) -> None:
    """The SDK's own retry after a dropped connection creates nothing twice."""
    fault = {"match": "/stripe/v1/customers", "kind": "reset_after"}
    requests.post(f"{shop.url}/_sandbox/faults", json=fault, timeout=10)
    made = shop.stripe.v1.customers.create({"name": "Ada"}, {"max_network_retries": 1})
    assert [customer.id for customer in shop.stripe.v1.customers.list().data] == [made.id]


def test_an_injected_status_has_stripes_shape(shop: Shop) -> None:
    """A fault of the control interface is an APIError for the SDK."""
    fault = {"match": "/stripe/v1/", "kind": "status", "code": 500}
    requests.post(f"{shop.url}/_sandbox/faults", json=fault, timeout=10)
    with pytest.raises(stripe.APIError, match="Injected"):
        shop.stripe.v1.customers.list()


def test_lists_come_in_pages(shop: Shop) -> None:
    """Forwards, backwards, and all of it by the SDK's own paging."""
    made = [str(shop.stripe.v1.customers.create({"name": str(number)}).id) for number in range(5)][::-1]
    customers = shop.stripe.v1.customers
    first = customers.list({"limit": 2})
    assert ([item.id for item in first.data], first.has_more) == (made[:2], True)
    back = customers.list({"limit": 2, "ending_before": made[3]})
    assert ([item.id for item in back.data], back.has_more) == (made[1:3], True)
    assert [item.id for item in first.auto_paging_iter()] == made
    with pytest.raises(stripe.InvalidRequestError, match="No such customer"):
        customers.list({"starting_after": "cus_x"})


def test_events_are_found_by_type_and_time(shop: Shop) -> None:
    """One type, several, a family, and a time in the future that has none."""
    shop.paid()
    events = shop.stripe.v1.events
    assert len(events.list({"type": "charge.*"}).data) == 1
    assert len(events.list({"types": ["charge.succeeded", "checkout.session.completed"]}).data) == 2
    assert events.list({"type": "charge.failed"}).data == []
    moment = events.list().data[0].created
    assert len(events.list({"created": {"gte": moment - 60, "lt": moment + 1}}).data) == 4
    assert events.list({"created": moment + 60}).data == []


def test_only_objects_can_be_expanded(shop: Shop) -> None:
    """A list is expanded below ``data``; what is no object, too deep, or ours is refused."""
    shop.paid(customer=shop.stripe.v1.customers.create({"name": "Ada"}).id)
    listed: Any = shop.stripe.v1.charges.list({"expand": ["data.customer", "data.payment_intent.customer"]}).data[0]
    assert (listed.customer.name, listed.payment_intent.customer.name) == ("Ada", "Ada")
    for path in ("data.amount", "data.nothing", "data._owner", "data.customer." + "metadata." * 5 + "x"):
        with pytest.raises(stripe.InvalidRequestError, match="expand"):
            shop.stripe.v1.charges.list({"expand": [path]})


def test_the_page_for_developers_lists_the_double(sandbox: Emulator) -> None:
    """Its operations stand in the table, and no address of a payment page in the journal."""
    requests.get(f"{sandbox.url}/stripe/c/pay/cs_test_secret", timeout=10)
    page = requests.get(f"{sandbox.url}/", timeout=10).text
    assert "/stripe/v1/checkout/sessions" in page
    assert "cs_test_secret" not in page


def _post_until(shop: Shop, status: int, body: str) -> requests.Response:
    """Repeat a request with one key until it is answered so: the server may not have read the other one yet."""
    headers = {**KEY, "Idempotency-Key": "k", "Content-Type": FORM}
    for _ in range(50):
        answer = requests.post(f"{shop.url}/stripe/v1/customers", data=body, headers=headers, timeout=10)
        if answer.status_code == status:
            break
    return answer
