"""The sandbox's own SQLite file.

One connection serves the whole process. Handlers touch it from the event loop
and never wait inside a transaction, so no two of them can mix.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from oauth_app.sandbox import schema, seed


class Store:
    """A seeded database; it keeps what it had from an earlier run."""

    def __init__(self, path: str) -> None:
        """Open the file, or ``:memory:``, and fill it when it is new or of an old form."""
        self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._connection.row_factory = sqlite3.Row
        # A lost last transaction costs an emulator nothing; waiting for the disk would.
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = OFF")
        if self.row("PRAGMA user_version")[0] != schema.VERSION:
            self.reset()
        self._connection.execute(seed.INSERT_KEY, (seed.OPERATOR_KEY,))

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Open one transaction: commit when the block ends, roll back when it raises."""
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")

    def run(self, statement: str, *values: object) -> int:
        """Carry out a statement and return how many rows it changed."""
        return self._connection.execute(statement, values).rowcount

    def rows(self, query: str, *values: object) -> list[sqlite3.Row]:
        """Return all rows of a query."""
        return self._connection.execute(query, values).fetchall()

    def find(self, query: str, *values: object) -> sqlite3.Row | None:
        """Return the first row of a query, or None."""
        row: sqlite3.Row | None = self._connection.execute(query, values).fetchone()
        return row

    def row(self, query: str, *values: object) -> Any:  # noqa: ANN401 - SQLite rows are untyped
        """Return the only row of a query that always has one."""
        return self._connection.execute(query, values).fetchone()

    def reset(self) -> None:
        """Drop everything and go back to the seeded accounts."""
        tables = self.rows("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
        drops = "".join(f"DROP TABLE {table['name']};" for table in tables)
        self._connection.executescript(
            f"BEGIN; {drops} {schema.TABLES} PRAGMA user_version = {schema.VERSION}; COMMIT;",
        )
        self._connection.executemany(seed.INSERT, seed.ACCOUNTS)
        self._connection.execute(seed.INSERT_KEY, (seed.OPERATOR_KEY,))

    def close(self) -> None:
        """Close the file; the store cannot be used afterwards."""
        self._connection.close()
