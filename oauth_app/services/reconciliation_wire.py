"""Runs and differences as JSON shows them, on the operator's page and on the command line."""

from typing import Any

from oauth_app.clock import rfc3339
from oauth_app.models import Difference, ReconciliationRun, StripeEvent


def run_object(row: ReconciliationRun) -> dict[str, Any]:
    """Return a run; ``ended_at`` is null while it is under way, or if it was killed."""
    return {
        "id": row.id,
        "started_by": row.started_by,
        "started_at": rfc3339(row.started_at),
        "ended_at": rfc3339(row.ended_at) if row.ended_at else None,
        "summary": row.summary,
    }


def difference_object(row: Difference) -> dict[str, Any]:
    """Return a difference with its evidence."""
    return {
        "id": row.id,
        "side": row.side,
        "kind": row.kind,
        "subject": row.subject,
        "asset": row.asset,
        "expected": row.expected,
        "found": row.found,
        "details": row.details,
        "run": row.run_id,
        "found_at": rfc3339(row.found_at),
        "closed_at": rfc3339(row.closed_at) if row.closed_at else None,
        "closed_by": row.closed_by,
        "closed_reason": row.closed_reason,
    }


def alarm_object(row: StripeEvent) -> dict[str, Any]:
    """Return an alarm about one of Stripe's events."""
    return {
        "id": row.id,
        "type": row.type,
        "object": row.object_id,
        "outcome": row.outcome,
        "received_at": rfc3339(row.received_at),
    }
