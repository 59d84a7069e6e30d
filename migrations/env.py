"""Alembic's entry: the same engine and the same tables as the hub's."""

from collections.abc import Iterator
from contextlib import contextmanager

from alembic import context
from sqlalchemy import Connection

from oauth_app.db import make_engine
from oauth_app.models import Base
from oauth_app.settings import load_settings


@contextmanager
def _without_foreign_keys(connection: Connection) -> Iterator[None]:
    """Let SQLite replace a table that others refer to, and look afterwards that every reference still holds.

    https://www.sqlite.org/lang_altertable.html#otheralter
    """
    if connection.dialect.name != "sqlite":
        yield
        return
    raw = connection.connection.dbapi_connection
    raw.execute("PRAGMA foreign_keys = OFF")  # past SQLAlchemy: inside its transaction it would do nothing
    try:
        yield
        broken = raw.execute("PRAGMA foreign_key_check").fetchall()
    finally:
        raw.execute("PRAGMA foreign_keys = ON")
    if broken:
        msg = f"references that lead nowhere: {broken[:5]}"
        raise RuntimeError(msg)


def run() -> None:
    """Run the migrations in one transaction for each."""
    engine = context.config.attributes.get("engine") or make_engine(load_settings().database_url)
    with engine.connect() as connection, _without_foreign_keys(connection):
        context.configure(
            connection=connection,
            target_metadata=Base.metadata,
            render_as_batch=True,
            compare_type=True,
            transaction_per_migration=True,
        )
        with context.begin_transaction():
            context.run_migrations()


run()
