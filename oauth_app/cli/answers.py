"""How commands print: for people by default, as JSON for programs."""

import json
import sys
from collections.abc import Mapping, Sequence
from datetime import datetime

import click
from rich.console import Console
from rich.table import Table

from oauth_app.clock import rfc3339

Row = Mapping[str, object]

#: A file or a pipe has no edge to wrap at.
_WIDE = 10_000

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")


def show_one(row: Row, *, as_json: bool) -> None:
    """Print one thing: a line for each of its fields."""
    if as_json:
        click.echo(json.dumps(row, default=_plain, indent=2))
        return
    width = max(map(len, row))
    for name, value in row.items():
        click.echo(f"{name:<{width}}  {_text(value)}")


def show_many(rows: Sequence[Row], *, as_json: bool, nothing: str) -> None:
    """Print a table; ``nothing`` is the sentence for an empty one."""
    if as_json:
        click.echo(json.dumps(rows, default=_plain, indent=2))
        return
    if not rows:
        click.echo(nothing)
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in rows[0]:
        table.add_column(name, overflow="fold")  # an id that is cut is no id
    for row in rows:
        table.add_row(*map(_text, row.values()))
    console = Console(highlight=False, width=None if sys.stdout.isatty() else _WIDE)
    console.print(table)


def _text(value: object) -> str:
    if isinstance(value, list | tuple):
        return " ".join(map(str, value))
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if value is None else str(_plain(value))


def _plain(value: object) -> object:
    return rfc3339(value) if isinstance(value, datetime) else value
