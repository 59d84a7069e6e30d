"""Keepers of the pace: in this process, in Redis, in both databases."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager

import pytest
from sqlalchemy import Engine

from oauth_app.limits import DatabasePace, Most, Pace, PaceKeeper, Place, RedisPace, TooManyError

#: Makes a keeper, as one process has it.
Make = Callable[[], PaceKeeper]
_subjects = itertools.count()


@pytest.fixture(params=["process", "redis", "sqlite", "postgresql"])
def make(request: pytest.FixtureRequest) -> Make:
    """Return what makes keepers of each kind; all but the first kind share their counts."""
    if request.param == "process":
        pace = Pace()
        return lambda: pace
    return make_shared(request)


@pytest.fixture(params=["redis", "sqlite", "postgresql"])
def make_one(request: pytest.FixtureRequest) -> Make:
    """Return what makes keepers of each kind that several processes share."""
    return make_shared(request)


def make_shared(request: pytest.FixtureRequest) -> Make:
    """Return what makes keepers that share their counts."""
    holders = (f"req_{number}" for number in itertools.count())
    if request.param == "redis":
        url: str = request.getfixturevalue("redis_url")
        return lambda: RedisPace(url, next(holders))
    engine: Engine = request.getfixturevalue(request.param)
    return lambda: DatabasePace(engine, next(holders))


@pytest.fixture
def subject() -> str:
    """A subject that no other test has."""
    return f"consent:con_{next(_subjects)}"


@asynccontextmanager
async def keeping(make: Make, count: int = 1) -> AsyncIterator[list[PaceKeeper]]:
    """Run some keepers."""
    async with AsyncExitStack() as stack:
        keepers = [make() for _ in range(count)]
        for keeper in keepers:
            await keeper.start()
            stack.push_async_callback(keeper.stop)
        yield keepers


def with_one(make: Make, scenario: Callable[[PaceKeeper], Awaitable[None]]) -> None:
    """Play a scenario with one keeper."""

    async def play() -> None:
        async with keeping(make) as [keeper]:
            await scenario(keeper)

    asyncio.run(play())


async def refusal(keeper: PaceKeeper, *limits: Most) -> int:
    """Return how long a call must wait that is refused."""
    with pytest.raises(TooManyError) as refused:
        await keeper.enter(limits)
    return refused.value.retry_after_s


async def until_let_in(keeper: PaceKeeper, *limits: Most) -> Place:
    """Ask until a place that was given back has arrived where it is counted."""
    for _ in range(200):
        try:
            return await keeper.enter(limits)
        except TooManyError:
            await asyncio.sleep(0.01)
    pytest.fail("no place came free")
