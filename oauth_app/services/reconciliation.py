"""Compare the books with themselves, with OhMyGPT and with Stripe, every night and whenever an operator asks.

A difference is filed once and stays open until it is gone, or until somebody closes it with a reason. Nothing is
corrected here: what can be healed, the worker's other jobs heal.
"""

import logging
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from sqlalchemy import and_

from oauth_app import clock
from oauth_app.db import insert_into, transaction
from oauth_app.hub import Hub
from oauth_app.identifiers import Kind, new_id
from oauth_app.models import ReconciliationRun
from oauth_app.services.reconciliation_filing import file_report
from oauth_app.services.reconciliation_findings import Report
from oauth_app.services.reconciliation_ledger import compare_ledger
from oauth_app.services.reconciliation_stripe import compare_stripe
from oauth_app.services.reconciliation_upstream import compare_upstream

_log = logging.getLogger(__name__)

#: Who starts the nightly run.
THE_WORKER = "the worker"
#: In UTC; a hub that is down at that hour runs it when it is up again.
_NIGHT_BEGINS = timedelta(hours=3)
#: A run that has not ended by then was killed.
_LONGEST_RUN = timedelta(hours=1)

SIDES: tuple[Callable[[Hub], Report], ...] = (compare_ledger, compare_upstream, compare_stripe)


def reconcile(hub: Hub, *, started_by: str) -> ReconciliationRun:
    """Compare all sides now, and return the run. Owns its transactions."""
    run_id = new_id(Kind.RECONCILIATION)
    _begin(hub, run_id, started_by)
    return _run(hub, run_id)


def reconcile_nightly(hub: Hub) -> int:
    """Compare all sides if that was not done this night; return how many runs there were, 1 or 0.

    The run's row is named by the night, so of many workers one begins it; a killed run is begun again after an hour.
    """
    night = clock.now() - _NIGHT_BEGINS
    run_id = f"{Kind.RECONCILIATION}_night_{night:%Y%m%d}"
    if not _begin(hub, run_id, THE_WORKER):
        return 0
    _run(hub, run_id)
    return 1


def _begin(hub: Hub, run_id: str, started_by: str) -> bool:
    """Write the run's row, or take over that of a run that was killed; False if it is another's."""
    now = clock.now()
    values = {"id": run_id, "started_by": started_by, "started_at": now, "summary": {}}
    was_killed = and_(ReconciliationRun.ended_at.is_(None), ReconciliationRun.started_at < now - _LONGEST_RUN)
    with transaction(hub.engine) as session:
        insert = (
            insert_into(session, ReconciliationRun)
            .values(**values)
            .on_conflict_do_update(index_elements=[ReconciliationRun.id], set_={"started_at": now}, where=was_killed)
        )
        return session.execute(insert.returning(ReconciliationRun.id)).first() is not None


def _run(hub: Hub, run_id: str) -> ReconciliationRun:
    summary: dict[str, Any] = {}
    for compare in SIDES:
        report = compare(hub)
        summary[report.side] = {**report.summary, "differences": len(report.found)}
        with transaction(hub.engine) as session:
            file_report(session, session.get_one(ReconciliationRun, run_id), report)
        for found in report.found:
            _log.error("alarm: %s differs: %s of %s", report.side, found.kind, found.subject)
    with transaction(hub.engine) as session:
        run = session.get_one(ReconciliationRun, run_id)
        run.summary, run.ended_at = summary, clock.now()
    return run
