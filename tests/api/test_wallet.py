"""Charges from the wallet, approvals, holds, refunds and entries, as a partner meets them."""

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from werkzeug.test import TestResponse

from oauth_app.db import transaction
from oauth_app.hub import Hub
from oauth_app.ledger import AccountKind, AccountName, Movement, TransferKind, TransferWish, record_transfer
from oauth_app.models import Consent
from oauth_app.services.approvals import deny, set_step_up
from oauth_app.services.consent import revoke_consent
from oauth_app.services.partners import Credentials
from tests.api.caller import CHARGES, Caller, basic, code_of
from tests.fixtures.grants import grant
from tests.fixtures.hub import Person, make_partner
from tests.services.wallets import fill_wallet

HOLDS, REFUNDS, ENTRIES = "/hub/v1/holds", "/hub/v1/refunds", "/hub/v1/ledger/entries"


@pytest.fixture
def rich(hub: Hub, caller: Caller, alice: Person) -> Caller:
    """Let alice have 20.00 CNY in the wallet."""
    fill_wallet(hub.engine, alice.user_id, 20_00)
    return caller


def hold(caller: Caller, key: str | None = "hold-1", **fields: Any) -> TestResponse:  # noqa: ANN401 - JSON
    """Hold 10.01 CNY, unless told otherwise."""
    return caller.post(HOLDS, {"amount": 10_01, "asset": "CNY", "description": "A room"} | fields, key)


def disconnect(hub: Hub) -> None:
    """Let the only user take the consent back."""
    with transaction(hub.engine) as session:
        revoke_consent(session, session.scalars(select(Consent.id)).one())


def test_the_wallet_pays(rich: Caller) -> None:
    """A charge in CNY is final at once, and the balance shows it."""
    made = rich.charge(asset="CNY")

    assert (made.status_code, made.get_json()["funding"], made.get_json()["status"]) == (201, "wallet", "succeeded")
    assert rich.charge(asset="CNY").status_code == 200
    assert rich.get("/hub/v1/balance").get_json()["wallet"] == [{"asset": "CNY", "available": 9_99, "held": 0}]


def test_an_empty_wallet_says_where_to_top_up(caller: Caller) -> None:
    """402 for charges and for holds, with the address at which the user can add money."""
    for answer in (caller.charge(asset="CNY"), hold(caller)):
        assert code_of(answer) == (402, "insufficient_funds")
        assert answer.get_json()["top_up_url"] == "http://127.0.0.1:8000/account/top-up"


def test_a_charge_can_wait_for_the_user(rich: Caller, hub: Hub, alice: Person) -> None:
    """202 with the address to send the user to; after a no, 403."""
    with transaction(hub.engine) as session:
        set_step_up(session, alice.user_id, session.scalars(select(Consent.id)).one(), 0)
    waiting = rich.charge(asset="CNY")
    shown = waiting.get_json()

    assert (waiting.status_code, shown["status"]) == (202, "approval_required")
    assert shown["approval_url"] == f"http://127.0.0.1:8000/account/approvals/{shown['id']}"
    assert rich.get(f"{CHARGES}/{shown['id']}").get_json() == shown
    assert code_of(hold(rich)) == (403, "approval_needed")
    with transaction(hub.engine) as session:
        deny(session, alice.user_id, shown["id"])
    assert code_of(rich.charge(asset="CNY")) == (403, "approval_denied")


def test_a_hold_is_captured(rich: Caller) -> None:
    """201 with the hold; the capture answers with the charge, which leads back to the hold."""
    held, again = (hold(rich, metadata={"room": "7"}) for _ in range(2))
    hold_id = held.get_json()["id"]
    assert (held.status_code, held.get_json()["status"], again.status_code) == (201, "pending", 200)
    assert rich.get("/hub/v1/balance").get_json()["wallet"] == [{"asset": "CNY", "available": 9_99, "held": 10_01}]

    made = rich.post(f"{HOLDS}/{hold_id}/capture", {"amount": 5_00}, "capture-1")
    again = rich.post(f"{HOLDS}/{hold_id}/capture", {"amount": 5_00}, "capture-1")
    assert (made.status_code, again.status_code) == (201, 200)
    assert {"hold": hold_id, "amount": 5_00, "metadata": {"room": "7"}}.items() <= made.get_json().items()
    shown = rich.get(f"{HOLDS}/{hold_id}").get_json()
    assert (shown["status"], shown["captured_amount"], shown["charge"]) == ("captured", 5_00, made.get_json()["id"])
    full = rich.get(f"{CHARGES}/{made.get_json()['id']}?expand=hold,refunds").get_json()
    assert (full["hold"], full["refunds"]) == (shown, [])


def test_a_hold_is_voided(rich: Caller) -> None:
    """It is let go once; afterwards it can be neither voided by another key nor captured."""
    hold_id = hold(rich).get_json()["id"]
    first, again = (rich.post(f"{HOLDS}/{hold_id}/void", {}, "void-1") for _ in range(2))

    assert (first.status_code, first.get_json()) == (again.status_code, again.get_json())
    assert first.get_json()["status"] == "voided"
    assert code_of(rich.post(f"{HOLDS}/{hold_id}/void", {}, "void-2")) == (409, "hold_closed")
    assert code_of(rich.post(f"{HOLDS}/{hold_id}/capture", {}, "capture-1")) == (409, "hold_closed")


def test_what_a_hold_refuses(rich: Caller) -> None:
    """Every mistake has a code of its own."""
    hold_id = hold(rich).get_json()["id"]

    assert code_of(rich.post(f"{HOLDS}/{hold_id}/capture", {"amount": 10_02})) == (422, "capture_too_large")
    assert code_of(rich.post(f"{HOLDS}/{hold_id}/capture", {"amount": 0})) == (422, "invalid_request")
    assert code_of(rich.post(f"{HOLDS}/hold_0/capture", {})) == (404, "unknown_hold")
    assert code_of(rich.post(f"{HOLDS}/hold_0/void", {})) == (404, "unknown_hold")
    assert code_of(rich.get(f"{HOLDS}/hold_0")) == (404, "unknown_hold")
    assert code_of(hold(rich, amount=1)) == (422, "idempotency_mismatch")
    assert code_of(hold(rich, "hold-2", expires_in=59)) == (422, "invalid_request")
    assert code_of(hold(rich, "hold-2", asset="EUR")) == (422, "unsupported_asset")
    assert code_of(hold(rich, "hold-2", amount=20_01)) == (403, "limit_exceeded")


def test_every_write_needs_a_key(rich: Caller) -> None:
    """Without an Idempotency-Key nothing is held, captured, voided or refunded."""
    hold_id = hold(rich).get_json()["id"]
    for path in (HOLDS, f"{HOLDS}/{hold_id}/capture", f"{HOLDS}/{hold_id}/void", REFUNDS):
        assert code_of(rich.post(path, {}, None)) == (400, "idempotency_key_required")


def test_a_charge_is_refunded(rich: Caller) -> None:
    """201 with the refund; the charge says how much of it went back, and shows the refunds if asked."""
    charge_id = rich.charge(asset="CNY").get_json()["id"]
    made = rich.post(REFUNDS, {"charge": charge_id, "amount": 5_00, "reason": "Late"}, "r1")
    again = rich.post(REFUNDS, {"charge": charge_id, "amount": 5_00, "reason": "Late"}, "r1")

    assert (made.status_code, again.status_code, again.get_json()) == (201, 200, made.get_json())
    assert made.get_json()["destination"] == "wallet"
    assert rich.get(f"{REFUNDS}/{made.get_json()['id']}").get_json() == made.get_json()
    shown = rich.get(f"{CHARGES}?expand=refunds").get_json()["data"][0]
    assert (shown["refunded"], shown["refunds"]) == (5_00, [made.get_json()])
    assert rich.get(f"{REFUNDS}?charge={charge_id}").get_json()["data"] == [made.get_json()]
    assert rich.get(f"{REFUNDS}?charge=ch_0").get_json()["data"] == []


def test_what_a_refund_refuses(rich: Caller) -> None:
    """Every mistake has a code of its own."""
    charge_id = rich.charge(asset="CNY").get_json()["id"]
    declined = rich.charge("order-2", asset="CNY").get_json()["charge_id"]
    rich.post(REFUNDS, {"charge": charge_id, "amount": 1}, "r1")

    assert code_of(rich.post(REFUNDS, {"charge": charge_id, "amount": 2}, "r1")) == (422, "idempotency_mismatch")
    assert code_of(rich.post(REFUNDS, {"charge": charge_id, "amount": 10_01}, "r2")) == (422, "refund_too_large")
    assert code_of(rich.post(REFUNDS, {"charge": declined}, "r2")) == (409, "charge_not_refundable")
    assert code_of(rich.post(REFUNDS, {"charge": "ch_0"}, "r2")) == (404, "unknown_charge")
    assert code_of(rich.post(REFUNDS, {"charge": charge_id, "amount": 1.5}, "r2")) == (422, "invalid_request")
    assert code_of(rich.get(f"{REFUNDS}/re_0")) == (404, "unknown_refund")


def test_earnings_that_are_gone_are_not_refunded(rich: Caller, hub: Hub, shop: Credentials) -> None:
    """409 when the partner has not so much left here."""
    charge_id = rich.charge(asset="CNY").get_json()["id"]
    pay_out(hub, shop.client_id, 9_00)
    assert code_of(rich.post(REFUNDS, {"charge": charge_id})) == (409, "insufficient_earnings")


def pay_out(hub: Hub, partner_id: str, amount: int) -> None:
    """Take earnings off the partner's account."""
    outside = AccountName(kind=AccountKind.STRIPE_CLEARING, asset="CNY")
    movement = Movement(source=AccountName.earnings(partner_id, "CNY"), destination=outside, amount=amount)
    with transaction(hub.engine) as session:
        record_transfer(session, TransferWish(kind=TransferKind.CORRECTION, reference="payout", movements=(movement,)))


def test_a_disconnected_user_gets_money_back(rich: Caller, server: Caller, hub: Hub) -> None:
    """The partner's server refunds, voids and looks without the user's consent; it cannot charge or capture."""
    charge_id = rich.charge(asset="CNY", amount=5_00).get_json()["id"]
    hold_id, subject = hold(rich).get_json()["id"], hold(rich).get_json()["user"]
    disconnect(hub)

    assert code_of(rich.post(REFUNDS, {"charge": charge_id})) == (401, "invalid_token")
    assert server.post(REFUNDS, {"charge": charge_id}).status_code == 201
    assert code_of(server.post(f"{HOLDS}/{hold_id}/capture", {"user": subject})) == (404, "unknown_user")
    assert code_of(server.charge(user=subject, asset="CNY")) == (404, "unknown_user")
    assert server.post(f"{HOLDS}/{hold_id}/void", {}).get_json()["status"] == "voided"
    assert [one["id"] for one in server.get(f"{CHARGES}?user={subject}").get_json()["data"]] == [charge_id]


def test_lists_are_filtered(rich: Caller, server: Caller) -> None:
    """By state, by time, and for the partner's server by user."""
    made = rich.charge(asset="CNY").get_json()
    rich.charge("order-2", asset="CNY")
    hold(rich, amount=1_00)

    def count(query: str, path: str = CHARGES) -> int:
        return len(server.get(f"{path}?{query}").get_json()["data"])

    assert [count("status=succeeded"), count("status=declined"), count("status=failed"), count("")] == [1, 1, 0, 2]
    assert [count("created_after=2020-01-01T00:00:00Z"), count("created_before=2020-01-01T00:00:00Z")] == [2, 0]
    assert [count(f"user={made['user']}"), count("status=pending", HOLDS), count("status=voided", HOLDS)] == [2, 1, 0]
    assert code_of(server.get(f"{CHARGES}?user=nobody")) == (404, "unknown_user")


@pytest.mark.parametrize(
    "query", ["status=paid", "created_after=yesterday", "created_after=2026-01-01T00:00:00", "expand=user"]
)
def test_a_filter_is_asked_for_properly(caller: Caller, query: str) -> None:
    """An unknown state, a moment without a zone or an unknown part is refused."""
    assert code_of(caller.get(f"{CHARGES}?{query}")) == (422, "invalid_request")


def test_entries_add_up_to_the_earnings(rich: Caller, server: Caller) -> None:
    """What came is positive, what left is negative, newest first, a page at a time."""
    charge_id = rich.charge(asset="CNY").get_json()["id"]
    refund_id = rich.post(REFUNDS, {"charge": charge_id, "amount": 5_00}).get_json()["id"]
    first = server.get(f"{ENTRIES}?limit=1").get_json()
    second = server.get(f"{ENTRIES}?limit=1&cursor={first['next_cursor']}").get_json()

    entries = [*first["data"], *second["data"]]
    assert [(one["kind"], one["reference"], one["amount"], one["asset"]) for one in entries] == [
        ("refund", refund_id, -4_88, "CNY"),
        ("charge", charge_id, 9_76, "CNY"),
    ]
    assert second["next_cursor"] is None


def test_entries_are_filtered(
    app: Flask, rich: Caller, server: Caller, hub: Hub, bob: Person, shop: Credentials
) -> None:
    """By asset, kind and time; a user's token shows that user's part, and another partner sees nothing."""
    rich.charge(asset="CNY")
    rich.charge("order-2")
    bobs = Caller(client=app.test_client(), authorization=f"Bearer {grant(hub.engine, bob.user_id, shop.client_id)}")

    def count(caller: Caller, query: str = "") -> int:
        return len(caller.get(f"{ENTRIES}?{query}").get_json()["data"])

    assert [count(server), count(server, "asset=CNY"), count(server, "kind=refund")] == [2, 1, 0]
    assert count(server, "since=2999-01-01T00:00:00Z") == 0
    assert [count(rich), count(bobs)] == [2, 0]


@pytest.mark.parametrize("path", [CHARGES, HOLDS, REFUNDS, ENTRIES])
def test_a_partner_sees_only_its_own(app: Flask, rich: Caller, hub: Hub, alice: Person, path: str) -> None:
    """The same user at another partner has other charges, holds, refunds and entries."""
    charge_id = rich.charge(asset="CNY", amount=1_00).get_json()["id"]
    rich.post(REFUNDS, {"charge": charge_id, "amount": 1})
    hold(rich)
    other = make_partner(hub.engine, name="Other")
    token = grant(hub.engine, alice.user_id, other.client_id)
    theirs = Caller(client=app.test_client(), authorization=f"Bearer {token}")

    own = rich.get(path).get_json()["data"]
    assert own
    assert theirs.get(path).get_json()["data"] == []
    if path != ENTRIES:
        assert rich.get(f"{path}/{own[0]['id']}").status_code == 200
        assert theirs.get(f"{path}/{own[0]['id']}").status_code == 404


@pytest.mark.parametrize("path", [CHARGES, HOLDS, REFUNDS])
def test_lists_are_filtered_by_time(rich: Caller, path: str) -> None:
    """From a moment on, and up to one."""
    charge_id = rich.charge(asset="CNY", amount=1_00).get_json()["id"]
    rich.post(REFUNDS, {"charge": charge_id, "amount": 1})
    hold(rich)

    def count(query: str) -> int:
        return len(rich.get(f"{path}?{query}").get_json()["data"])

    moments = "created_after", "created_before"
    assert [count(f"{name}={year}-01-01T00:00:00Z") for name in moments for year in (2000, 2999)] == [1, 0, 0, 1]


@pytest.mark.parametrize("path", [CHARGES, HOLDS, REFUNDS, ENTRIES])
def test_a_scope_is_needed_to_look(app: Flask, hub: Hub, alice: Person, shop: Credentials, path: str) -> None:
    """A user's token without charges:write shows nothing of money."""
    token = grant(hub.engine, alice.user_id, shop.client_id, ["openid"])
    assert code_of(Caller(client=app.test_client(), authorization=f"Bearer {token}").get(path)) == (
        403,
        "insufficient_scope",
    )


@pytest.mark.parametrize("path", [CHARGES, HOLDS, REFUNDS, ENTRIES])
def test_a_wrong_secret_sees_nothing(app: Flask, path: str, shop: Credentials) -> None:
    """The partner's server must prove itself before anything is shown."""
    stranger = Caller(client=app.test_client(), authorization=basic(shop.client_id, "omc_sk_0"))
    assert code_of(stranger.get(path)) == (401, "invalid_client")
