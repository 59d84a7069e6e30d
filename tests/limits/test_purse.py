"""Allotments: many calls in many processes together never pass a cap, and a crash never lets them."""

import asyncio
import time
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import Engine, select

from oauth_app import clock
from oauth_app.db import reading, transaction
from oauth_app.limits import Cap, OverLimitError, Purse
from oauth_app.limits.counters import forget_periods, settle_the_dead
from oauth_app.models import SpendAllotment, SpendCounter

DAY, MONTH = "2026-11-26", "2026-11"


def counter(engine: Engine, subject: str = "consent:1", period: str = DAY) -> tuple[int, int]:
    """Return what a counter says: spent, held."""
    with reading(engine) as session:
        row = session.get(SpendCounter, (subject, period))
        return (row.spent, row.held) if row else (0, 0)


async def spend(purse: Purse, caps: list[Cap], *, ceiling: int, cost: int, times: int) -> int:
    """Make calls one after the other, and return how many were let in."""
    passed = 0
    for _ in range(times):
        try:
            reservation = await purse.reserve(caps, ceiling)
        except OverLimitError:
            continue
        await asyncio.sleep(0)
        reservation.settle(cost)
        passed += 1
    return passed


def in_a_process(engine: Engine, holder: str, caps: list[Cap], *, callers: int, times: int) -> int:
    """Run a purse in a loop of its own, as a process does, and return how many calls of 10 were let in."""

    async def run() -> int:
        purse = Purse(engine, holder=holder)
        await purse.start()
        passed = await asyncio.gather(*(spend(purse, caps, ceiling=10, cost=10, times=times) for _ in range(callers)))
        await purse.stop()
        return sum(passed)

    return asyncio.run(run())


def test_parallel_calls_use_a_cap_up_exactly(engine: Engine) -> None:
    """Two hundred calls for a hundred: a hundred pass, and the counter says so."""
    passed = in_a_process(engine, "one", [Cap("consent:1", DAY, 1_000)], callers=20, times=10)
    assert (passed, counter(engine)) == (100, (1_000, 0))


def test_processes_together_keep_a_cap(engine: Engine) -> None:
    """Three processes never pass a cap together, and what they leave can be spent when they have given it back."""
    caps = [Cap("consent:1", DAY, 3_000), Cap("site:1", MONTH, 100_000)]
    with ThreadPoolExecutor(3) as pool:
        passed = sum(pool.map(lambda name: in_a_process(engine, name, caps, callers=8, times=40), ("a", "b", "c")))
    assert passed <= 300
    passed += in_a_process(engine, "d", caps, callers=4, times=100)
    assert (passed, counter(engine), counter(engine, "site:1", MONTH)) == (300, (3_000, 0), (3_000, 0))


def test_all_caps_or_none(engine: Engine) -> None:
    """A call that one cap refuses sets nothing aside within the others."""

    async def run() -> None:
        purse = Purse(engine, holder="one")
        wide, narrow = Cap("consent:1", DAY, 1_000), Cap("site:1", DAY, 5)
        with pytest.raises(OverLimitError) as refusal:
            await purse.reserve([wide, narrow], 10)
        assert (refusal.value.cap, refusal.value.left) == (narrow, 5)
        assert await spend(purse, [wide], ceiling=10, cost=10, times=101) == 100
        await purse.stop()

    asyncio.run(run())


def test_what_costs_more_than_expected_counts(engine: Engine) -> None:
    """Money that is gone is gone: the next call finds less, and the one after that nothing."""

    async def run() -> None:
        purse, caps = Purse(engine, holder="one"), [Cap("consent:1", DAY, 100)]
        (await purse.reserve(caps, 10)).settle(95)
        with pytest.raises(OverLimitError):
            await purse.reserve(caps, 10)
        (await purse.reserve(caps, 5)).settle(5)
        await purse.stop()

    asyncio.run(run())
    assert counter(engine) == (100, 0)


def test_a_reservation_is_settled_once(engine: Engine) -> None:
    """Whoever settles again changes nothing."""

    async def run() -> None:
        purse = Purse(engine, holder="one")
        reservation = await purse.reserve([Cap("consent:1", DAY, 100)], 10)
        reservation.settle(7)
        reservation.settle(7)
        await purse.stop()

    asyncio.run(run())
    assert counter(engine) == (7, 0)


def test_a_lowered_cap_counts_at_the_next_call(engine: Engine) -> None:
    """What was allotted under the old cap cannot be spent under the new one."""

    async def run() -> None:
        purse = Purse(engine, holder="one")
        (await purse.reserve([Cap("consent:1", DAY, 100_000)], 10)).settle(10)
        with pytest.raises(OverLimitError):
            await purse.reserve([Cap("consent:1", DAY, 15)], 10)
        (await purse.reserve([Cap("consent:1", DAY, 20)], 10)).settle(10)
        await purse.stop()

    asyncio.run(run())
    assert counter(engine) == (20, 0)


def test_an_idle_process_gives_back(engine: Engine) -> None:
    """What nobody needs for a second is there for others, while the process lives."""

    async def run() -> None:
        purse = Purse(engine, holder="one")
        await purse.start()
        (await purse.reserve([Cap("consent:1", DAY, 10_000)], 10)).settle(10)
        assert counter(engine)[1] > 0
        await asyncio.sleep(3)
        assert counter(engine) == (10, 0)
        await purse.stop()

    asyncio.run(run())


def test_a_dead_process_spent_what_it_held(engine: Engine) -> None:
    """After a crash nobody knows what was spent of an allotment, so all of it counts: once, and no more."""

    async def run() -> None:
        await Purse(engine, holder="dead").reserve([Cap("consent:1", DAY, 1_000)], 100)

    asyncio.run(run())
    held = counter(engine)[1]
    with clock.moved(timedelta(seconds=11)):
        for expected in (1, 0):
            with transaction(engine) as session:
                assert settle_the_dead(session) == expected
    assert held >= 100
    assert counter(engine) == (held, 0)


def test_a_process_that_was_taken_for_dead_counts_nothing_twice(engine: Engine) -> None:
    """It slept, its allotment was counted, and now it wakes and reports: the money is counted once."""

    async def run() -> None:
        purse = Purse(engine, holder="asleep")
        reservation = await purse.reserve([Cap("consent:1", DAY, 1_000)], 100)
        with clock.moved(timedelta(seconds=11)), transaction(engine) as session:
            settle_the_dead(session)
        reservation.settle(60)
        await purse.stop()

    asyncio.run(run())
    spent, held = counter(engine)
    assert (100 <= spent <= 110, held) == (True, 0)


def test_who_leaves_while_money_is_fetched_keeps_none(engine: Engine) -> None:
    """A call that is broken off before its money is there leaves nothing behind that others miss."""

    async def run() -> None:
        purse = Purse(engine, holder="one")
        call = asyncio.create_task(purse.reserve([Cap("consent:1", DAY, 1_000)], 900))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        call.cancel()
        await asyncio.wait({call})
        (await purse.reserve([Cap("consent:1", DAY, 1_000)], 900)).settle(0)
        await purse.stop()

    asyncio.run(run())
    assert counter(engine) == (0, 0)


def test_a_stop_amid_a_report_counts_nothing_twice(engine: Engine) -> None:
    """A process that stops while it reports has spent what it has spent, and no more."""

    async def run() -> None:
        purse = Purse(engine, holder="one")
        await purse.start()
        for _ in range(20):
            (await purse.reserve([Cap("consent:1", DAY, 10_000)], 10)).settle(10)
            await asyncio.sleep(0.03)
        await purse.stop()

    asyncio.run(run())
    assert counter(engine) == (200, 0)


def test_old_periods_are_forgotten(engine: Engine) -> None:
    """Counters of days and months that are over go; those of today and of this month stay."""
    periods = ["2026-10", "2026-11", "2026-11-25", "2026-11-26"]
    with transaction(engine) as session:
        session.add_all(SpendCounter(subject="consent:1", period=period, spent=1, held=0) for period in periods)
    with transaction(engine) as session:
        forget_periods(session, clock.now().replace(year=2026, month=11, day=26))
    with reading(engine) as session:
        kept = session.scalars(select(SpendCounter.period).order_by(SpendCounter.period)).all()
        assert session.scalars(select(SpendAllotment)).all() == []
    assert kept == ["2026-11", "2026-11-26"]


def test_a_call_that_may_cost_more_gets_what_is_left(engine: Engine) -> None:
    """It has each cap's rest to itself; what it costs beyond that passes the cap, and nobody adds to it."""

    async def run() -> list[object]:
        purse = Purse(engine, holder="one")
        caps = [Cap("consent:1", DAY, 100), Cap("site:1", DAY, 5_000)]
        await purse.start()
        short = await purse.reserve_rest(caps, 1_000, 50)
        refused = [await refuses(purse.reserve(caps, 1)), await refuses(purse.reserve_rest(caps, 1_000, 1))]
        others = await purse.reserve(caps[1:], 4_000)  # of the site, only the ceiling is taken
        too_much = await refuses(purse.reserve(caps[1:], 1))
        others.settle(0)
        short.settle(130)
        after = await refuses(purse.reserve(caps, 1))
        await purse.stop()
        return [short.amount, *refused, too_much, after]

    assert asyncio.run(run()) == [100, True, True, True, True]
    assert (counter(engine), counter(engine, "site:1")) == ((130, 0), (130, 0))


def test_what_is_on_its_way_back_is_not_missed(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """A call that comes while the rest is being given back waits for it, and is not refused."""
    write = Purse._write  # noqa: SLF001 - to make it slow
    monkeypatch.setattr("oauth_app.limits.purse._IDLE_S", 0.2)
    monkeypatch.setattr(Purse, "_write", lambda purse, reports: (time.sleep(0.3), write(purse, reports))[1])

    async def run() -> int:
        purse, caps = Purse(engine, holder="one"), [Cap("consent:1", DAY, 1_000)]
        await purse.start()
        for _ in range(3):
            (await purse.reserve_rest(caps, 5_000, 900)).settle(0)
            while purse._free(caps[0]):  # noqa: ASYNC110, SLF001 - until it is on its way, which nothing tells
                await asyncio.sleep(0.01)
        return 3

    assert asyncio.run(run()) == 3


def test_less_than_the_least_is_not_enough(engine: Engine) -> None:
    """Nothing is begun that would surely pass the cap, and nothing stays held."""

    async def run() -> bool:
        purse = Purse(engine, holder="one")
        await purse.start()
        refused = await refuses(purse.reserve_rest([Cap("consent:1", DAY, 100)], 1_000, 101))
        await purse.stop()
        return refused

    assert asyncio.run(run())
    assert counter(engine) == (0, 0)


def test_only_one_such_call_runs_in_a_cap(engine: Engine) -> None:
    """What others give back meanwhile is for calls that it covers, and not for a second one that may pass the cap."""

    async def run() -> list[object]:
        purse, caps = Purse(engine, holder="one"), [Cap("consent:1", DAY, 1_000)]
        await purse.start()
        usual = await purse.reserve(caps, 600)
        short = await purse.reserve_rest(caps, 5_000, 100)
        usual.settle(10)
        second = await refuses(purse.reserve_rest(caps, 5_000, 100))
        covered = await refuses(purse.reserve(caps, 500))
        short.settle(20)
        third = await refuses(purse.reserve_rest(caps, 5_000, 100))
        await purse.stop()
        return [short.amount, second, covered, third]

    assert asyncio.run(run()) == [400, True, False, False]


async def refuses(reserving: Coroutine[None, None, object]) -> bool:
    """Tell whether an amount is not to be had."""
    try:
        await reserving
    except OverLimitError:
        return True
    return False
