"""The command that verifies the books."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

from tests.cli.conftest import Command


def test_right_books(ready: Command) -> None:
    """On right books it says so, with exit code 0."""
    answer = ready("ledger", "verify")
    assert (answer.code, answer.output.strip()) == (0, "The books are right.")


def test_wrong_books(ready: Command, instance: Path) -> None:
    """On wrong books the exit code is 1, and a program can read which row it is."""
    with closing(sqlite3.connect(next(instance.rglob("*.db")), isolation_level=None)) as file:
        file.execute("INSERT INTO transfer (id, kind, reference, created_at) VALUES ('tr_1', 'charge', 'x', '2026')")
    answer = ready("ledger", "verify", "--json")
    assert answer.code == 1
    assert [finding["row"] for finding in json.loads(answer.output)] == ["tr_1"]
