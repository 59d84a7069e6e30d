"""The yardstick on SQLite: one client that only inserts three rows in each transaction, with the same safety.

python -m benchmarks.ledger.bare FILE SECONDS SYNCHRONOUS
"""

import itertools
import json
import sqlite3
import sys
import time

_INSERTS = (
    "INSERT INTO bare_transfer VALUES (?, 'charge', ?)",
    "INSERT INTO bare_posting (transfer, source, destination, amount) VALUES (?, 1, 2, ?)",
    "INSERT INTO bare_posting (transfer, source, destination, amount) VALUES (?, 1, 3, ?)",
)


def main(file: str, seconds: str, synchronous: str) -> None:
    """Insert until the time is over."""
    connection = sqlite3.connect(file, isolation_level=None, timeout=15)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute(f"PRAGMA synchronous = {synchronous}")
    connection.execute("CREATE TABLE IF NOT EXISTS bare_transfer (id TEXT PRIMARY KEY, kind TEXT, at INT)")
    connection.execute(
        "CREATE TABLE IF NOT EXISTS bare_posting "
        "(id INTEGER PRIMARY KEY, transfer TEXT, source INT, destination INT, amount INT)"
    )
    print("ready", flush=True)
    sys.stdin.readline()
    end = time.perf_counter() + float(seconds)
    moments = [time.perf_counter()]
    while moments[-1] < end:
        _insert(connection, f"{id(connection)}-{time.time_ns()}-{len(moments)}-{file}-{seconds}-{sys.argv[-1]}")
        moments.append(time.perf_counter())
    print(json.dumps([round((after - before) * 1e6) for before, after in itertools.pairwise(moments)]))


def _insert(connection: sqlite3.Connection, name: str) -> None:
    connection.execute("BEGIN IMMEDIATE")
    for statement in _INSERTS:
        connection.execute(statement, (name, 1))
    connection.execute("COMMIT")


if __name__ == "__main__":
    main(*sys.argv[1:4])
