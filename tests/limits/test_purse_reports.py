"""What a process owes the counters: every report once, a sign of life, and no more than the newest limit leaves."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import Engine, text

from oauth_app import clock
from oauth_app.db import transaction
from oauth_app.limits import Cap, OverLimitError, Purse
from oauth_app.limits.counters import settle_the_dead
from tests.limits.test_purse import DAY, counter


def rename(engine: Engine, old: str, new: str) -> None:
    """Take the counters away, or bring them back."""
    with engine.begin() as connection:
        connection.execute(text(f"ALTER TABLE {old} RENAME TO {new}"))


def test_a_report_that_failed_is_sent_again_and_counted_once(engine: Engine) -> None:
    """While the counters are away nothing is lost, and when they are back nothing counts twice."""

    async def run() -> None:
        purse = Purse(engine, holder="one")
        await purse.start()
        reservation = await purse.reserve([Cap("consent:1", DAY, 10_000)], 100)
        rename(engine, "spend_allotment", "away")
        reservation.settle(70)
        await asyncio.sleep(1)
        rename(engine, "away", "spend_allotment")
        await asyncio.sleep(1)
        assert counter(engine)[0] == 70
        (await purse.reserve([Cap("consent:1", DAY, 10_000)], 100)).settle(5)
        await purse.stop()

    asyncio.run(run())
    assert counter(engine) == (75, 0)


def test_a_living_process_keeps_what_it_holds(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stream longer than the life of an allotment is not counted as a crash."""
    monkeypatch.setattr("oauth_app.limits.purse._RENEW_EVERY_S", 0.05)

    async def run() -> None:
        purse = Purse(engine, holder="one")
        await purse.start()
        reservation = await purse.reserve([Cap("consent:1", DAY, 10_000)], 100)
        with clock.moved(timedelta(seconds=8)):
            await asyncio.sleep(1.6)
        with clock.moved(timedelta(seconds=15)), transaction(engine) as session:
            assert settle_the_dead(session) == 0
        reservation.settle(60)
        await purse.stop()

    asyncio.run(run())
    assert counter(engine) == (60, 0)


def test_a_lowered_cap_counts_what_another_process_holds(engine: Engine) -> None:
    """What was allotted under the old cap is spent under it; nobody gets more than the new one leaves beside it."""

    async def run() -> None:
        one, other = Purse(engine, holder="one"), Purse(engine, holder="other")
        reservation = await one.reserve([Cap("consent:1", DAY, 1_000)], 100)
        held = counter(engine)[1]
        assert held >= 100
        lowered = Cap("consent:1", DAY, held + 40)
        with pytest.raises(OverLimitError):
            await other.reserve([lowered], 41)
        (await other.reserve([lowered], 40)).settle(40)
        reservation.settle(100)
        await one.stop()
        await other.stop()

    asyncio.run(run())
    assert counter(engine) == (140, 0)
