"""Things as partners see them: the one shape that answers of the API and events have in common."""

from datetime import datetime
from typing import Any

from oauth_app import clock
from oauth_app.models import Charge, Hold, HoldRequest, Refund, TopUp

#: What JSON can say of a thing.
WireObject = dict[str, Any]

_SUCCEEDED = "succeeded"


def charge_object(row: Charge, subject: str, *, approval_url: str | None = None) -> WireObject:
    """Return the charge; ``subject`` is the user's ``sub`` at this partner, ``approval_url`` where they decide."""
    return {
        "id": row.id,
        "object": "charge",
        "status": str(row.status),
        "amount": row.amount,
        "asset": row.asset,
        "fee": row.fee,
        "funding": row.funding,
        "refunded": row.refunded,
        "hold": row.hold_id,
        "description": row.description,
        "metadata": row.details,
        "failure_code": None if row.status == _SUCCEEDED else row.failure_code,
        "approval_url": approval_url,
        "approval_ends_at": _moment(row.approval_ends_at if approval_url else None),
        "user": subject,
        "created_at": _moment(row.created_at),
        "settled_at": _moment(row.settled_at),
    }


def refund_object(row: Refund, subject: str) -> WireObject:
    """Return the refund; its money is always in the user's wallet at the hub."""
    return {
        "id": row.id,
        "object": "refund",
        "charge": row.charge_id,
        "amount": row.amount,
        "asset": row.asset,
        "fee": row.fee,
        "destination": "wallet",
        "reason": row.reason,
        "user": subject,
        "created_at": _moment(row.created_at),
    }


def hold_object(row: Hold, request: HoldRequest, subject: str, *, charge_id: str | None = None) -> WireObject:
    """Return the hold; ``charge_id`` is the charge that captured it."""
    return {
        "id": row.id,
        "object": "hold",
        "status": str(row.status),
        "amount": row.amount,
        "asset": row.asset,
        "captured_amount": row.captured_amount,
        "charge": charge_id,
        "description": request.description,
        "metadata": request.details,
        "user": subject,
        "created_at": _moment(row.created_at),
        "expires_at": _moment(row.expires_at),
        "settled_at": _moment(row.settled_at),
    }


def top_up_object(row: TopUp, subject: str) -> WireObject:
    """Return the top-up; ``subject`` is the user's ``sub`` at this partner."""
    return {
        "id": row.id,
        "object": "top_up",
        "status": row.status,
        "provider": row.provider,
        "kind": row.kind,
        "amount": row.amount,
        "asset": row.asset,
        "reversed": row.reversed,
        "url": row.url,
        "return_url": row.return_url,
        "failure_code": row.failure_code,
        "user": subject,
        "created_at": clock.rfc3339(row.created_at),
        "settled_at": clock.rfc3339(row.settled_at) if row.settled_at else None,
    }


def user_object(subject: str) -> WireObject:
    """Return a user of the partner's, of whom nothing but the ``sub`` is told."""
    return {"object": "user", "sub": subject}


def _moment(value: datetime | None) -> str | None:
    return clock.rfc3339(value) if value else None
