"""A lean HTTP/1.1 client: keep-alive connections, one request after the other on each."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self
from urllib.parse import urlencode

#: One request of a load; whatever it needs it has at hand.
Ask = Callable[["Connection"], Awaitable[None]]


class UnexpectedAnswerError(Exception):
    """A provider answered something else than it should, so that what was measured is worth nothing."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """An HTTP answer."""

    status: int
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True, kw_only=True)
class Measured:
    """What one load took."""

    requests_per_second: float
    cpu_ms_per_request: float


class Connection:
    """A connection that is kept open."""

    def __init__(self, port: int) -> None:
        self._port = port

    async def __aenter__(self) -> Self:
        self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._writer.close()

    async def get(self, path: str, headers: str = "") -> Answer:
        """Send a GET; ``headers`` are whole lines."""
        return await self._send(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{self._port}\r\n{headers}\r\n")

    async def post(self, path: str, form: dict[str, str]) -> Answer:
        """Send a form."""
        body = urlencode(form)
        return await self._send(
            f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{self._port}\r\nContent-Length: {len(body)}\r\n"
            f"Content-Type: application/x-www-form-urlencoded\r\n\r\n{body}"
        )

    async def _send(self, request: str) -> Answer:
        self._writer.write(request.encode())
        head = (await self._reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:] if line)}
        body = await self._reader.readexactly(int(headers.get("content-length", "0")))
        return Answer(status=int(head[0].split()[1]), headers=headers, body=body)


def expect(answer: Answer, *statuses: int) -> Answer:
    """Return the answer if it has one of these statuses.

    Raises:
        UnexpectedAnswerError: it has another.
    """
    if answer.status not in statuses:
        message = f"{answer.status} {answer.body[:500]!r}"
        raise UnexpectedAnswerError(message)
    return answer


async def measure(port: int, process: int, rows: Sequence[Sequence[Ask]]) -> Measured:
    """Send the requests of each row one after the other, all rows at once, each on a connection of its own."""

    async def send(row: Sequence[Ask]) -> None:
        async with Connection(port) as connection:
            for ask in row:
                await ask(connection)

    count = sum(map(len, rows))
    cpu_ms, started = cpu_ms_of(process), time.perf_counter()
    await asyncio.gather(*map(send, rows))
    seconds = time.perf_counter() - started
    return Measured(requests_per_second=count / seconds, cpu_ms_per_request=(cpu_ms_of(process) - cpu_ms) / count)


def cpu_ms_of(process: int) -> float:
    """Return how long the process has run so far, in user and kernel mode (proc(5): ticks of 10 ms)."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * 10.0
