"""Compare the books with the rows of charges, refunds and top-ups, and with themselves."""

from itertools import islice

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from oauth_app.db import reading
from oauth_app.hub import Hub
from oauth_app.ledger import verify_books
from oauth_app.models import Charge, Refund, TopUp, Transfer
from oauth_app.services.reconciliation_findings import Found, Report, Side
from oauth_app.services.reconciliation_rules import RULES

#: Differences of one rule; if the books are so wrong, more of them tell nothing more.
_MOST = 200


def compare_ledger(hub: Hub) -> Report:
    """Return where the books are wrong in themselves, or hold other things than the rows say."""
    findings = tuple(
        Found(
            kind="books",
            subject=finding.row[:64],
            details={"rule": finding.rule, "table": finding.table, "detail": finding.detail},
        )
        for finding in verify_books(hub.engine)
    )
    with reading(hub.engine) as session:
        _see_one_moment(session)
        looked_at = {table.__tablename__: _count(session, table) for table in (Charge, Refund, TopUp, Transfer)}
        broken = tuple(found for rule in RULES for found in _apply(session, rule))
    return Report(side=Side.LEDGER, found=findings + broken, summary={"looked_at": looked_at}, is_whole=True)


def _see_one_moment(session: Session) -> None:
    # On SQLite a reading transaction does so by itself.
    if session.get_bind().dialect.name == "postgresql":
        session.connection(execution_options={"isolation_level": "REPEATABLE READ"})


def _count(session: Session, table: type[Charge | Refund | TopUp | Transfer]) -> int:
    return session.scalar(select(func.count()).select_from(table)) or 0


def _apply(session: Session, rule: str) -> list[Found]:
    return [
        Found(kind=kind, subject=subject, asset=asset, expected=int(expected), found=int(found))
        for kind, subject, asset, expected, found in islice(session.execute(text(rule)), _MOST)
    ]
