"""The worker: jobs go on, whatever one of them does."""

import threading
from datetime import timedelta

import pytest

from oauth_app import clock
from oauth_app.db import transaction
from oauth_app.hub import Hub
from oauth_app.models import TopUp
from oauth_app.services.top_up import open_top_up
from oauth_app.services.top_up_wishes import TopUpWish
from oauth_app.worker import Worker, start
from oauth_app.worker.jobs import Job
from oauth_app.worker.top_up_watch import TopUpWatch
from tests.fixtures.hub import Person, Sandbox
from tests.services.books import only_top_up


def test_a_job_that_fails_stops_no_other(hub: Hub, caplog: pytest.LogCaptureFixture) -> None:
    """The failure is in the log, and the other jobs take their turns."""
    turns, enough = [], threading.Event()

    def fail(_hub: Hub) -> int:
        raise RuntimeError

    def work(_hub: Hub) -> int:
        turns.append(1)
        if len(turns) > 2:
            enough.set()
        return 1

    jobs = [Job(name="bad", every_s=0, work=fail), Job(name="good", every_s=0, work=work)]
    worker = Worker(hub, jobs)
    worker.start()
    assert enough.wait(10)
    worker.stop()
    assert "job failed: bad" in caplog.text


def test_stopping_waits_for_the_present_job(hub: Hub) -> None:
    """After ``stop`` nothing is at work any more."""
    begun, done = threading.Event(), []

    def work(_hub: Hub) -> int:
        begun.set()
        threading.Event().wait(0.2)
        done.append(1)
        return 1

    worker = Worker(hub, [Job(name="slow", every_s=60, work=work)])
    worker.start()
    begun.wait(10)
    worker.stop()
    assert done == [1]


def test_the_worker_finds_payments(hub: Hub, alice: Person, sandbox: Sandbox) -> None:
    """A payment is found without anybody looking at a page; two workers at once do no harm."""
    sandbox.pay(open_top_up(hub, TopUpWish(user_id=alice.user_id, amount=10_00)).top_up.url or "")

    workers = [start(hub), start(hub)]
    for _ in range(100):
        if only_top_up(hub).status == "paid":
            break
        threading.Event().wait(0.1)
    for worker in workers:
        worker.stop()
    assert only_top_up(hub).status == "paid"


def test_it_looks_less_often_as_time_goes_by(hub: Hub, alice: Person, sandbox: Sandbox) -> None:
    """An hour-old order is looked at every two minutes, a fresh one every two seconds."""
    opened = open_top_up(hub, TopUpWish(user_id=alice.user_id, amount=10_00)).top_up
    with transaction(hub.engine) as session:
        session.get_one(TopUp, opened.id).created_at -= timedelta(hours=1)
    watch = TopUpWatch()
    watch(hub)
    sandbox.pay(opened.url or "")

    with clock.moved(timedelta(seconds=90)):
        assert watch(hub) == 0
    with clock.moved(timedelta(seconds=130)):
        assert watch(hub) == 1
