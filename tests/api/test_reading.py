"""``me``, ``balance`` and ``usage``."""

from datetime import timedelta
from urllib.parse import quote

import pytest
from flask import Flask

from oauth_app import clock
from oauth_app.db import transaction
from oauth_app.hub import Hub
from oauth_app.services.access import Access, find_access
from oauth_app.services.partners import Credentials
from oauth_app.services.scopes import ALL_SCOPES
from oauth_app.services.usage_rolling import roll_up_usage
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


def test_usage_by_model_and_time(hub: Hub, access: Access, caller: Caller) -> None:
    """Only the calls that are asked for."""
    now = clock.now()
    with transaction(hub.engine) as session:
        session.add(make_usage(access, request_id="req_old", model="gpt-4o", started_at=now - timedelta(days=2)))
        session.add(make_usage(access, request_id="req_new", model="gpt-4o", started_at=now))
        session.add(make_usage(access, request_id="req_else", model="o3", started_at=now))
    moment = quote(clock.rfc3339(now - timedelta(days=1)))

    def asked(query: str) -> list[str]:
        return [call["request_id"] for call in caller.get(f"/hub/v1/usage?{query}").get_json()["data"]]

    assert asked("model=gpt-4o") == ["req_new", "req_old"]
    assert asked(f"started_after={moment}") == ["req_else", "req_new"]
    assert asked(f"model=gpt-4o&started_before={moment}") == ["req_old"]


def test_usage_summed_up(hub: Hub, access: Access, caller: Caller) -> None:
    """By the day and by the model, of this user through this partner, rolled up or not."""
    now, yesterday = clock.now(), clock.now() - timedelta(days=1)
    told = {"estimated_cost": 5, "input_tokens": 1, "output_tokens": 2}
    with transaction(hub.engine) as session:
        session.add(make_usage(access, model="gpt-4o", started_at=yesterday, **told))
        session.add(make_usage(access, model="o3", started_at=now, status=500))
        session.add(make_usage(access, consent_id="con_other", started_at=now))
    roll_up_usage(hub)
    with transaction(hub.engine) as session:
        session.add(make_usage(access, model="gpt-4o", started_at=now, **told))
    by_day = caller.get("/hub/v1/usage/summary").get_json()
    by_model = caller.get("/hub/v1/usage/summary?by=model").get_json()
    of_one = caller.get(
        f"/hub/v1/usage/summary?model=gpt-4o&first_day={now:%Y-%m-%d}&last_day={now:%Y-%m-%d}"
    ).get_json()

    assert [(one["day"], one["calls"]) for one in by_day["data"]] == [
        (f"{yesterday:%Y-%m-%d}", 1),
        (f"{now:%Y-%m-%d}", 2),
    ]
    assert [(one["model"], one["calls"], one["errors"], one["estimated_cost"]) for one in by_model["data"]] == [
        ("gpt-4o", 2, 0, 10),
        ("o3", 1, 1, 0),
    ]
    assert (
        by_model["total"] | {"calls": 3, "input_tokens": 2, "output_tokens": 4, "unpriced_calls": 1}
        == by_model["total"]
    )
    assert (of_one["total"]["calls"], of_one["first_day"]) == (1, f"{now:%Y-%m-%d}")


@pytest.mark.parametrize("query", ["by=user", "first_day=x", "first_day=9999-12-31", "model=%00", "color=red"])
def test_a_wrong_summary_is_refused(caller: Caller, query: str) -> None:
    """What cannot be meant is an error, not a guess."""
    assert code_of(caller.get(f"/hub/v1/usage/summary?{query}")) == (422, "invalid_request")


def test_a_summary_needs_the_scope(app: Flask, hub: Hub, alice: Person, shop: Credentials) -> None:
    """Who may make no AI calls learns of none."""
    token = grant(hub.engine, alice.user_id, shop.client_id, ["openid"])
    caller = Caller(client=app.test_client(), authorization=f"Bearer {token}")

    assert code_of(caller.get("/hub/v1/usage/summary")) == (403, "insufficient_scope")
