"""Calls a minute and calls at once: one rule, whoever counts."""

import itertools
from datetime import timedelta

from oauth_app import clock
from oauth_app.limits import Most, Pace, PaceKeeper
from tests.limits.conftest import Make, refusal, until_let_in, with_one


def test_one_call_too_many_is_refused(make: Make, subject: str) -> None:
    """The third call of a minute is not let in when two are allowed."""

    async def scenario(keeper: PaceKeeper) -> None:
        two = Most(subject, a_minute=2)
        standings = [(await keeper.enter([two])).standing for _ in range(2)]
        assert [(one.limit, one.remaining) for one in standings if one is not None] == [(2, 1), (2, 0)]
        assert 58 <= await refusal(keeper, two) <= 61

    with_one(make, scenario)


def test_the_minute_slides(make: Make, subject: str) -> None:
    """A place is free when the call that took it is a minute old, not when the clock strikes."""

    async def scenario(keeper: PaceKeeper) -> None:
        two = Most(subject, a_minute=2)
        await keeper.enter([two])
        with clock.moved(timedelta(seconds=40)):
            await keeper.enter([two])
            assert 18 <= await refusal(keeper, two) <= 21
        with clock.moved(timedelta(seconds=61)):
            await keeper.enter([two])
            assert 38 <= await refusal(keeper, two) <= 41

    with_one(make, scenario)


def test_refused_calls_do_not_count(make: Make, subject: str) -> None:
    """Who asks again too early does not wait longer for it."""

    async def scenario(keeper: PaceKeeper) -> None:
        two = Most(subject, a_minute=2)
        for _ in range(2):
            await keeper.enter([two])
        with clock.moved(timedelta(seconds=58)):
            await refusal(keeper, two)
        with clock.moved(timedelta(seconds=61)):
            await keeper.enter([two])

    with_one(make, scenario)


def test_each_subject_has_its_own_pace(make: Make, subject: str) -> None:
    """A busy site takes no call from another, and nobody without a limit is counted."""

    async def scenario(keeper: PaceKeeper) -> None:
        for name, _ in itertools.product(["a", "b"], range(2)):
            await keeper.enter([Most(subject + name, a_minute=2)])
        for _ in range(20):
            await keeper.enter([Most(subject + "c")])

    with_one(make, scenario)


def test_a_lowered_limit_counts_at_once(make: Make, subject: str) -> None:
    """Calls that were made before count against the new limit; the wait is until it is kept again."""

    async def scenario(keeper: PaceKeeper) -> None:
        for second in range(5):
            with clock.moved(timedelta(seconds=second)):
                await keeper.enter([Most(subject, a_minute=5)])
        with clock.moved(timedelta(seconds=5)):
            assert 58 <= await refusal(keeper, Most(subject, a_minute=1)) <= 61

    with_one(make, scenario)


def test_so_many_at_once_and_no_more(make: Make, subject: str) -> None:
    """A call that has ended makes room for the next, and only then."""

    async def scenario(keeper: PaceKeeper) -> None:
        two = Most(subject, at_once=2)
        first = await keeper.enter([two])
        await keeper.enter([two])
        assert await refusal(keeper, two) == 1
        keeper.leave(first)
        await until_let_in(keeper, two)
        assert await refusal(keeper, two) == 1

    with_one(make, scenario)


def test_a_refusal_by_one_limit_counts_against_no_other(make: Make, subject: str) -> None:
    """The user's limit is not used up by calls that the site's limit refuses."""

    async def scenario(keeper: PaceKeeper) -> None:
        user, site = Most(subject, a_minute=2, at_once=2), Most(f"{subject}:site", a_minute=1)
        await keeper.enter([user, site])
        await refusal(keeper, user, site)
        standing = (await keeper.enter([user])).standing
        assert standing is not None
        assert (standing.limit, standing.remaining) == (2, 0)

    with_one(make, scenario)


def test_memory_does_not_fill_with_those_who_left() -> None:
    """Who has not called for a minute is forgotten when room is needed."""

    async def scenario(keeper: PaceKeeper) -> None:
        for number in range(2):
            await keeper.enter([Most(f"con_{number}", a_minute=2)])
        with clock.moved(timedelta(seconds=62)):
            await keeper.enter([Most("con_9", a_minute=2)])
        assert list(pace._tallies) == ["con_9"]  # noqa: SLF001 - what is kept is the point

    pace = Pace(capacity=2)
    with_one(lambda: pace, scenario)
