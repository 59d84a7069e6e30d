"""``/hub/v1/top-ups`` as a partner meets it."""

from dataclasses import replace
from typing import Any

import pytest
from flask import Flask

from oauth_app.factory import create_app
from oauth_app.hub import Hub
from oauth_app.services.partners import Credentials
from tests.api.caller import TOP_UPS, Caller, code_of
from tests.fixtures.grants import grant
from tests.fixtures.hub import Person, Sandbox, make_partner


def test_an_order_is_opened(caller: Caller) -> None:
    """201 with the address to pay at."""
    answer = caller.top_up(return_url="https://shop.example/done")
    made = answer.get_json()

    assert (answer.status_code, made["status"], made["amount"], made["asset"]) == (201, "open", 10_00, "CNY")
    assert made["id"].startswith("top_")
    assert made["url"].startswith("http")


def test_a_repeated_order_is_answered_with_200(caller: Caller) -> None:
    """The same request again gives the same order."""
    first, again = caller.top_up(), caller.top_up()

    assert (again.status_code, again.get_json()) == (200, first.get_json())


def test_a_paid_order_is_seen_at_once(caller: Caller, sandbox: Sandbox) -> None:
    """Reading the order asks OhMyGPT, so the partner need not wait for the worker."""
    made = caller.top_up().get_json()
    sandbox.pay(made["url"])

    assert caller.get(f"{TOP_UPS}/{made['id']}").get_json()["status"] == "paid"


def test_the_payment_page_leads_back_to_the_hub(caller: Caller, sandbox: Sandbox) -> None:
    """OhMyGPT sends the user to the hub's own page of the order, whatever the partner wishes."""
    made = caller.top_up(return_url="https://shop.example/done").get_json()

    assert sandbox.pay(made["url"]) == f"http://127.0.0.1:8000/account/top-ups/{made['id']}"


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"amount": 99}, (422, "invalid_request")),
        ({"amount": 10_000_001}, (422, "invalid_request")),
        ({"amount": "1000"}, (422, "invalid_request")),
        ({"asset": "USD"}, (422, "invalid_request")),
        ({"kind": "gift"}, (422, "invalid_request")),
        ({"return_url": "https://evil.example/"}, (422, "invalid_request")),
        ({"asset": "OMG", "provider": "stripe"}, (422, "invalid_request")),
        ({"provider": "paypal"}, (422, "provider_not_enabled")),
    ],
    ids=str,
)
def test_an_order_is_refused_for_a_reason(caller: Caller, fields: dict[str, Any], expected: tuple[int, str]) -> None:
    """A field that cannot be taken is named, or has a code of its own."""
    answer = caller.top_up(**fields)

    assert code_of(answer) == expected
    assert expected[1] != "invalid_request" or answer.get_json()["errors"][0]["field"] == next(iter(fields))


def test_an_order_needs_a_key(caller: Caller) -> None:
    """Orders are idempotent, too."""
    assert code_of(caller.top_up(None)) == (400, "idempotency_key_required")


def test_an_order_needs_its_scope(app: Flask, hub: Hub, alice: Person) -> None:
    """Without topups:write neither opening nor reading is allowed."""
    other = make_partner(hub.engine)
    token = grant(hub.engine, alice.user_id, other.client_id, ["openid"])
    theirs = Caller(client=app.test_client(), authorization=f"Bearer {token}")

    assert code_of(theirs.top_up()) == (403, "insufficient_scope")
    assert code_of(theirs.get(TOP_UPS)) == (403, "insufficient_scope")


def test_another_partner_sees_no_order(app: Flask, caller: Caller, hub: Hub, alice: Person) -> None:
    """An order belongs to the partner that opened it."""
    made = caller.top_up().get_json()
    other = make_partner(hub.engine)
    token = grant(hub.engine, alice.user_id, other.client_id)
    theirs = Caller(client=app.test_client(), authorization=f"Bearer {token}")

    assert code_of(theirs.get(f"{TOP_UPS}/{made['id']}")) == (404, "unknown_top_up")
    assert [one["id"] for one in caller.get(TOP_UPS).get_json()["data"]] == [made["id"]]
    assert theirs.get(TOP_UPS).get_json()["data"] == []


def test_orders_are_filtered(caller: Caller) -> None:
    """By state, provider and time; what is none of these is refused by name."""
    at_ohmygpt = caller.top_up().get_json()["id"]
    by_stripe = caller.top_up("top-2", provider="stripe", asset="USD").get_json()["id"]

    def ids(query: str) -> list[str]:
        return [one["id"] for one in caller.get(f"{TOP_UPS}?{query}").get_json()["data"]]

    assert ids("status=open") == [by_stripe, at_ohmygpt]
    assert (ids("provider=stripe"), ids("provider=ohmygpt"), ids("status=paid")) == ([by_stripe], [at_ohmygpt], [])
    assert (ids("created_before=2020-01-01T00:00:00Z"), len(ids("created_after=2020-01-01T00:00:00Z"))) == ([], 2)
    for query in ("status=succeeded", "provider=paypal", "created_after=yesterday"):
        assert code_of(caller.get(f"{TOP_UPS}?{query}")) == (422, "invalid_request")


def test_stripe_opens_an_order_for_the_wallet(caller: Caller, sandbox: Sandbox) -> None:
    """The same request with another provider: the money comes to the wallet here, and the order says when."""
    made = caller.top_up(provider="stripe", asset="USD", amount=12_00).get_json()
    sandbox.pay(made["url"])
    shown = caller.get(f"{TOP_UPS}/{made['id']}").get_json()
    assert (made["status"], shown["status"], shown["reversed"]) == ("open", "paid", 0)
    assert (shown["provider"], shown["asset"], shown["amount"]) == ("stripe", "USD", 12_00)


def test_without_stripe_an_order_is_refused(hub: Hub, alice: Person, shop: Credentials) -> None:
    """An operator without an account at Stripe offers no such way to pay."""
    app = create_app(replace(hub, payments=None))
    token = grant(hub.engine, alice.user_id, shop.client_id)
    answer = Caller(client=app.test_client(), authorization=f"Bearer {token}").top_up(provider="stripe")
    assert code_of(answer) == (422, "provider_not_enabled")
