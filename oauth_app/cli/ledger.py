"""`ledger`: whether the books are right."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from oauth_app.cli.answers import json_option, show_many
from oauth_app.cli.opening import open_ready_hub
from oauth_app.ledger import verify_books
from oauth_app.ledger.verifying_progress import POSTINGS
from oauth_app.ledger.verifying_progress import Progress as Tell


@click.group()
def ledger() -> None:
    """Look after the books."""


@ledger.command()
@json_option
def verify(*, as_json: bool) -> None:
    """Recompute every balance from its postings, and name the first row that breaks a rule; then the exit code is 1.

    The hub may be running: what is looked at is one moment of the books.
    """
    with open_ready_hub() as hub, _progress_bar() as tell:
        findings = [asdict(finding) for finding in verify_books(hub.engine, tell)]
    show_many(findings, as_json=as_json, nothing="The books are right.")
    if findings:
        raise click.exceptions.Exit(1)


@contextmanager
def _progress_bar() -> Iterator[Tell]:
    # On the error stream, and only for people: the findings may be read by a program.
    console = Console(stderr=True)
    # No time that remains: some passes are one statement, in which nothing moves for a while.
    columns = (BarColumn(), TaskProgressColumn(), TimeElapsedColumn(), TextColumn("{task.description}"))
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(POSTINGS, total=None)
        yield lambda what, done, total: bar.update(task, description=what, completed=done, total=total)
