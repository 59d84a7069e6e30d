"""``/hub/v1/webhook-endpoints`` and ``/hub/v1/events`` as a partner's server meets them."""

from typing import Any

import pytest
from flask import Flask

from oauth_app import clock
from oauth_app.guarded_http import GuardedHttp
from oauth_app.hub import Hub
from oauth_app.identifiers import TokenKind, is_well_formed
from oauth_app.services.events import EventType
from oauth_app.services.partners import Credentials
from oauth_app.services.webhook_endpoints import MAX_ENDPOINTS, check_url
from oauth_app.services.webhook_errors import InvalidEndpointError
from tests.api.caller import Caller, basic, code_of
from tests.fixtures.hub import make_partner
from tests.fixtures.webhook_receiver import WebhookReceiver
from tests.services.webhooks import happen, make_endpoint, send_all, told

ENDPOINTS = "/hub/v1/webhook-endpoints"
EVENTS = "/hub/v1/events"
LOCAL = "http://127.0.0.1:9/webhooks"


@pytest.fixture
def stranger(app: Flask, hub: Hub) -> Caller:
    """Another partner's server."""
    other = make_partner(hub.engine, name="Other")
    return Caller(client=app.test_client(), authorization=basic(other.client_id, other.client_secret))


def register(server: Caller, key: str | None = "endpoint-1", **fields: Any) -> Any:  # noqa: ANN401 - JSON
    """Register an endpoint on this machine, and return the answer."""
    return server.post(ENDPOINTS, {"url": LOCAL} | fields, key)


def send(server: Caller, method: str, path: str, body: Any = None) -> Any:  # noqa: ANN401 - JSON
    """Call without an idempotency key."""
    return server.client.open(path, method=method, json=body, headers={"Authorization": server.authorization})


def test_an_endpoint_is_registered_and_its_secret_shown_once(server: Caller) -> None:
    """201 with the secret; every later look is without it."""
    answer = register(server, event_types=["charge.succeeded"])
    made = answer.get_json()
    assert answer.status_code == 201
    assert is_well_formed(made["secret"], TokenKind.WEBHOOK_SECRET)
    assert (made["object"], made["url"], made["event_types"], made["enabled"]) == (
        "webhook_endpoint",
        LOCAL,
        ["charge.succeeded"],
        True,
    )
    shown = server.get(f"{ENDPOINTS}/{made['id']}").get_json()
    assert shown == made | {"secret": None}
    assert server.get(ENDPOINTS).get_json()["data"] == [shown]


def test_a_repeat_is_the_same_endpoint(server: Caller) -> None:
    """Who lost the answer gets it again, by the same key; another body or no key is refused."""
    first, again = register(server), register(server)
    assert (again.status_code, again.get_json()) == (200, first.get_json())
    assert code_of(register(server, event_types=["charge.failed"])) == (422, "idempotency_mismatch")
    assert code_of(register(server, None)) == (400, "idempotency_key_required")


def test_a_repeat_shows_no_later_secret(server: Caller) -> None:
    """Once the secret was replaced, the old request gets none any more."""
    made = register(server).get_json()
    send(server, "POST", f"{ENDPOINTS}/{made['id']}/rotate-secret")
    assert register(server).get_json()["secret"] is None


@pytest.mark.parametrize(
    "url",
    ["http://8.8.8.8/x", "ftp://127.0.0.1/x", "https://user@127.0.0.1/x", "https://10.0.0.1/x", "x", LOCAL + "#x"],
)
def test_an_address_inside_is_refused(server: Caller, url: str) -> None:
    """The hub calls public https addresses only, and in the sandbox this machine."""
    answer = register(server, url=url)
    assert code_of(answer) == (422, "invalid_request")
    assert answer.get_json()["errors"][0]["field"] == "url"


def test_in_production_this_machine_is_inside() -> None:
    """Loopback is for the sandbox alone."""
    with pytest.raises(InvalidEndpointError):
        check_url(GuardedHttp(allow_loopback=False), "https://127.0.0.1/x")


@pytest.mark.parametrize("types", [["charge.exploded"], ["ping"], "charge.failed", [1]], ids=repr)
def test_only_known_types_are_taken(server: Caller, types: Any) -> None:  # noqa: ANN401
    """What never happens cannot be asked for."""
    assert code_of(register(server, event_types=types)) == (422, "invalid_request")


def test_endpoints_are_not_without_number(server: Caller, hub: Hub, shop: Credentials) -> None:
    """Each event is kept for each of them, so a partner has at most 16."""
    for _ in range(MAX_ENDPOINTS):
        make_endpoint(hub, shop.client_id)
    assert code_of(register(server)) == (422, "too_many_endpoints")


def test_an_endpoint_is_changed(server: Caller, hub: Hub, shop: Credentials) -> None:
    """What is named changes, the rest stays; switched off, it is told nothing."""
    endpoint_id = register(server).get_json()["id"]
    path = f"{ENDPOINTS}/{endpoint_id}"
    assert send(server, "PATCH", path, {"event_types": ["charge.failed"]}).get_json()["enabled"] is True
    off = send(server, "PATCH", path, {"enabled": False}).get_json()
    assert (off["enabled"], off["event_types"]) == (False, ["charge.failed"])
    happen(hub, shop.client_id, EventType.CHARGE_FAILED)
    send(server, "PATCH", path, {"enabled": True})
    assert told(hub, endpoint_id) == []
    happen(hub, shop.client_id, EventType.CHARGE_FAILED)
    assert told(hub, endpoint_id) == ["charge.failed"]


def test_a_deleted_endpoint_is_gone(server: Caller, hub: Hub, shop: Credentials) -> None:
    """Nothing is sent to it any more, and nobody finds it."""
    path = f"{ENDPOINTS}/{register(server).get_json()['id']}"
    happen(hub, shop.client_id)
    assert send(server, "DELETE", path).get_json()["deleted"] is True
    assert send_all(hub) == []
    assert code_of(send(server, "DELETE", path)) == (404, "unknown_webhook_endpoint")


def test_a_partner_reaches_nothing_of_another(server: Caller, stranger: Caller, hub: Hub, shop: Credentials) -> None:
    """Endpoints, deliveries and events of others are not there."""
    path = f"{ENDPOINTS}/{register(server).get_json()['id']}"
    event_id = happen(hub, shop.client_id)
    attempts = [
        ("GET", path, None),
        ("PATCH", path, {"enabled": False}),
        ("DELETE", path, None),
        ("POST", f"{path}/rotate-secret", None),
        ("POST", f"{path}/test", None),
        ("GET", f"{path}/deliveries", None),
        ("GET", f"{EVENTS}/{event_id}", None),
        ("POST", f"{EVENTS}/{event_id}/resend", None),
    ]
    assert {send(stranger, *attempt).status_code for attempt in attempts} == {404}
    assert stranger.get(EVENTS).get_json()["data"] == stranger.get(ENDPOINTS).get_json()["data"] == []
    everything = {"since": "2020-01-01T00:00:00Z"}
    assert send(stranger, "POST", f"{EVENTS}/resend", everything).get_json()["deliveries"] == 0


@pytest.mark.parametrize("path", [ENDPOINTS, EVENTS, "/hub/v1/statements/2026-01"])
def test_only_the_partners_server_may_call(caller: Caller, app: Flask, shop: Credentials, path: str) -> None:
    """A user's token, a wrong secret and nobody at all are refused."""
    wrong = Caller(client=app.test_client(), authorization=basic(shop.client_id, "omc_sk_wrong"))
    nobody = Caller(client=app.test_client(), authorization="")
    assert code_of(caller.get(path)) == code_of(nobody.get(path)) == (401, "client_required")
    assert code_of(wrong.get(path)) == (401, "invalid_client")


def test_a_ping_is_sent_and_logged(
    server: Caller, hub: Hub, webhook_receiver: WebhookReceiver, shop: Credentials
) -> None:
    """The test event goes to this endpoint alone, whatever it asked for, and its delivery can be looked at."""
    make_endpoint(hub, shop.client_id, LOCAL)
    path = f"{ENDPOINTS}/{register(server, url=webhook_receiver.url, event_types=['charge.failed']).get_json()['id']}"
    event = send(server, "POST", f"{path}/test")
    waiting = server.get(f"{path}/deliveries").get_json()["data"]
    send_all(hub)
    (done,) = server.get(f"{path}/deliveries").get_json()["data"]
    assert event.status_code == 202
    assert [message.content["type"] for message in webhook_receiver.got] == ["ping"]
    assert [(row["status"], row["attempts"]) for row in waiting] == [("waiting", 0)]
    assert (done["status"], done["attempts"], done["last_status"], done["type"], done["event"]) == (
        "taken",
        1,
        200,
        "ping",
        event.get_json()["id"],
    )


def test_events_are_listed_newest_first(server: Caller, hub: Hub, shop: Credentials) -> None:
    """Page by page, and by type and object."""
    ids = [happen(hub, shop.client_id, EventType.CHARGE_FAILED, f"ch_{number}") for number in range(5)]
    refund = happen(hub, shop.client_id, EventType.CHARGE_REFUNDED, "ch_3")
    first = server.get(f"{EVENTS}?limit=4").get_json()
    second = server.get(f"{EVENTS}?limit=4&cursor={first['next_cursor']}").get_json()
    found = [event["id"] for event in first["data"] + second["data"]]
    assert sorted(found) == sorted([*ids, refund])
    assert found == sorted(found, reverse=True)
    assert second["next_cursor"] is None
    by_type = server.get(f"{EVENTS}?type=charge.refunded").get_json()["data"]
    by_object = server.get(f"{EVENTS}?object=ch_3").get_json()["data"]
    assert [event["id"] for event in by_type] == [refund]
    assert {event["id"] for event in by_object} == {refund, ids[3]}
    assert server.get(f"{EVENTS}/{refund}").get_json() == by_type[0]
    assert code_of(server.get(f"{EVENTS}?type=charge.exploded")) == (422, "invalid_request")


def test_events_are_resent(server: Caller, hub: Hub, shop: Credentials) -> None:
    """One by its id, many since a moment: to whoever wants them, under the same ids."""
    before = clock.rfc3339(clock.now())
    event_id = happen(hub, shop.client_id, EventType.CHARGE_FAILED)
    happen(hub, shop.client_id, EventType.CHARGE_REFUNDED)
    endpoint_id = register(server, event_types=["charge.failed"]).get_json()["id"]
    assert told(hub, endpoint_id) == []
    one = send(server, "POST", f"{EVENTS}/{event_id}/resend")
    assert (one.status_code, one.get_json()["deliveries"]) == (202, 1)
    many = send(server, "POST", f"{EVENTS}/resend", {"since": before, "endpoint": endpoint_id})
    assert many.get_json() == {"object": "resend", "deliveries": 1, "next_after": None}
    assert told(hub, endpoint_id) == ["charge.failed"] * 2
    later = send(server, "POST", f"{EVENTS}/resend", {"since": "2099-01-01T00:00:00Z"})
    assert later.get_json()["deliveries"] == 0
    nowhere = {"since": before, "endpoint": "we_0"}
    assert code_of(send(server, "POST", f"{EVENTS}/resend", nowhere)) == (404, "unknown_webhook_endpoint")


def test_a_token_of_the_server_is_as_good_as_its_secret(app: Flask, hub: Hub) -> None:
    """A token of the client credentials grant opens what concerns the partner itself."""
    shop = make_partner(hub.engine, grant_types=["client_credentials"])
    secret = basic(shop.client_id, shop.client_secret)
    form = {"grant_type": "client_credentials"}
    token = app.test_client().post("/oauth/token", data=form, headers={"Authorization": secret}).get_json()
    server = Caller(client=app.test_client(), authorization=f"Bearer {token['access_token']}")

    assert register(server).status_code == 201
    assert len(server.get(ENDPOINTS).get_json()["data"]) == 1
