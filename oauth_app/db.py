"""The database: one engine, two ways to open a transaction.

SQLite and PostgreSQL behave alike here: a writing transaction on SQLite takes the write lock when it
begins (``BEGIN IMMEDIATE``), so that it can never fail half-way for having read first and written later.
"""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from sqlite3 import Connection as SqliteConnection
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import (
    BindParameter,
    Connection,
    DateTime,
    Dialect,
    Engine,
    bindparam,
    create_engine,
    event,
    exc,
    make_url,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import DeclarativeBase, Session
from sqlalchemy.types import TypeDecorator

from oauth_app import clock

#: How long a writer waits for the write lock of SQLite before it gives up.
_BUSY_TIMEOUT_MS = 15_000
#: A pooled connection that was used within this time is believed to be alive. Asking costs a round trip, and every
#: request would pay it; the first request after a server's restart may fail instead, and empties the pool.
RESTED_S = 2.0
_USED_AT = "hub_used_at"
_READ_ONLY = "hub_read_only"
_readers: WeakKeyDictionary[Engine, Engine] = WeakKeyDictionary()


class UtcDateTime(TypeDecorator[datetime]):
    """A moment with its zone; SQLite, which has no zones, keeps it in UTC."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Store UTC."""
        if value is None:
            return None
        moment = value.astimezone(UTC)
        return moment.replace(tzinfo=None) if dialect.name == "sqlite" else moment

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Give back the zone that SQLite forgot."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


#: The present moment, asked for when the statement runs. Building a statement costs as much as running it, so those
#: of every request are built once, and cannot carry a moment of their own.
NOW: BindParameter[datetime] = bindparam("now", callable_=lambda: clock.now(), type_=UtcDateTime())  # noqa: PLW0108


def make_engine(url: str) -> Engine:
    """Return the engine for a database URL; a missing folder of an SQLite file is made."""
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite":
        return _ask_rested(create_engine(parsed, pool_size=10, max_overflow=20))
    if parsed.database:
        Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(parsed, pool_size=10, max_overflow=54)
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


@contextmanager
def transaction(engine: Engine) -> Iterator[Session]:
    """Open one transaction: commit if the block ends, roll back if it raises."""
    with Session(engine, expire_on_commit=False) as session, session.begin():
        yield session


@contextmanager
def reading(engine: Engine) -> Iterator[Session]:
    """Open a transaction that only reads, and so never waits for a writer."""
    with Session(_reader(engine), expire_on_commit=False) as session:
        yield session


def insert_into(session: Session, model: type[DeclarativeBase]) -> postgresql.Insert | sqlite.Insert:
    """Return an INSERT that knows ``on_conflict_…``, which both databases have and SQLAlchemy's own lacks."""
    if session.get_bind().dialect.name == "postgresql":
        return postgresql.insert(model)
    return sqlite.insert(model)


def run_bare(connection: Connection, statement: str, values: Mapping[str, object]) -> int:
    """Run a statement by the driver itself, in the connection's transaction; return how many rows it changed.

    For PostgreSQL, and a statement so frequent that SQLAlchemy's own part is worth leaving out: no listener for
    cursors is told. It is prepared at once. Errors are those that SQLAlchemy raises.
    """
    raw: Any = connection.connection.driver_connection
    try:
        return int(raw.execute(statement, values, prepare=True).rowcount)
    except connection.dialect.loaded_dbapi.Error as error:
        raise _as_sqlalchemy_says(connection, statement, error, is_lost=raw.closed or raw.broken) from error


def _as_sqlalchemy_says(
    connection: Connection, statement: str, error: Exception, *, is_lost: bool
) -> exc.StatementError:
    if is_lost:
        # One lost connection says that the server was away: the pool is made anew, as SQLAlchemy does.
        connection.invalidate(error)
        connection.engine.dispose()
    base = connection.dialect.loaded_dbapi.Error
    return exc.DBAPIError.instance(
        statement, None, error, base, connection_invalidated=is_lost, dialect=connection.dialect
    )


def _ask_rested(engine: Engine) -> Engine:
    """Let a connection that rested be asked whether it is alive before it is used."""

    def ask(connection: Any, record: Any, _proxy: Any) -> None:  # noqa: ANN401 - the driver's, the pool's
        now, used_at = time.monotonic(), record.info.get(_USED_AT)
        record.info[_USED_AT] = now
        if used_at is None or now - used_at < RESTED_S:
            return
        try:
            engine.dialect.do_ping(connection)
        except engine.dialect.loaded_dbapi.Error as error:
            raise exc.InvalidatePoolError from error

    event.listen(engine, "checkout", ask)
    return engine


def _reader(engine: Engine) -> Engine:
    """Return the engine's read-only face; making one anew for each request would cost more than some queries."""
    reader = _readers.get(engine)
    if reader is None:
        reader = _readers[engine] = engine.execution_options(**{_READ_ONLY: True})
    return reader


def _prepare_sqlite(connection: SqliteConnection, _record: Any) -> None:  # noqa: ANN401 - SQLAlchemy's own type
    connection.isolation_level = None  # we say BEGIN ourselves, see _begin_sqlite
    connection.execute("PRAGMA journal_mode = WAL")
    # FULL, not NORMAL: a charge is written down before it is sent, and must survive a power cut.
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute(f"PRAGMA busy_timeout = {_BUSY_TIMEOUT_MS}")


def _begin_sqlite(connection: Connection) -> None:
    read_only = connection.get_execution_options().get(_READ_ONLY)
    connection.exec_driver_sql("BEGIN" if read_only else "BEGIN IMMEDIATE")
