"""Requests of every wrong form get an error object of Stripe's."""

import pytest
import requests
import stripe

from oauth_app.sandbox.config import DUMMY_STRIPE_KEY, Config
from tests.sandbox.emulator import running
from tests.sandbox.stripe_double.shop import Shop

KEY = {"Authorization": f"Bearer {DUMMY_STRIPE_KEY}"}
FORM = "application/x-www-form-urlencoded"


@pytest.mark.parametrize(
    ("change", "param"),
    [
        ({"mode": "subscription"}, "mode"),
        ({"mode": None}, "mode"),
        ({"line_items": []}, "line_items"),
        ({"line_items": [{"price": "price_x", "quantity": 1}]}, "line_items[0][price]"),
        (
            {"line_items": [{"price_data": {"currency": "usd"}, "quantity": 1}]},
            "line_items[0][price_data][product_data][name]",
        ),
        ({"success_url": "/done"}, "success_url"),
        ({"success_url": None}, "success_url"),
        ({"customer": "cus_x"}, "customer"),
        ({"customer": {"a": "b"}}, "customer"),
        ({"expires_at": 1}, "expires_at"),
        ({"discounts": [{"coupon": "x"}]}, "discounts"),
        ({"metadata": "x"}, "metadata"),
        ({"metadata": {"k" * 41: "x"}}, "metadata"),
        ({"metadata": {"k": "x" * 501}}, "metadata"),
        ({"payment_intent_data": {"transfer_data": {"destination": "x"}}}, "payment_intent_data[transfer_data]"),
    ],
)
def test_a_wrong_parameter_is_named(shop: Shop, change: dict[str, object], param: str) -> None:
    """Every refusal says which parameter, and nothing is made."""
    with pytest.raises(stripe.InvalidRequestError) as refused:
        shop.session(**change)
    assert refused.value.param == param
    assert shop.stripe.v1.checkout.sessions.list().data == []


@pytest.mark.parametrize(
    "price",
    [
        {"currency": "usd", "unit_amount": "1.5"},
        {"currency": "usd", "unit_amount": -1},
        {"currency": "usd", "unit_amount": 1},
        {"currency": "usd", "unit_amount": 100_000_000},
        {"currency": "usd", "unit_amount": "9" * 5000},
        {"currency": "usd", "unit_amount_decimal": "0.5"},
        {"currency": "usd", "unit_amount_decimal": "NaN"},
        {"currency": "doge", "unit_amount": 100},
    ],
)
def test_an_amount_that_is_none_is_refused(shop: Shop, price: dict[str, object]) -> None:
    """Amounts are whole, in a known currency, and neither too small nor too large."""
    item = {"price_data": {**price, "product_data": {"name": "Units"}}, "quantity": 1}
    with pytest.raises(stripe.InvalidRequestError):
        shop.session(line_items=[item])


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        (FORM, b"name=%ff"),
        (FORM, b"name=\xff"),
        (FORM, b"name[a]=1&name=2"),
        (FORM, b"name=2&name[a]=1"),
        (FORM, b"[a]=1"),
        (FORM, b"a[b=1"),
        (FORM, b"metadata" + b"[a]" * 20 + b"=1"),
        (FORM, b"a=1&" * 2000),
        (FORM, b"expand=customer"),
        (FORM, b"expand[a]=customer"),
        ("application/json", b'{"name": "Ada"}'),
        ("multipart/form-data; boundary=b", b"--b--"),
        ("application/x-www-form-urlencoded", b"unknown=1"),
    ],
)
def test_an_unreadable_request_is_a_400(shop: Shop, content_type: str, body: bytes) -> None:
    """Whatever the bytes are, the answer is an error object of Stripe's."""
    headers = {**KEY, "Content-Type": content_type}
    answer = requests.post(f"{shop.url}/stripe/v1/customers", data=body, headers=headers, timeout=10)
    assert (answer.status_code, answer.json()["error"]["type"]) == (400, "invalid_request_error")
    assert answer.headers["request-id"].startswith("req_")


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/customers/cus_x", 404),
        ("GET", "/charges/cus_x%00", 404),
        ("POST", "/invoices/in_x/send", 404),
        ("GET", "/nothing", 404),
        ("PUT", "/customers", 405),
        ("GET", "/customers?limit=0", 400),
        ("GET", "/customers?limit=x", 400),
        ("GET", "/events?created[gte]=x", 400),
        ("GET", "/events?created[before]=1", 400),
    ],
)
def test_an_unknown_address_or_object_is_an_error_object(shop: Shop, method: str, path: str, status: int) -> None:
    """404, 405 and bad queries have Stripe's shape, too."""
    answer = requests.request(method, f"{shop.url}/stripe/v1{path}", headers=KEY, timeout=10)
    assert (answer.status_code, answer.json()["error"]["type"]) == (status, "invalid_request_error")


def test_a_body_too_large_is_413() -> None:
    """The size limit has Stripe's shape."""
    with running(Config(body_limit_bytes=1000)) as sandbox:
        headers = {**KEY, "Content-Type": FORM}
        for body in (b"x" * 2000, iter([b"x" * 600] * 3)):
            answer = requests.post(f"{sandbox.url}/stripe/v1/customers", data=body, headers=headers, timeout=10)
            assert (answer.status_code, "error" in answer.json()) == (413, True)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("webhook-faults", {"kind": "explode"}),
        ("webhook-faults", {}),
        ("webhook-faults", {"kind": "reorder"}),
        ("webhook-faults", {"kind": "lose", "times": "many"}),
        ("webhook-faults", {"kind": "lose", "x": [1]}),
        ("disputes", {}),
        ("disputes", {"charge": "ch_x"}),
        ("payments/pi_x", {}),
        ("events/evt_x/resend", {}),
    ],
)
def test_a_control_that_makes_no_sense_is_refused(shop: Shop, path: str, body: dict[str, object]) -> None:
    """A test with a slip learns of it at once."""
    answer = shop.control(path, body)
    assert answer.status_code in {400, 404}
    assert "error" in answer.json()
