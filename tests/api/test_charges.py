"""``/hub/v1/charges`` as a partner meets it."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask

from oauth_app import clock
from oauth_app.db import transaction
from oauth_app.hub import Hub
from oauth_app.models import Charge
from oauth_app.services.charge_evidence import QUIET
from oauth_app.services.charge_resolution import reconcile_unknown_charges
from oauth_app.services.partners import Credentials
from tests.api.caller import CHARGES, Caller, code_of
from tests.fixtures.grants import LIMITS, grant
from tests.fixtures.hub import CHARGE_PATH, Person, Sandbox, make_partner

ALICE = "alice@example.com"


def test_a_charge_is_made(caller: Caller, sandbox: Sandbox) -> None:
    """201 with the charge, and the money has moved."""
    answer = caller.charge(metadata={"order": "1001"})
    made = answer.get_json()

    assert answer.status_code == 201
    assert made.pop("id").startswith("ch_")
    assert made.pop("created_at").endswith("Z")
    assert made.pop("settled_at").endswith("Z")
    assert made.pop("user")
    assert made == {
        "object": "charge",
        "status": "succeeded",
        "amount": 10_01,
        "asset": "OMG",
        "fee": 25,
        "funding": "upstream",
        "refunded": 0,
        "refunds": None,
        "hold": None,
        "approval_url": None,
        "approval_ends_at": None,
        "description": "Stickers",
        "metadata": {"order": "1001"},
        "failure_code": None,
    }
    assert sandbox.account(ALICE)["charged"] == "10.01"


def test_a_repeat_is_answered_with_200(caller: Caller) -> None:
    """The same request again gives the same charge, and says that it was done before."""
    first, again = caller.charge(), caller.charge()

    assert (again.status_code, again.get_json()) == (200, first.get_json())


@pytest.mark.parametrize("amount", [0, -1, 10.01, 10.0, "1001", True, None, 10**15 + 1, 10**40, [1], {}], ids=repr)
def test_an_amount_is_a_whole_positive_number(caller: Caller, sandbox: Sandbox, amount: Any) -> None:  # noqa: ANN401
    """Anything else is refused by name of the field, and nothing is charged."""
    answer = caller.charge(amount=amount)

    assert code_of(answer) == (422, "invalid_request")
    assert answer.get_json()["errors"][0]["field"] == "amount"
    assert sandbox.account(ALICE)["charges"] == 0


@pytest.mark.parametrize("asset", ["EUR", "omg"])
def test_another_asset_is_refused(caller: Caller, asset: str) -> None:
    """An asset in which nothing is taken has a code of its own."""
    assert code_of(caller.charge(asset=asset)) == (422, "unsupported_asset")


@pytest.mark.parametrize(
    "fields",
    [
        {"description": ""},
        {"description": "x" * 501},
        {"description": "a\0b"},
        {"description": 7},
        {"metadata": {str(number): "" for number in range(21)}},
        {"metadata": {"a": 1}},
        {"metadata": {"a": "x" * 501}},
        {"metadata": {"": "x"}},
        {"metadata": []},
        {"surprise": 1},
        {"user": 1},
    ],
    ids=str,
)
def test_fields_have_their_shapes(caller: Caller, fields: dict[str, Any]) -> None:
    """A field that is too long, of another type or unknown is refused by name."""
    answer = caller.charge(**fields)

    assert code_of(answer) == (422, "invalid_request")
    assert answer.get_json()["errors"][0]["field"].partition(".")[0] == next(iter(fields))


def test_a_missing_key_is_refused(caller: Caller) -> None:
    """No charge without an Idempotency-Key."""
    assert code_of(caller.charge(None)) == (400, "idempotency_key_required")


@pytest.mark.parametrize("key", ["a b", "x" * 256, "é"])
def test_a_malformed_key_is_refused(caller: Caller, key: str) -> None:
    """A key is 1 to 255 visible ASCII characters."""
    assert code_of(caller.charge(key)) == (400, "idempotency_key_invalid")


def test_a_key_for_another_request_is_refused(caller: Caller) -> None:
    """One key, one wish."""
    caller.charge()

    assert code_of(caller.charge(amount=1)) == (422, "idempotency_mismatch")


def test_a_request_under_way_is_waited_for(caller: Caller, hub: Hub) -> None:
    """While the first request of a key is carried out, a repeat is told when to ask again."""
    charge_id = caller.charge().get_json()["id"]
    with transaction(hub.engine) as session:
        session.get_one(Charge, charge_id).status = "pending"

    answer = caller.charge()
    assert code_of(answer) == (409, "idempotency_in_flight")
    assert int(answer.headers["Retry-After"]) > 0


def test_twenty_presses_over_http_charge_once(app: Flask, caller: Caller, sandbox: Sandbox) -> None:
    """Twenty requests of one key at once: one is told 201, and the money moves once."""

    def press(_number: int) -> int:
        return Caller(client=app.test_client(), authorization=caller.authorization).charge().status_code

    with ThreadPoolExecutor(20) as pool:
        statuses = list(pool.map(press, range(20)))
    assert statuses.count(201) == sandbox.account(ALICE)["charges"] == 1
    assert set(statuses) <= {200, 201, 409}


def test_a_scope_that_was_not_granted_stops_it(app: Flask, hub: Hub, alice: Person, shop: Credentials) -> None:
    """Without charges:write there is no charge, and the header says what is missing."""
    token = grant(hub.engine, alice.user_id, shop.client_id, ["openid", "balance:read"])
    answer = Caller(client=app.test_client(), authorization=f"Bearer {token}").charge()

    assert code_of(answer) == (403, "insufficient_scope")
    assert 'scope="charges:write"' in answer.headers["WWW-Authenticate"]


def test_the_users_limit_stops_it(caller: Caller) -> None:
    """More than the user allowed a charge is refused, with the limit."""
    answer = caller.charge(amount=LIMITS.per_charge + 1)

    assert code_of(answer) == (403, "limit_exceeded")
    assert str(LIMITS.per_charge) in answer.get_json()["detail"]


def test_too_little_money_says_where_to_top_up(caller: Caller, sandbox: Sandbox) -> None:
    """402 carries the address at which the user can add money; a repeat hears the same."""
    sandbox.set_balance(ALICE, "1.00")
    first, again = caller.charge(), caller.charge()

    assert code_of(first) == code_of(again) == (402, "insufficient_funds")
    assert first.get_json()["top_up_url"] == "http://127.0.0.1:8000/account/top-up"
    assert first.get_json()["charge_id"] == again.get_json()["charge_id"]


def test_a_lost_connection_sends_the_user_back(caller: Caller, sandbox: Sandbox) -> None:
    """When OhMyGPT does not know the token any more, the partner is told who can mend it."""
    sandbox.revoke_tokens(ALICE)

    assert code_of(caller.charge()) == (403, "connection_lost")


def test_an_outage_is_told_as_one(caller: Caller, sandbox: Sandbox) -> None:
    """503 with Retry-After, and nothing of what OhMyGPT said."""
    sandbox.fail("/", "html")
    answer = caller.charge()

    assert code_of(answer) == (503, "upstream_unavailable")
    assert int(answer.headers["Retry-After"]) > 0
    assert "sandbox" not in answer.text
    assert code_of(caller.charge()) == (503, "upstream_unavailable")


def test_a_lost_answer_is_found_again(caller: Caller, hub: Hub, sandbox: Sandbox) -> None:
    """A connection cut after the effect gives 202; the worker finds out; the repeat gives 200; one charge."""
    sandbox.fail(CHARGE_PATH, "reset_after")
    statuses = [caller.charge().status_code, caller.charge().status_code]
    reconcile_unknown_charges(hub)
    with clock.moved(QUIET + timedelta(seconds=1)):
        reconcile_unknown_charges(hub)
    last = caller.charge()

    assert (statuses, last.status_code, last.get_json()["status"]) == ([202, 202], 200, "succeeded")
    assert sandbox.account(ALICE)["charges"] == 1


def test_charges_are_listed_newest_first(caller: Caller) -> None:
    """A cursor leads through all pages, and no charge comes twice."""
    made = [caller.charge(f"order-{number}", amount=1).get_json()["id"] for number in range(5)]
    seen, cursor = [], ""
    while cursor is not None:
        page = caller.get(f"{CHARGES}?limit=2{cursor and f'&cursor={cursor}'}").get_json()
        seen += [one["id"] for one in page["data"]]
        cursor = page["next_cursor"]

    assert sorted(seen) == sorted(made)
    assert seen == sorted(seen, reverse=True)


@pytest.mark.parametrize("query", ["limit=0", "limit=101", "limit=x", "cursor=" + "x" * 41, "cursor=%00", "page=2"])
def test_a_list_is_asked_for_properly(caller: Caller, query: str) -> None:
    """A limit out of bounds, a broken cursor or an unknown parameter is refused."""
    assert code_of(caller.get(f"{CHARGES}?{query}")) == (422, "invalid_request")


def test_one_charge_can_be_read(caller: Caller) -> None:
    """What was made can be asked for by its id."""
    made = caller.charge().get_json()

    assert caller.get(f"{CHARGES}/{made['id']}").get_json() == made


def test_another_partner_sees_nothing(app: Flask, caller: Caller, hub: Hub, alice: Person) -> None:
    """A charge of one partner does not exist for another, though the user is the same."""
    charge_id = caller.charge().get_json()["id"]
    other = make_partner(hub.engine, name="Other")
    theirs = Caller(
        client=app.test_client(), authorization=f"Bearer {grant(hub.engine, alice.user_id, other.client_id)}"
    )

    assert code_of(theirs.get(f"{CHARGES}/{charge_id}")) == (404, "unknown_charge")
    assert theirs.get(CHARGES).get_json() == {"data": [], "next_cursor": None}


def test_another_user_sees_nothing(app: Flask, caller: Caller, hub: Hub, bob: Person, shop: Credentials) -> None:
    """Under the same partner, a charge belongs to its user."""
    charge_id = caller.charge().get_json()["id"]
    bobs = Caller(client=app.test_client(), authorization=f"Bearer {grant(hub.engine, bob.user_id, shop.client_id)}")

    for unknown in (charge_id, "ch_0", "a%00b"):
        assert code_of(bobs.get(f"{CHARGES}/{unknown}"))[0] == 404
