"""Keep what a comparison found: one open difference for each (side, kind, subject), closed when it is gone."""

from sqlalchemy import func, select, text, update
from sqlalchemy.orm import Session

from oauth_app import clock
from oauth_app.db import insert_into
from oauth_app.identifiers import Kind, new_id
from oauth_app.models import Difference, ReconciliationRun
from oauth_app.services.reconciliation_findings import Found, Report

#: Who closes what is not there any more.
THE_BOOKS = "the books"


def file_report(session: Session, run: ReconciliationRun, report: Report) -> None:
    """Write what is new, freshen what is known, and close what is gone. The caller commits."""
    for found in report.found:
        _file(session, run, report, found)
    _close_what_is_gone(session, run, report)


def count_open(session: Session) -> int:
    """Return how many differences somebody must still look at."""
    return session.scalar(select(func.count()).where(Difference.closed_at.is_(None))) or 0


def _file(session: Session, run: ReconciliationRun, report: Report, found: Found) -> None:
    numbers = {"asset": found.asset, "expected": found.expected, "found": found.found, "details": dict(found.details)}
    values = {
        "id": new_id(Kind.DIFFERENCE),
        "run_id": run.id,
        "side": report.side,
        "kind": found.kind,
        "subject": found.subject,
        "found_at": clock.now(),
    }
    by_name = [Difference.side, Difference.kind, Difference.subject]
    insert = insert_into(session, Difference).values(**values, **numbers)
    session.execute(
        insert.on_conflict_do_update(index_elements=by_name, index_where=text("closed_at IS NULL"), set_=numbers)
    )


def _close_what_is_gone(session: Session, run: ReconciliationRun, report: Report) -> None:
    still_there = {(found.kind, found.subject) for found in report.found}
    # What another run has found since this one began to look may be newer than what this one saw.
    known = session.scalars(
        select(Difference).where(
            Difference.side == report.side, Difference.closed_at.is_(None), Difference.found_at < run.started_at
        )
    ).all()
    gone = [
        difference.id
        for difference in known
        if (difference.kind, difference.subject) not in still_there
        and report.covers(difference.kind, difference.subject)
    ]
    closing = {"closed_at": clock.now(), "closed_by": THE_BOOKS, "closed_reason": f"not found any more by {run.id}"}
    session.execute(update(Difference).where(Difference.id.in_(gone), Difference.closed_at.is_(None)).values(**closing))
