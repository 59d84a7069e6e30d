"""The command that verifies the books."""

import json
import os
import pty
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

from oauth_app.ledger.verifying_rules import BOOK_RULES
from tests.cli.conftest import Command
from tests.conftest import ROOT


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


def test_a_person_sees_how_far_it_is(ready: Command, instance: Path) -> None:
    """At a terminal a bar goes from the first pass to the last on the error stream; programs read the other one."""
    assert ready("db", "upgrade").code == 0
    assert instance.exists()
    terminal, end = pty.openpty()
    with os.fdopen(terminal, "rb", buffering=0) as screen:
        command = [sys.executable, "-m", "oauth_app.cli.main", "ledger", "verify"]
        streams = {"stdout": subprocess.PIPE, "stderr": end}
        environment = {**os.environ, "TERM": "xterm", "COLUMNS": "160"}
        answer = subprocess.run(command, cwd=ROOT, env=environment, text=True, timeout=60, check=True, **streams)
        os.close(end)
        shown = screen.read(65536)
    assert b"postings" in shown
    assert BOOK_RULES[-1].name.encode() in shown
    assert b"100%" in shown
    assert answer.stdout == "The books are right.\n"
