"""Calls a minute and at once, counted in Redis for all processes and machines.

One script a call, so that nobody comes between looking and counting. Redis may lose what it holds: then a minute begins
anew, which is harmless here and would not be for money. The clocks of the hub's machines must be in step.
"""

import asyncio
import contextlib
from collections.abc import Sequence
from itertools import count
from pathlib import Path

from redis.asyncio import Redis
from redis.exceptions import RedisError

from oauth_app import clock
from oauth_app.limits.pace import PLACE_LIFE_S, WINDOW_S, Most, PaceAwayError, Place, Standing, TooManyError

_SCRIPT = Path(__file__).with_name("pace.lua").read_text("utf-8")
_PREFIX = "ohmygpt-connect:pace:"
_NO_LIMIT = -1
_PATIENCE_S = 2.0
#: How often a process says that its places are still taken.
_RENEWAL_S = PLACE_LIFE_S / 3


class RedisPace:
    """Counts in Redis.

    Args:
        url: such as ``redis://localhost:6379/0``.
        holder: tells this process from all others.
    """

    def __init__(self, url: str, holder: str) -> None:
        self._url = url
        self._holder = holder
        self._numbers = count()
        self._running: dict[str, Place] = {}
        self._left: list[Place] = []
        self._has_left = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Begin, in the event loop that will ask."""
        self._redis = Redis.from_url(
            self._url, socket_timeout=_PATIENCE_S, socket_connect_timeout=_PATIENCE_S, decode_responses=True
        )
        self._enter = self._redis.register_script(_SCRIPT)
        self._tasks = [asyncio.create_task(self._let_go_always()), asyncio.create_task(self._renew_always())]

    async def stop(self) -> None:
        """End, and give back every place."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._left.extend(self._running.values())
        with contextlib.suppress(RedisError):
            await self._let_go()
        await self._redis.aclose()

    async def enter(self, limits: Sequence[Most]) -> Place:
        """Count a call against all limits.

        Raises:
            TooManyError: it is one too many for one of them; it counts against none.
            PaceAwayError: Redis cannot be asked.
        """
        name = f"{self._holder}:{next(self._numbers)}"
        keys = [key for most in limits for key in (_calls_of(most), _places_of(most))]
        now_ms = int(clock.now().timestamp() * 1000)
        arguments: list[str | int] = [now_ms, name, int(PLACE_LIFE_S * 1000), WINDOW_S]
        for most in limits:
            arguments += [_NO_LIMIT if limit is None else limit for limit in (most.a_minute, most.at_once)]
        try:
            is_refused, *numbers = await self._enter(keys=keys, args=arguments)
        except (RedisError, OSError) as error:
            raise PaceAwayError(str(error)) from error
        if is_refused:
            raise TooManyError(numbers[0])
        place = Place(name, limits, Standing(*numbers) if numbers else None)
        if any(most.at_once is not None for most in limits):
            self._running[name] = place
        return place

    def leave(self, place: Place) -> None:
        """Note that the call has ended; Redis hears of it in a moment."""
        if self._running.pop(place.name, None) is not None:
            self._left.append(place)
            self._has_left.set()

    async def _let_go_always(self) -> None:
        while True:
            await self._has_left.wait()
            self._has_left.clear()
            with contextlib.suppress(RedisError, OSError):  # the places end by themselves
                await self._let_go()

    async def _let_go(self) -> None:
        left, self._left = self._left, []
        if not left:
            return
        async with self._redis.pipeline(transaction=False) as pipeline:
            for place in left:
                for most in place.limits:
                    pipeline.zrem(_places_of(most), place.name)
            await pipeline.execute()

    async def _renew_always(self) -> None:
        while True:
            await asyncio.sleep(_RENEWAL_S)
            until_ms = int((clock.now().timestamp() + PLACE_LIFE_S) * 1000)
            with contextlib.suppress(RedisError, OSError):
                async with self._redis.pipeline(transaction=False) as pipeline:
                    for place in self._running.values():
                        for most in place.limits:
                            pipeline.zadd(_places_of(most), {place.name: until_ms}, xx=True)
                            pipeline.pexpire(_places_of(most), int(2 * PLACE_LIFE_S * 1000))
                    await pipeline.execute()


def _calls_of(most: Most) -> str:
    return f"{_PREFIX}calls:{most.subject}"


def _places_of(most: Most) -> str:
    return f"{_PREFIX}places:{most.subject}"
