"""Tells all processes of a hub whom the relay has to forget, where Redis is configured.

Without Redis, and while it is away, the others remember a caller for two seconds more, and look at their running calls
every three seconds.
"""

import asyncio
import logging
import secrets
from contextlib import suppress

import msgspec
import redis
from redis.asyncio import Redis as AsyncRedis
from redis.exceptions import RedisError

from oauth_app.relay.callers import EVERYBODY, CallerCache, Forgotten

CHANNEL = "ohmygpt-connect:forget"
#: A page waits no longer for telling the others.
_PATIENCE_S = 1.0
_AGAIN_S = 1.0

_log = logging.getLogger(__name__)


class _Message(msgspec.Struct, array_like=True):
    sender: str
    consent_id: str | None
    user_id: str | None


_DECODER = msgspec.json.Decoder(_Message)


class Grapevine:
    """What the processes of a hub tell each other.

    Args:
        url: of Redis.
        callers: this process's memory.
    """

    def __init__(self, url: str, callers: CallerCache) -> None:
        self._url = url
        self._callers = callers
        self._name = secrets.token_hex(8)
        self._redis = redis.Redis.from_url(url, socket_timeout=_PATIENCE_S, socket_connect_timeout=_PATIENCE_S)
        self._task: asyncio.Task[None] | None = None
        callers.teller = self.tell

    def tell(self, forgotten: Forgotten) -> None:
        """Tell the others; that nobody can be told is no reason to fail."""
        message = msgspec.json.encode(_Message(self._name, forgotten.consent_id, forgotten.user_id))
        try:
            self._redis.publish(CHANNEL, message)
        except (RedisError, OSError):
            _log.warning("Redis is away: other processes remember callers for two seconds more")

    def is_there(self) -> bool:
        """Tell whether Redis answers."""
        try:
            return bool(self._redis.ping())
        except (RedisError, OSError):
            return False

    def start(self) -> None:
        """Begin to listen, in the event loop of the calls."""
        self._task = asyncio.create_task(self._listen_always(), name="grapevine")

    async def stop(self) -> None:
        """Listen no more."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    def close(self) -> None:
        """Give back connections."""
        self._redis.close()

    async def _listen_always(self) -> None:
        while True:
            with suppress(RedisError, OSError):
                await self._listen()
            await asyncio.sleep(_AGAIN_S)

    async def _listen(self) -> None:
        async with AsyncRedis.from_url(self._url, health_check_interval=10) as connection, connection.pubsub() as talk:
            await talk.subscribe(CHANNEL)
            self._callers.hear(EVERYBODY)  # whatever was said before, this process has missed
            async for heard in talk.listen():
                if heard["type"] == "message":
                    self._take(heard["data"])

    def _take(self, data: bytes) -> None:
        try:
            message = _DECODER.decode(data)
        except msgspec.DecodeError:
            _log.warning("a message on %s is none of ours", CHANNEL)
            return
        if message.sender != self._name:
            self._callers.hear(Forgotten(message.consent_id, message.user_id))
