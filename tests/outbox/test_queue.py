"""The queue: nothing is lost, nothing is held by two, and no partner stands in another's way."""

import threading
from collections.abc import Sequence
from datetime import timedelta

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from oauth_app import clock
from oauth_app.db import reading, transaction
from oauth_app.models import Delivery
from oauth_app.outbox import Lease, Message, Outcome, enqueue, is_any_due, lease_due, settle
from oauth_app.outbox.queue import LEASE_LIFE
from tests.fixtures.hub import make_partner

FAILED = Outcome(was_taken=False, status=500, error="answered 500")


@pytest.fixture
def partner_id(engine: Engine) -> str:
    """Register a partner in each database."""
    return make_partner(engine).client_id


def put(engine: Engine, partner_id: str, count: int = 1) -> None:
    """Keep so many messages."""
    with transaction(engine) as session:
        for number in range(count):
            enqueue(
                session, Message(kind="test", partner_id=partner_id, url="https://x.example", payload={"n": number})
            )


def take(engine: Engine, limit: int = 100) -> Sequence[Lease]:
    """Take what is due."""
    with transaction(engine) as session:
        return lease_due(session, limit=limit)


def end(engine: Engine, lease: Lease, outcome: Outcome) -> bool:
    """Settle one."""
    with transaction(engine) as session:
        return settle(session, lease, outcome)


def only(engine: Engine) -> Delivery:
    """Return the one message there is."""
    with reading(engine) as session:
        return session.scalars(select(Delivery)).one()


def test_a_message_goes_with_its_fact(engine: Engine, partner_id: str) -> None:
    """When the transaction of the fact fails, nothing is sent."""
    with Session(engine) as session, session.begin() as fact:
        enqueue(session, Message(kind="test", partner_id=partner_id, url="https://x.example", payload={}))
        fact.rollback()

    assert take(engine) == []


def test_a_message_is_in_one_hand(engine: Engine, partner_id: str) -> None:
    """Who comes second finds nothing, until the lease has run out; then it is the next attempt."""
    put(engine, partner_id)
    first = take(engine)

    assert [lease.attempt for lease in first] == [1]
    assert take(engine) == []
    with clock.moved(LEASE_LIFE + timedelta(seconds=1)):
        again = take(engine)
    assert [(lease.id, lease.attempt) for lease in again] == [(first[0].id, 2)]


def test_many_processes_share_the_work(engine: Engine) -> None:
    """Eight that reach out at the same moment get every message once."""
    partners = [make_partner(engine, name=f"P{number}").client_id for number in range(10)]
    for one in partners:
        put(engine, one, 4)
    taken: list[Lease] = []
    start = threading.Barrier(8)

    def work() -> None:
        start.wait()
        for _ in range(5):
            taken.extend(take(engine, 3))

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    taken.extend(take(engine))

    assert len(taken) == 40
    assert len({lease.id for lease in taken}) == 40
    assert {lease.attempt for lease in taken} == {1}


def test_one_partner_does_not_hold_up_the_others(engine: Engine, partner_id: str) -> None:
    """However much waits for one that does not answer, the other's message goes in the same turn."""
    put(engine, partner_id, 50)
    other = make_partner(engine, name="Other").client_id
    put(engine, other)

    leases = take(engine, 16)

    assert other in {lease.message.partner_id for lease in leases}
    assert len(leases) == 5


def test_what_was_taken_is_done(engine: Engine, partner_id: str) -> None:
    """It never comes up again."""
    put(engine, partner_id)
    assert end(engine, take(engine)[0], Outcome(was_taken=True, status=200))

    assert only(engine).was_taken
    with clock.moved(timedelta(days=3)):
        assert take(engine) == []


def test_what_failed_comes_again(engine: Engine, partner_id: str) -> None:
    """Not at once, but after the pause; what went wrong is kept."""
    put(engine, partner_id)
    end(engine, take(engine)[0], FAILED)

    assert take(engine) == []
    assert (only(engine).last_status, only(engine).last_error) == (500, "answered 500")
    with clock.moved(timedelta(seconds=7)):
        assert [lease.attempt for lease in take(engine)] == [2]


def test_a_message_is_given_up(engine: Engine, partner_id: str) -> None:
    """After the eighth attempt it is done, and was not taken."""
    put(engine, partner_id)
    attempts = 0
    for day in range(10):
        with clock.moved(timedelta(days=day)):
            for lease in take(engine):
                attempts = lease.attempt
                end(engine, lease, FAILED)

    assert attempts == 8
    assert only(engine).done_at is not None
    assert not only(engine).was_taken


def test_a_final_refusal_is_not_tried_again(engine: Engine, partner_id: str) -> None:
    """What cannot end better is given up at once."""
    put(engine, partner_id)
    end(engine, take(engine)[0], Outcome(was_taken=False, error="switched off", is_final=True))

    with clock.moved(timedelta(days=3)):
        assert take(engine) == []


def test_who_comes_late_settles_nothing(engine: Engine, partner_id: str) -> None:
    """A sender whose lease has run out cannot undo what the next one found."""
    put(engine, partner_id)
    late = take(engine)[0]
    with clock.moved(LEASE_LIFE + timedelta(seconds=1)):
        now_mine = take(engine)[0]
        assert not end(engine, late, FAILED)
        assert end(engine, now_mine, Outcome(was_taken=True, status=200))

    assert only(engine).was_taken


def test_an_empty_queue_says_so(engine: Engine, partner_id: str) -> None:
    """So that nobody must take the write lock only to see that there is nothing."""
    with reading(engine) as session:
        assert not is_any_due(session)
    put(engine, partner_id)
    with reading(engine) as session:
        assert is_any_due(session)
