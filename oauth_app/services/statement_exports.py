"""Statements for spreadsheets and programs, piece by piece as they are read."""

import csv
import io
import json
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from typing import Any

from oauth_app import clock
from oauth_app.services.statements import Balance, Line, Statement, Total

HEADER = (
    "at",
    "type",
    "reference",
    "transfer",
    "site",
    "description",
    "asset",
    "amount",
    "fee",
    "change",
    "balance",
    "taken_from",
)
_PIECE_CHARS = 32_768
#: A spreadsheet takes a text that begins so for a formula (OWASP, CSV Injection); some drop the tab or line end first.
_FORMULA = tuple("=+-@\t\r\n＝＋－＠")  # noqa: RUF001 - the wide ones count as well


def plain_decimal(amount: int, scale: int) -> str:
    """Write an amount in smallest units as a decimal: 1001 of scale 2 is ``10.01``. No thousands, no asset."""
    whole, part = divmod(abs(amount), 10**scale)
    sign = "-" if amount < 0 else ""
    return f"{sign}{whole}.{part:0{scale}}" if scale else f"{sign}{whole}"


def safe_text(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula: an apostrophe stands before one that could be."""
    return f"'{text}" if text.startswith(_FORMULA) else text


def csv_pieces(lent: AbstractContextManager[Statement]) -> Iterator[str]:
    """Yield the statement as CSV (RFC 4180): opening balances, the lines with the balance after each, closing ones."""
    with lent as statement:
        buffer = io.StringIO()
        writer = csv.writer(buffer, lineterminator="\r\n")
        for row in _rows(statement):
            writer.writerow(row)
            if buffer.tell() > _PIECE_CHARS:
                yield _take(buffer)
        yield _take(buffer)


def json_pieces(lent: AbstractContextManager[Statement]) -> Iterator[str]:
    """Yield the statement as one JSON object; amounts are whole numbers of the smallest unit."""
    with lent as statement:
        head = {
            "object": "statement",
            "month": str(statement.month),
            "balances": [_balance(one) for one in statement.balances],
            "totals": [_total(one) for one in statement.totals],
        }
        yield _json(head)[:-1] + ',"lines":['
        yield from _gathered(_json_lines(statement.lines()))
        yield "]}"


def _rows(statement: Statement) -> Iterator[tuple[str, ...]]:
    yield HEADER
    running = {balance.asset: balance.opening for balance in statement.balances}
    start = clock.rfc3339(statement.month.start)
    for asset, balance in running.items():
        yield _balance_row(start, "opening_balance", asset, plain_decimal(balance, statement.scales[asset]))
    for line in statement.lines():
        running[line.asset] += line.change
        yield _row(line, running[line.asset], statement.scales[line.asset])
    end = clock.rfc3339(min(statement.month.end, clock.now()))
    for asset, balance in running.items():
        yield _balance_row(end, "closing_balance", asset, plain_decimal(balance, statement.scales[asset]))


def _row(line: Line, balance: int, scale: int) -> tuple[str, ...]:
    texts = (line.kind, line.reference, line.transfer_id, line.site, line.description, line.asset)
    amounts = (line.gross, line.fee, line.change, balance)
    return (
        clock.rfc3339(line.at),
        *map(safe_text, texts),
        *(plain_decimal(amount, scale) for amount in amounts),
        line.source,
    )


def _balance_row(at: str, kind: str, asset: str, balance: str) -> tuple[str, ...]:
    cells = {"at": at, "type": kind, "asset": asset, "balance": balance}
    return tuple(cells.get(name, "") for name in HEADER)


def _json_lines(lines: Iterable[Line]) -> Iterator[str]:
    comma = ""
    for line in lines:
        yield comma + _json(_line(line))
        comma = ","


def _line(line: Line) -> dict[str, Any]:
    return {
        "at": clock.rfc3339(line.at),
        "type": line.kind,
        "reference": line.reference,
        "transfer": line.transfer_id,
        "site": line.site,
        "description": line.description,
        "asset": line.asset,
        "amount": line.gross,
        "fee": line.fee,
        "change": line.change,
        "taken_from": line.source,
    }


def _balance(one: Balance) -> dict[str, Any]:
    return {"asset": one.asset, "opening": one.opening, "closing": one.closing}


def _total(one: Total) -> dict[str, Any]:
    return {
        "site": one.site,
        "type": one.kind,
        "taken_from": one.source,
        "asset": one.asset,
        "count": one.count,
        "amount": one.gross,
        "fee": one.fee,
        "change": one.change,
    }


def _gathered(pieces: Iterable[str]) -> Iterator[str]:
    waiting: list[str] = []
    chars = 0
    for piece in pieces:
        waiting.append(piece)
        chars += len(piece)
        if chars > _PIECE_CHARS:
            yield "".join(waiting)
            waiting, chars = [], 0
    yield "".join(waiting)


def _take(buffer: io.StringIO) -> str:
    taken = buffer.getvalue()
    buffer.seek(0)
    buffer.truncate()
    return taken


def _json(value: Any) -> str:  # noqa: ANN401 - JSON
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
