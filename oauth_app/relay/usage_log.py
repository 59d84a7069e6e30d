"""The log of relayed calls: filled on the way, written in batches by one task per process.

A commit for each call would cost more than the rest of the relay. So a call only leaves its record here,
and the writer takes what has gathered. It is drained when the server shuts down, after the last call has
ended; never in ``atexit``, which servers skip.
"""

import asyncio
import logging
from collections import deque
from datetime import datetime
from functools import lru_cache
from itertools import chain
from typing import Any, NamedTuple

from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError, SQLAlchemyError

#: How long a batch gathers; longer means fewer commits, and more to lose if the machine dies.
_GATHER_S = 0.1
_MAX_BATCH = 2_000
#: Of one statement: 1 800 values, of which every database takes more.
_ROWS = 100
_MAX_RETRY_S = 1.0
#: Beyond this the oldest are given up: memory must not end because a database is away.
_CAPACITY = 200_000
#: How long a shutdown waits for a database that does not answer.
_DRAIN_S = 20.0

_log = logging.getLogger(__name__)


class UsageRecord(NamedTuple):
    """One call, in the words of the table."""

    request_id: str
    consent_id: str
    user_id: str
    partner_id: str
    method: str
    path: str
    endpoint: str
    model: str | None
    status: int
    outcome: str
    input_tokens: int | None
    output_tokens: int | None
    bytes_in: int
    bytes_out: int
    estimated_cost: int | None
    started_at: datetime
    duration_ms: int
    first_byte_ms: int | None


_MOMENT = UsageRecord._fields.index("started_at")


class UsageLog:
    """Takes records from the event loop and brings them to the database."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._waiting: deque[UsageRecord] = deque(maxlen=_CAPACITY)
        self._is_filled = asyncio.Event()
        self._is_stopping = asyncio.Event()
        self._writer: asyncio.Task[None] | None = None

    def add(self, record: UsageRecord) -> None:
        """Leave a record; never waits."""
        self._waiting.append(record)
        self._is_filled.set()

    async def start(self) -> None:
        """Begin to write."""
        self._writer = asyncio.create_task(self._write_always(), name="usage-log")

    async def stop(self) -> None:
        """Write what is left, and end."""
        self._is_stopping.set()
        self._is_filled.set()
        if self._writer is not None:
            await asyncio.wait({self._writer}, timeout=_DRAIN_S)
            self._writer.cancel()
        if self._waiting:
            _log.error("%d usage records are lost: the database did not take them", len(self._waiting))

    async def _write_always(self) -> None:
        while self._waiting or not self._is_stopping.is_set():
            await self._is_filled.wait()
            await self._pause(_GATHER_S)
            self._is_filled.clear()
            while self._waiting:
                await self._write_batch()

    async def _write_batch(self) -> None:
        batch = [self._waiting.popleft() for _ in range(min(len(self._waiting), _MAX_BATCH))]
        try:
            await asyncio.to_thread(_insert, self._engine, batch)
        except OperationalError:
            # Locked or away, which passes. What was tried goes back to the front, in its order.
            self._waiting.extendleft(reversed(batch))
            _log.warning("the usage log cannot be written at present; %d records wait", len(self._waiting))
            await asyncio.sleep(_MAX_RETRY_S)
        except SQLAlchemyError:
            _log.exception("a batch of usage records does not fit the table")
            await asyncio.to_thread(_insert_singly, self._engine, batch)

    async def _pause(self, seconds: float) -> None:
        """Let a batch gather, unless the server is stopping."""
        try:
            async with asyncio.timeout(seconds):
                await self._is_stopping.wait()
        except TimeoutError:
            pass


def _insert(engine: Engine, batch: list[UsageRecord]) -> None:
    """Write many rows by one statement, in the driver's own words.

    SQLAlchemy's care for each value took twice the time of the row itself. And each statement lets go of the
    interpreter: a thread that does so for every row fights with the event loop for it.
    """
    is_sqlite = engine.dialect.name == "sqlite"
    with engine.begin() as connection:
        for begin in range(0, len(batch), _ROWS):
            some = batch[begin : begin + _ROWS]
            rows = map(_with_text, some) if is_sqlite else some
            statement = _statement(len(some), "?" if is_sqlite else "%s")
            connection.exec_driver_sql(statement, tuple(chain.from_iterable(rows)))


@lru_cache(maxsize=_ROWS)
def _statement(rows: int, mark: str) -> str:
    row = f"({', '.join([mark] * len(UsageRecord._fields))})"
    return f"INSERT INTO usage ({', '.join(UsageRecord._fields)}) VALUES {', '.join([row] * rows)}"  # noqa: S608


def _with_text(record: UsageRecord) -> tuple[Any, ...]:
    """Return the values with the moment as SQLite keeps it, which is what ``UtcDateTime`` reads."""
    moment = record.started_at.replace(tzinfo=None).isoformat(" ", "microseconds")
    return (*record[:_MOMENT], moment, *record[_MOMENT + 1 :])


def _insert_singly(engine: Engine, batch: list[UsageRecord]) -> None:
    """Write one by one, so that one record that the database refuses takes no other with it."""
    for record in batch:
        try:
            _insert(engine, [record])
        except SQLAlchemyError:
            _log.exception("the usage record of %s is lost", record.request_id)
