"""What one process forgets, all forget: by Redis at once, without it a moment later."""

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import timedelta

import redis

from oauth_app import clock
from oauth_app.relay.callers import Caller, CallerCache
from oauth_app.relay.grapevine import CHANNEL, Grapevine
from tests.fixtures.redis_server import running_redis


class Process:
    """One process's memory and its ear."""

    def __init__(self, url: str) -> None:
        self.callers = CallerCache()
        self.grapevine = Grapevine(url, self.callers)

    def remember(self, name: str, *, user_id: str = "usr_1") -> None:
        """Remember a caller."""
        caller = Caller(consent_id=f"con_{name}", user_id=user_id, partner_id="ptn_1", upstream_token="")
        until = clock.now() + timedelta(hours=1)
        self.callers.put(name, caller, expires_at=until, generation=self.callers.generation)

    def knows(self, name: str) -> bool:
        """Tell whether the caller is remembered."""
        return self.callers.find(name) is not None


@contextmanager
def talking(url: str) -> Iterator[tuple[Process, Process, asyncio.Runner]]:
    """Let two processes listen."""
    with asyncio.Runner() as runner:
        one, other = Process(url), Process(url)
        for process in (one, other):
            runner.get_loop().call_soon(process.grapevine.start)
        until(runner, lambda: listeners(url) == 2)
        runner.run(asyncio.sleep(0.05))
        yield one, other, runner
        for process in (one, other):
            runner.run(process.grapevine.stop())
            process.grapevine.close()


def listeners(url: str) -> int:
    """Return how many listen."""
    with closing(redis.Redis.from_url(url)) as server:
        [(_, count)] = server.pubsub_numsub(CHANNEL)
        return int(count)


def until(runner: asyncio.Runner, look: Callable[[], bool]) -> None:
    """Let the processes go on until something is so."""
    end = time.monotonic() + 10
    while not look():
        assert time.monotonic() < end, "it did not happen in time"
        runner.run(asyncio.sleep(0.01))


def test_what_one_forgets_the_other_forgets(redis_url: str) -> None:
    """A consent, a user, everybody; and nobody else."""
    with talking(redis_url) as (one, other, runner):
        for name in ("a", "b", "c"):
            other.remember(name, user_id="usr_2" if name == "c" else "usr_1")
        one.callers.forget_consent("con_a")
        until(runner, lambda: not other.knows("a"))
        assert other.knows("b")
        one.callers.forget_user("usr_1")
        until(runner, lambda: not other.knows("b"))
        assert other.knows("c")
        one.callers.forget_all()
        until(runner, lambda: not other.knows("c"))


def test_running_calls_of_the_other_are_looked_at(redis_url: str) -> None:
    """Who listens to the memory hears of it, so that calls which run are ended."""
    heard: list[bool] = []
    with talking(redis_url) as (one, other, runner):
        other.callers.listener = lambda: heard.append(True)
        one.callers.forget_consent("con_a")
        until(runner, lambda: bool(heard))


def test_nobody_repeats_what_it_heard(redis_url: str) -> None:
    """Otherwise two processes would talk for ever."""
    with talking(redis_url) as (one, other, runner):
        one.callers.forget_all()
        until(runner, lambda: other.callers.generation > 1)
        before = one.callers.generation, other.callers.generation
        runner.run(asyncio.sleep(0.2))
        assert (one.callers.generation, other.callers.generation) == before


def test_what_is_no_message_of_ours_is_passed_over(redis_url: str) -> None:
    """Others may use the same Redis."""
    with talking(redis_url) as (one, other, runner), closing(redis.Redis.from_url(redis_url)) as stranger:
        other.remember("a")
        stranger.publish(CHANNEL, b"\xff{nonsense")
        one.callers.forget_consent("con_b")
        until(runner, lambda: other.callers.generation > 1)
        assert other.knows("a")


def test_redis_that_is_away_fails_nobody() -> None:
    """Whoever disconnects is disconnected here; and when Redis is back, what was missed is made up for."""
    with running_redis() as (url, server), talking(url) as (one, _, runner):
        one.remember("a")
        server.kill()
        server.wait()
        begun = time.monotonic()
        one.callers.forget_consent("con_a")
        assert time.monotonic() - begun < 3
        assert not one.knows("a")
        runner.run(asyncio.sleep(0.1))


def test_who_begins_to_listen_trusts_nothing_that_it_remembers(redis_url: str) -> None:
    """While nobody listened, anything may have been said."""
    with asyncio.Runner() as runner:
        late = Process(redis_url)
        before = late.callers.generation
        runner.get_loop().call_soon(late.grapevine.start)
        # Not by what it knows: that would be gone by itself in two seconds.
        until(runner, lambda: late.callers.generation > before)
        runner.run(late.grapevine.stop())
        late.grapevine.close()
