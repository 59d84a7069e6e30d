"""The addresses under which OhMyGPT answers, which of them are well, and the connections that are open to each.

The provider publishes several hosts with the same paths. A call goes to the first that is well; only when none of
its bytes has left, because nobody took the connection, it goes to the next: whatever was sent may have been charged.
"""

import asyncio
import ssl
import tomllib
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from time import monotonic
from urllib.parse import urlsplit

from oauth_app.relay.circuit import Circuit
from oauth_app.relay.connection import Connection
from oauth_app.relay.errors import NoAnswerError

_CONNECT_TIMEOUT_S = 10.0
#: Servers close idle connections after a minute or so; well before that we do, lest a call meet the closing.
_IDLE_S = 15.0
_HOSTS = Path(__file__).with_name("hosts.toml")


@dataclass(frozen=True, slots=True)
class Address:
    """Where a base is, taken apart."""

    host: str
    port: int
    is_tls: bool
    #: What stands before every path.
    prefix: bytes
    #: As it goes out (RFC 9112 3.2).
    authority: bytes

    @classmethod
    def parse(cls, base: str) -> "Address":
        """Take ``https://host[:port][/path]`` apart.

        Raises:
            ValueError: it is no such address.
        """
        parts = urlsplit(base.rstrip("/"))
        if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
            msg = f"not the address of an API: {base}"
            raise ValueError(msg)
        is_tls = parts.scheme == "https"
        authority = parts.netloc.rpartition("@")[2].encode("idna")
        return cls(parts.hostname, parts.port or (443 if is_tls else 80), is_tls, parts.path.encode(), authority)


class Base:
    """One base: its address, its health, its idle connections."""

    def __init__(self, base: str) -> None:
        self.url = base
        self.address = Address.parse(base)
        self.circuit = Circuit()
        #: How long a call that is not streamed may take there before the host cuts it off; None is no limit.
        self.limit_s = known_limits().get(self.address.host)
        self._idle: deque[Connection] = deque()
        self.tls = ssl.create_default_context() if self.address.is_tls else None

    def take_idle(self) -> Connection | None:
        """Return the connection that was used last, if it is still good."""
        while self._idle:
            connection = self._idle.pop()
            if connection.is_usable:
                return connection
        return None

    async def connect(self) -> Connection:
        """Open a connection.

        Raises:
            NoAnswerError: nobody took it; surely nothing was sent.
        """
        loop, address = asyncio.get_running_loop(), self.address
        try:
            async with asyncio.timeout(_CONNECT_TIMEOUT_S):
                _, connection = await loop.create_connection(
                    lambda: Connection(loop), address.host, address.port, ssl=self.tls
                )
        except (OSError, TimeoutError, ssl.SSLError) as error:
            raise NoAnswerError from error
        return connection

    def give_back(self, connection: Connection) -> None:
        """Keep a connection for the next call."""
        connection.idle_since_s = monotonic()
        if connection.is_usable:
            self._idle.append(connection)

    def close_idle(self, before_s: float) -> None:
        """Close what was idle since before this moment."""
        while self._idle and self._idle[0].idle_since_s < before_s:
            self._idle.popleft().close()


class Bases:
    """All bases, the preferred first."""

    def __init__(self, urls: Sequence[str]) -> None:
        self._bases = [Base(url) for url in urls]

    def in_order(self, now_s: float, *, is_streamed: bool) -> list[Base]:
        """Return them in the order in which a call should try them.

        Those that failed lately come last, and for an answer that may take long and comes in one piece, those that
        would cut it off come after those that would not.
        """
        if len(self._bases) == 1:
            return self._bases
        return sorted(
            self._bases, key=lambda base: (base.circuit.is_open(now_s), not is_streamed and base.limit_s is not None)
        )

    def tend(self, now_s: float) -> None:
        """Close what was idle for too long; to be called now and then."""
        for base in self._bases:
            base.close_idle(now_s - _IDLE_S)

    def close(self) -> None:
        """Close everything that is idle."""
        for base in self._bases:
            base.close_idle(float("inf"))


@cache
def known_limits() -> dict[str, int]:
    """Return the hosts that cut a call which is not streamed, and after how many seconds."""
    content = tomllib.loads(_HOSTS.read_text())
    return {row["host"]: row["not_streamed_limit_s"] for row in content["host"]}
