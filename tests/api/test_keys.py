"""Idempotency keys of every write that moves money, and the mistakes that are made with them."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from oauth_app import clock
from oauth_app.db import transaction
from oauth_app.hub import Hub
from oauth_app.models import Charge, TopUp
from oauth_app.services.partners import Credentials
from oauth_app.worker.jobs import make_jobs
from tests.api.caller import CHARGES, TOP_UPS, Caller, code_of
from tests.fixtures.grants import grant
from tests.fixtures.hub import Person, Sandbox, make_partner, make_person
from tests.services.wallets import fill_wallet

HOLDS, REFUNDS = "/hub/v1/holds", "/hub/v1/refunds"
ROOM = {"amount": 3_00, "asset": "CNY", "description": "A room"}
KEY = "the-key"
AT_ONCE = 8
LATER = timedelta(days=400)


@dataclass(frozen=True, kw_only=True)
class Act:
    """A write, ready to be sent."""

    path: str
    body: dict[str, Any]
    #: What is asked for when the same key is used for something else.
    change: dict[str, Any] = field(default_factory=lambda: {"amount": 1_01})

    def send(self, caller: Caller, **changes: Any) -> TestResponse:  # noqa: ANN401 - JSON
        """Send it under the key."""
        return caller.post(self.path, self.body | changes, KEY)


def prepared(name: str, caller: Caller) -> Act:
    """Return the write of this name, and do before what it needs."""
    if name in _READY:
        return _READY[name]
    if name == "refund":
        return Act(path=REFUNDS, body={"charge": caller.charge("before", **ROOM).get_json()["id"]})
    hold_id = caller.post(HOLDS, ROOM, "before").get_json()["id"]
    return Act(path=f"{HOLDS}/{hold_id}/{name}", body={})


_READY = {
    "charge of the balance": Act(path=CHARGES, body=ROOM | {"asset": "OMG"}),
    "charge of the wallet": Act(path=CHARGES, body=ROOM),
    "hold": Act(path=HOLDS, body=ROOM),
    "top-up at OhMyGPT": Act(path=TOP_UPS, body={"amount": 10_00}),
    "top-up at Stripe": Act(path=TOP_UPS, body={"amount": 10_00, "provider": "stripe", "asset": "USD"}),
}
WRITES = ("hold", "capture", "refund", "charge of the wallet", "charge of the balance")
ORDERS = ("top-up at OhMyGPT", "top-up at Stripe")
EVERY = (*WRITES, "void", *ORDERS)


@pytest.fixture
def rich(hub: Hub, caller: Caller, alice: Person) -> Caller:
    """Let alice have 20.00 CNY in the wallet."""
    fill_wallet(hub.engine, alice.user_id, 20_00)
    return caller


def caller_of(app: Flask, hub: Hub, user_id: str, client_id: str) -> Caller:
    """Return the partner's program with a new token of the user."""
    return Caller(client=app.test_client(), authorization=f"Bearer {grant(hub.engine, user_id, client_id)}")


@pytest.mark.parametrize("name", EVERY)
def test_the_same_again_is_the_same_answer(rich: Caller, name: str) -> None:
    """A repeat of key and body gets the object of before, and no second one."""
    act = prepared(name, rich)
    first, again = act.send(rich), act.send(rich)

    assert (first.status_code // 100, again.status_code) == (2, 200)
    assert first.get_json()["id"] == again.get_json()["id"]


@pytest.mark.parametrize("name", [*WRITES, *ORDERS])
def test_a_key_is_for_one_wish(rich: Caller, name: str) -> None:
    """The same key with another body: 422, and the first keeps it."""
    act = prepared(name, rich)
    first = act.send(rich).get_json()

    assert code_of(act.send(rich, **act.change)) == (422, "idempotency_mismatch")
    assert act.send(rich).get_json()["id"] == first["id"]


def test_a_key_voids_one_hold(rich: Caller) -> None:
    """The key that voided a hold voids no other."""
    other = rich.post(HOLDS, ROOM | {"amount": 1}, "another").get_json()["id"]
    prepared("void", rich).send(rich)

    assert code_of(rich.post(f"{HOLDS}/{other}/void", {}, KEY)) == (422, "idempotency_mismatch")


@pytest.mark.parametrize("name", ["hold", "charge of the wallet", "charge of the balance", *ORDERS])
def test_a_key_is_for_one_user(
    rich: Caller, app: Flask, hub: Hub, sandbox: Sandbox, shop: Credentials, name: str
) -> None:
    """The same key and body for another user of the partner is another wish."""
    carol = make_person(hub, sandbox, "carol@example.com")
    fill_wallet(hub.engine, carol.user_id, 20_00)
    act = prepared(name, rich)
    act.send(rich)

    assert code_of(act.send(caller_of(app, hub, carol.user_id, shop.client_id))) == (422, "idempotency_mismatch")


@pytest.mark.parametrize("name", EVERY)
def test_partners_know_nothing_of_each_others_keys(
    rich: Caller, app: Flask, hub: Hub, alice: Person, name: str
) -> None:
    """Another partner with the same key and body does a thing of its own."""
    theirs = caller_of(app, hub, alice.user_id, make_partner(hub.engine).client_id)
    made = [prepared(name, caller).send(caller) for caller in (rich, theirs)]

    assert made[0].status_code == made[1].status_code in {200, 201}
    assert made[0].get_json()["id"] != made[1].get_json()["id"]


@pytest.mark.parametrize("name", EVERY)
def test_a_key_lives_as_long_as_what_it_did(
    rich: Caller, app: Flask, hub: Hub, alice: Person, shop: Credentials, name: str
) -> None:
    """More than a year later, after every sweep, a repeat still does nothing new."""
    act = prepared(name, rich)
    first = act.send(rich).get_json()

    with long_after(hub):
        again = act.send(caller_of(app, hub, alice.user_id, shop.client_id))
    assert (again.status_code, again.get_json()["id"]) == (200, first["id"])


@contextmanager
def long_after(hub: Hub) -> Iterator[None]:
    """Let time go by, with the worker at its jobs."""
    with clock.moved(LATER):
        for job in make_jobs():
            job.work(hub)
        yield


@pytest.mark.parametrize("name", ["charge of the balance", *ORDERS])
def test_what_is_under_way_is_waited_for(rich: Caller, hub: Hub, name: str) -> None:
    """While the first request asks OhMyGPT or Stripe, a repeat hears 409 and when to ask again; another body 422."""
    act = prepared(name, rich)
    made = act.send(rich).get_json()
    with transaction(hub.engine) as session:
        table, status = (TopUp, "creating") if act.path == TOP_UPS else (Charge, "pending")
        session.get_one(table, made["id"]).status = status

    answer = act.send(rich)
    assert code_of(answer) == (409, "idempotency_in_flight")
    assert int(answer.headers["Retry-After"]) > 0
    assert code_of(act.send(rich, **act.change)) == (422, "idempotency_mismatch")


@pytest.mark.parametrize("name", ["hold", "capture", "refund", "charge of the wallet"])
def test_what_is_one_transaction_is_never_met_half_done(rich: Caller, app: Flask, name: str) -> None:
    """Where nobody outside is asked, requests of one key at once wait for each other: all get the one answer."""
    act = prepared(name, rich)

    def press(_number: int) -> TestResponse:
        return act.send(Caller(client=app.test_client(), authorization=rich.authorization))

    with ThreadPoolExecutor(AT_ONCE) as pool:
        answers = list(pool.map(press, range(AT_ONCE)))
    assert sorted(answer.status_code for answer in answers) == [200] * (AT_ONCE - 1) + [201]
    assert len({answer.get_json()["id"] for answer in answers}) == 1
