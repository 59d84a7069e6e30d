"""The command that compares the books with the outside."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

from tests.cli.conftest import Command


def test_sides_that_agree(ready: Command) -> None:
    """Where nothing differs it says so, with exit code 0."""
    answer = ready("reconcile")
    assert (answer.code, answer.output.strip()) == (0, "All sides agree.")


def test_a_difference(ready: Command, instance: Path) -> None:
    """While a difference is open the exit code is 1, and a program can read which it is."""
    with closing(sqlite3.connect(next(instance.rglob("*.db")), isolation_level=None)) as file:
        file.execute("INSERT INTO transfer (id, kind, reference, created_at) VALUES ('tr_1', 'charge', 'x', '2026')")
    assert ready("reconcile").code == 1
    answer = ready("reconcile", "--json")
    assert answer.code == 1
    assert [row["subject"] for row in json.loads(answer.output)["differences"]] == ["tr_1"]
