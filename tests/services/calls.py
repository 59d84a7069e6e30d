"""Rows of relayed calls that show only what a test is about."""

from typing import Any

from oauth_app import clock
from oauth_app.endpoint_groups import group_of
from oauth_app.models import Usage
from oauth_app.services.access import Access


def make_usage(access: Access, **details: Any) -> Usage:  # noqa: ANN401 - any column
    """Return a relayed call."""
    known: dict[str, Any] = {
        "request_id": "req_1",
        "consent_id": access.consent_id,
        "user_id": access.user_id,
        "partner_id": access.partner_id,
        "method": "POST",
        "path": "/v1/chat/completions",
        "status": 200,
        "outcome": "complete",
        "bytes_in": 1,
        "bytes_out": 1,
        "started_at": clock.now(),
        "duration_ms": 1,
    }
    known |= details
    return Usage(**({"endpoint": group_of(known["path"])} | known))
