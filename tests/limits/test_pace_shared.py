"""What processes that count together owe each other, and what happens when nobody counts."""

import asyncio
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import Engine, text

from oauth_app import clock
from oauth_app.db import transaction
from oauth_app.limits import DatabasePace, Most, PaceAwayError, PaceKeeper, Place, RedisPace, TooManyError
from oauth_app.limits import pace_database as by_database
from oauth_app.limits.pace_database import forget_tallies
from oauth_app.models import PaceTally
from tests.fixtures.redis_server import running_redis
from tests.limits.conftest import Make, keeping, refusal, until_let_in, with_one


def test_processes_together_let_no_call_too_many_in(make_one: Make, subject: str) -> None:
    """Three processes with 40 callers each, for 50 calls a minute: 50 come in."""

    async def play() -> None:
        async with keeping(make_one, 3) as keepers:
            limit = [Most(subject, a_minute=50, at_once=100)]
            asked = [keeper.enter(limit) for keeper in keepers for _ in range(40)]
            results = await asyncio.gather(*asked, return_exceptions=True)
        assert sum(isinstance(result, Place) for result in results) == 50
        assert sum(isinstance(result, TooManyError) for result in results) == 70

    asyncio.run(play())


def test_processes_together_let_no_call_at_once_too_many_in(make_one: Make, subject: str) -> None:
    """Two processes share the places, and what one gives back the other can take."""

    async def play() -> None:
        async with keeping(make_one, 2) as [one, other]:
            single = Most(subject, at_once=1)
            place = await one.enter([single])
            await refusal(other, single)
            one.leave(place)
            await until_let_in(other, single)
            await refusal(one, single)

    asyncio.run(play())


def test_a_process_that_ends_gives_its_places_back(make_one: Make, subject: str) -> None:
    """Nobody waits for calls that were cut off by a restart."""

    async def play() -> None:
        single = Most(subject, at_once=1)
        async with keeping(make_one) as [one]:
            await one.enter([single])
        async with keeping(make_one) as [other]:
            await other.enter([single])

    asyncio.run(play())


def test_places_of_a_dead_process_come_free(make_one: Make, subject: str) -> None:
    """A process that was killed gives nothing back; after a minute its places count no more."""

    async def play() -> None:
        single = Most(subject, at_once=1)
        async with keeping(make_one, 2) as [dead, living]:
            await dead.enter([single])
            dead._running.clear()  # type: ignore[attr-defined] # noqa: SLF001 - it will not say goodbye
            with clock.moved(timedelta(seconds=58)):
                await refusal(living, single)
            with clock.moved(timedelta(seconds=61)):
                await living.enter([single])

    asyncio.run(play())


def test_places_of_a_living_process_are_kept(make_one: Make, subject: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stream of an hour has its place for an hour: the process says again and again that it runs."""
    for module in ("pace_database", "pace_redis"):
        monkeypatch.setattr(f"oauth_app.limits.{module}._RENEWAL_S", 0.05)

    async def play() -> None:
        single = Most(subject, at_once=1)
        async with keeping(make_one, 2) as [one, other]:
            await one.enter([single])
            with clock.moved(timedelta(seconds=50)):
                await asyncio.sleep(0.5)
            with clock.moved(timedelta(seconds=100)):
                await refusal(other, single)

    asyncio.run(play())


def test_places_outlive_the_life_of_one_in_redis_too(
    redis_url: str, subject: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Redis goes by its own clock: what it forgets after a while is renewed as well."""
    monkeypatch.setattr("oauth_app.limits.pace_redis.PLACE_LIFE_S", 0.5)
    monkeypatch.setattr("oauth_app.limits.pace_redis._RENEWAL_S", 0.15)

    async def play() -> None:
        single = Most(subject, at_once=1)
        async with keeping(lambda: RedisPace(redis_url, "req_1")) as [keeper]:
            await keeper.enter([single])
            await asyncio.sleep(1.6)
            await refusal(keeper, single)

    asyncio.run(play())


def test_a_tally_that_cannot_be_read_refuses_and_keeps_nobody_waiting(sqlite: Engine, subject: str) -> None:
    """Whatever goes wrong with one answer, the next callers are answered, too."""

    async def play() -> None:
        async with keeping(lambda: DatabasePace(sqlite, "req_1")) as [keeper]:
            two = [Most(subject, a_minute=2)]
            await keeper.enter(two)
            with sqlite.begin() as connection:
                connection.execute(text("UPDATE pace_tally SET tally = '{'"))
            for _ in range(2):
                with pytest.raises(PaceAwayError):
                    await keeper.enter(two)
            await keeper.enter([Most(f"{subject}:other", a_minute=2)])

    asyncio.run(play())


def test_the_database_does_not_fill_with_those_who_left(sqlite: Engine) -> None:
    """The worker deletes what counts no more, and nothing else."""

    async def scenario(keeper: PaceKeeper) -> None:
        await keeper.enter([Most("con_1", a_minute=2)])

    def kept() -> int:
        with transaction(sqlite) as session:
            forget_tallies(session)
            return session.query(PaceTally).count()

    with_one(lambda: DatabasePace(sqlite, "req_1"), scenario)
    assert kept() == 1
    with clock.moved(timedelta(minutes=3)):
        assert kept() == 0


def test_without_redis_nobody_with_a_limit_comes_in() -> None:
    """Who cannot be counted is not let in, and is as soon as Redis is there again."""

    async def play(url: str, stop: Callable[[], None]) -> None:
        async with keeping(lambda: RedisPace(url, "req_1")) as [keeper]:
            limit = [Most("con_1", a_minute=5)]
            await keeper.enter(limit)
            stop()
            with pytest.raises(PaceAwayError):
                await keeper.enter(limit)

    with running_redis() as (url, server):

        def stop() -> None:
            server.kill()
            server.wait()

        asyncio.run(play(url, stop))


def test_without_the_database_nobody_with_a_limit_comes_in(sqlite: Engine) -> None:
    """The same; and what failed is not counted twice afterwards."""

    async def play() -> None:
        async with keeping(lambda: DatabasePace(sqlite, "req_1")) as [keeper]:
            two = [Most("con_1", a_minute=2)]
            with sqlite.begin() as connection:
                connection.execute(text("ALTER TABLE pace_tally RENAME TO away"))
            with pytest.raises(PaceAwayError):
                await keeper.enter(two)
            with sqlite.begin() as connection:
                connection.execute(text("ALTER TABLE away RENAME TO pace_tally"))
            standing = (await keeper.enter(two)).standing
            assert standing is not None
            assert standing.remaining == 1

    asyncio.run(play())


@pytest.fixture
def few_writes(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Count how many calls each transaction answers."""
    answered: list[int] = []
    write = by_database._write  # noqa: SLF001 - what is written how often is the point

    def noting(engine: Engine, wishes: list[object], left: list[Place]) -> object:
        answered.append(len(wishes))
        return write(engine, wishes, left)  # type: ignore[arg-type]

    monkeypatch.setattr(by_database, "_write", noting)
    return answered


def test_calls_of_one_moment_share_a_transaction(sqlite: Engine, few_writes: list[int]) -> None:
    """A database write for each call would be too dear."""

    async def play() -> None:
        async with keeping(lambda: DatabasePace(sqlite, "req_1")) as [keeper]:
            await asyncio.gather(*(keeper.enter([Most("con_1", a_minute=500)]) for _ in range(100)))

    asyncio.run(play())
    assert sum(few_writes) == 100
    assert len(few_writes) <= 3
