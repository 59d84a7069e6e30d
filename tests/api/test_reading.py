"""``me``, ``balance`` and ``usage``."""

import pytest
from flask import Flask

from oauth_app.db import transaction
from oauth_app.hub import Hub
from oauth_app.services.access import Access, find_access
from oauth_app.services.partners import Credentials
from oauth_app.services.scopes import ALL_SCOPES
from tests.api.caller import Caller, code_of
from tests.fixtures.grants import LIMITS, grant
from tests.fixtures.hub import BALANCE_PATH, Person, Sandbox
from tests.services.calls import make_usage


@pytest.fixture
def access(hub: Hub, caller: Caller) -> Access:
    """Return what the caller's token stands for."""
    with transaction(hub.engine) as session:
        return find_access(session, caller.authorization.removeprefix("Bearer "))


def test_me_tells_who_and_what(caller: Caller, shop: Credentials) -> None:
    """The partner learns who the user is to it, what they allow, and what is left of it."""
    caller.charge(amount=7)
    me = caller.get("/hub/v1/me").get_json()

    assert me.pop("sub")
    assert me == {
        "name": "alice",
        "email": "alice@example.com",
        "partner": {"id": shop.client_id, "name": "Shop"},
        "scopes": sorted(ALL_SCOPES),
        "limits": {"per_charge": LIMITS.per_charge, "per_month": LIMITS.per_month, "spent_this_month": 7},
    }


def test_me_keeps_what_was_not_granted(app: Flask, hub: Hub, alice: Person, shop: Credentials) -> None:
    """Without the scopes there is neither name nor e-mail."""
    token = grant(hub.engine, alice.user_id, shop.client_id, ["openid"])
    me = Caller(client=app.test_client(), authorization=f"Bearer {token}").get("/hub/v1/me").get_json()

    assert (me["name"], me["email"], me["scopes"]) == (None, None, ["openid"])


def test_the_balance_is_asked_for_now(caller: Caller, sandbox: Sandbox) -> None:
    """What the user has at OhMyGPT, in hundredths, and an empty wallet."""
    sandbox.set_balance("alice@example.com", "12.34")

    assert caller.get("/hub/v1/balance").get_json() == {
        "ohmygpt": {"asset": "OMG", "paid": 12_34, "free": 0},
        "wallet": [],
    }


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("html", (502, "upstream_error")),
        ("status", (503, "upstream_unavailable")),
        ("reset_before", (503, "upstream_unavailable")),
        ("envelope_401", (403, "connection_lost")),
    ],
)
def test_a_balance_that_cannot_be_told(caller: Caller, sandbox: Sandbox, kind: str, expected: tuple[int, str]) -> None:
    """The partner hears what kind of trouble it is, and no word of OhMyGPT's answer."""
    sandbox.fail(BALANCE_PATH, kind)
    answer = caller.get("/hub/v1/balance")

    assert code_of(answer) == expected
    assert "Injected" not in answer.text


def test_the_balance_needs_its_scope(app: Flask, hub: Hub, alice: Person, shop: Credentials) -> None:
    """A partner that may charge may still not look."""
    token = grant(hub.engine, alice.user_id, shop.client_id, ["charges:write"])
    answer = Caller(client=app.test_client(), authorization=f"Bearer {token}").get("/hub/v1/balance")

    assert code_of(answer) == (403, "insufficient_scope")


def test_calls_are_listed_newest_first(caller: Caller, hub: Hub, access: Access) -> None:
    """The partner sees its own calls, page by page, and nobody else's."""
    with transaction(hub.engine) as session:
        session.add_all([make_usage(access, request_id=f"req_{number}") for number in range(3)])
        session.add(make_usage(access, request_id="req_other", consent_id="con_other"))
    first = caller.get("/hub/v1/usage?limit=2").get_json()
    second = caller.get(f"/hub/v1/usage?limit=2&cursor={first['next_cursor']}").get_json()

    assert [call["request_id"] for call in first["data"] + second["data"]] == ["req_2", "req_1", "req_0"]
    assert second["next_cursor"] is None


@pytest.mark.parametrize("cursor", ["x", "-1", "9" * 30])
def test_a_cursor_of_calls_is_a_number(caller: Caller, cursor: str) -> None:
    """A cursor that no page has given is refused."""
    assert code_of(caller.get(f"/hub/v1/usage?cursor={cursor}")) == (422, "invalid_request")
