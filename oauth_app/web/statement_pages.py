"""What the statement pages of users and of the operator have in common."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from decimal import Decimal

from flask import Response, render_template
from flask_babel import format_decimal
from flask_babel import lazy_gettext as _l

from oauth_app.ledger import TransferKind
from oauth_app.services.statement_exports import csv_pieces, json_pieces, plain_decimal
from oauth_app.services.statement_months import Month
from oauth_app.services.statements import Statement

#: A page for people and paper; whoever has more lines than that reads them in a spreadsheet.
PAGE_LINES = 1_000

_WORDS = {
    TransferKind.CHARGE: _l("charge"),
    TransferKind.REFUND: _l("refund"),
    TransferKind.TOP_UP: _l("top-up"),
    TransferKind.TOP_UP_REVERSAL: _l("top-up taken back"),
    TransferKind.DISPUTE_OPENED: _l("disputed"),
    TransferKind.DISPUTE_WON: _l("top-up given back"),
    TransferKind.DISPUTE_LOST: _l("lost dispute"),
    TransferKind.HOLD_CAPTURED: _l("captured hold"),
    TransferKind.CORRECTION: _l("correction"),
    TransferKind.WRITE_OFF: _l("write-off"),
}

Lent = AbstractContextManager[Statement]


def statement_page(template: str, lent: Lent, **more: object) -> str:
    """Return the printable page."""
    with lent as statement:

        def money(amount: int, asset: str) -> str:
            return written(amount, asset, statement.scales[asset])

        return render_template(
            template,
            statement=statement,
            lines=list(statement.lines(PAGE_LINES)),
            is_cut=statement.line_count > PAGE_LINES,
            page_lines=PAGE_LINES,
            kind_words=_WORDS,
            money=money,
            **more,
        )


def written(amount: int, asset: str, scale: int) -> str:
    """Write an amount as the reader does, with its asset."""
    pattern = "#,##0." + "0" * scale if scale else "#,##0"
    return f"{format_decimal(Decimal(plain_decimal(amount, scale)), format=pattern)} {asset}"


def statement_file(lent: Lent, month: Month, kind: str) -> Response:
    """Return the statement as a file of the kind, ``csv`` or ``json``, written while it is read."""
    write: Callable[[Lent], object] = csv_pieces if kind == "csv" else json_pieces
    types = {"csv": "text/csv; charset=utf-8; header=present", "json": "application/json"}
    answer = Response(write(lent), content_type=types[kind])  # type: ignore[arg-type]
    answer.headers["Content-Disposition"] = f'attachment; filename="statement-{month}.{kind}"'
    answer.headers["Cache-Control"] = "no-store"
    return answer
