"""What waits in the outbox is sent, whatever the other side does."""

import socket
import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from oauth_app import clock
from oauth_app.db import reading, transaction
from oauth_app.guarded_http import GuardedHttp
from oauth_app.hub import Hub
from oauth_app.models import Delivery
from oauth_app.outbox import Message, enqueue, lease_due
from oauth_app.outbox.queue import LEASE_LIFE
from oauth_app.provider.logout_token import LOGOUT_TOKEN
from oauth_app.services.deliveries import send_due
from oauth_app.services.partners import disable_partner
from oauth_app.worker import start
from tests.fixtures.hub import make_partner
from tests.fixtures.receiver import Receiver


@pytest.fixture
def partner_id(hub: Hub) -> str:
    """Register a partner."""
    return make_partner(hub.engine).client_id


def put(hub: Hub, partner_id: str, url: str, *, kind: str = LOGOUT_TOKEN) -> None:
    """Keep word of a session that has ended."""
    with transaction(hub.engine) as session:
        payload = {"sid": "sid_1", "sub": "subject"}
        enqueue(session, Message(kind=kind, partner_id=partner_id, url=url, payload=payload))


def rows(hub: Hub) -> list[Delivery]:
    """Return all messages, oldest first."""
    with reading(hub.engine) as session:
        return list(session.scalars(select(Delivery).order_by(Delivery.id)))


@pytest.mark.parametrize("status", [200, 204])
def test_what_is_taken_is_sent_once(hub: Hub, partner_id: str, receiver: Receiver, status: int) -> None:
    """Back-Channel Logout 2.8: 200, or the 204 of some frameworks."""
    receiver.status = status
    put(hub, partner_id, receiver.url)

    assert send_due(hub) == 1
    with clock.moved(timedelta(days=2)):
        assert send_due(hub) == 0
    assert (len(receiver.got), rows(hub)[0].was_taken) == (1, True)


@pytest.mark.parametrize("status", [201, 302, 400, 404, 500, 503])
def test_what_is_not_taken_is_sent_again(hub: Hub, partner_id: str, receiver: Receiver, status: int) -> None:
    """Also after a 400: a receiver that is mended later should still hear of it."""
    receiver.status = status
    put(hub, partner_id, receiver.url)
    send_due(hub)

    row = rows(hub)[0]
    assert (row.last_status, row.last_error, row.done_at) == (status, f"answered {status}", None)
    with clock.moved(timedelta(seconds=7)):
        assert send_due(hub) == 1


def test_a_redirect_is_not_followed(hub: Hub, partner_id: str, receiver: Receiver) -> None:
    """The token goes to the registered address and nowhere else."""
    receiver.status, receiver.location = 307, receiver.url + "/elsewhere"
    put(hub, partner_id, receiver.url)
    send_due(hub)

    assert len(receiver.got) == 1
    assert rows(hub)[0].last_status == 307


def test_a_server_that_is_down_is_tried_again(hub: Hub, partner_id: str) -> None:
    """A refused connection is an attempt like any other."""
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        port = listener.getsockname()[1]
    put(hub, partner_id, f"http://127.0.0.1:{port}/logout")
    send_due(hub)

    row = rows(hub)[0]
    assert (row.attempts, row.last_status, row.done_at) == (1, None, None)
    assert row.last_error is not None
    assert row.last_error.startswith("no answer")


def test_a_slow_server_holds_up_nobody(hub: Hub, partner_id: str, receiver: Receiver) -> None:
    """While one does not answer, the other is told; no transaction is open meanwhile."""
    receiver.may_answer.clear()
    put(hub, partner_id, receiver.url)
    sending = threading.Thread(target=send_due, args=[hub])
    sending.start()
    while not receiver.got:
        assert sending.is_alive()

    put(hub, partner_id, "http://127.0.0.1:1/logout")  # would wait for the write lock, were it held
    assert send_due(hub) == 1
    receiver.may_answer.set()
    sending.join()
    assert rows(hub)[0].was_taken


def test_a_private_address_is_not_gone_to(hub: Hub, partner_id: str, receiver: Receiver) -> None:
    """In production no partner can let the hub post into the operator's own network."""
    put(hub, partner_id, receiver.url)
    send_due(replace(hub, outside=GuardedHttp(allow_loopback=False)))

    assert receiver.got == []
    assert rows(hub)[0].last_error == "the address is not public"


def test_a_partner_that_is_switched_off_is_told_nothing(hub: Hub, partner_id: str, receiver: Receiver) -> None:
    """What was still waiting for it is given up."""
    put(hub, partner_id, receiver.url)
    with transaction(hub.engine) as session:
        disable_partner(session, partner_id)
    send_due(hub)

    assert receiver.got == []
    assert rows(hub)[0].done_at is not None


def test_a_message_that_cannot_be_made_is_not_tried_for_ever(
    hub: Hub, partner_id: str, receiver: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    """A mistake of ours is logged, counts as an attempt, and harms no other message."""
    put(hub, partner_id, receiver.url, kind="unheard_of")
    put(hub, partner_id, receiver.url)
    send_due(hub)

    assert [row.last_error for row in rows(hub)] == ["an error of ours", None]
    assert "delivery dlv_" in caplog.text
    assert len(receiver.got) == 1


def test_what_a_killed_process_held_is_sent(hub: Hub, partner_id: str, receiver: Receiver) -> None:
    """Its lease runs out, and another process sends the message."""
    put(hub, partner_id, receiver.url)
    with transaction(hub.engine) as session:
        lease_due(session, limit=1)  # and then the process is gone

    assert send_due(hub) == 0
    with clock.moved(LEASE_LIFE + timedelta(seconds=1)):
        assert send_due(hub) == 1
    assert rows(hub)[0].was_taken


@pytest.fixture
def running_worker(hub: Hub) -> Iterator[None]:
    """Let the worker run beside."""
    worker = start(hub)
    yield
    worker.stop()


@pytest.mark.usefixtures("running_worker")
def test_the_worker_sends_within_seconds(hub: Hub, partner_id: str, receiver: Receiver) -> None:
    """Nobody must ask for it."""
    arrived = threading.Event()
    put(hub, partner_id, receiver.url)
    for _ in range(100):
        if receiver.got:
            arrived.set()
            break
        arrived.wait(0.1)

    assert arrived.is_set()
