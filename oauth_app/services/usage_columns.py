"""A relayed call in the words of the roll-ups: the same for those that are rolled up and those that are not yet."""

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Label, Select, case, func, literal, select, type_coerce
from sqlalchemy.orm import Session

from oauth_app.db import UtcDateTime
from oauth_app.models import Usage, UsageConsentDay, UsageDay, UsageHour

RollUp = type[UsageHour] | type[UsageDay] | type[UsageConsentDay]
#: The tables, each with the span that one row of it is about.
ROLL_UPS: tuple[tuple[RollUp, str], ...] = ((UsageHour, "hour"), (UsageDay, "day"), (UsageConsentDay, "day"))
SUMS = (
    "calls",
    "input_tokens",
    "output_tokens",
    "bytes_in",
    "bytes_out",
    "estimated_cost",
    "unpriced",
    "duration_ms",
    "first_byte_ms",
    "first_bytes",
)
LATEST = "last_started_at"
#: How SQLAlchemy writes a moment into SQLite, so that the text of a bucket is the text of its beginning.
_SQLITE_FORMATS = {"hour": "%Y-%m-%d %H:00:00.000000", "day": "%Y-%m-%d 00:00:00.000000"}

#: Whose fault a call's end was: nobody's, the caller's, OhMyGPT's or the network's, or that the caller had enough.
_OUTCOME = case(
    (Usage.outcome == "client_left", "left"),
    (Usage.outcome == "refused", "refused"),
    (Usage.outcome == "upstream_failed", "failed"),
    (Usage.status >= 500, "failed"),
    (Usage.status >= 400, "refused"),
    else_="ok",
)
FAULTS = ("refused", "failed")


def select_calls(session: Session, unit: str) -> Select[*tuple[Any, ...]]:
    """Return the query for calls as rows of a roll-up, one for each call."""
    return select(
        _begin_of(session, unit).label("begins_at"),
        Usage.consent_id,
        Usage.user_id,
        Usage.partner_id,
        func.coalesce(Usage.model, "").label("model"),
        Usage.endpoint,
        _OUTCOME.label("outcome"),
        *_amounts(),
        Usage.started_at.label(LATEST),
    )


def keys_of(table: RollUp) -> tuple[str, ...]:
    """Return the columns that are no sums: the key, and what follows from it."""
    return tuple(column.key for column in table.__table__.columns if column.key not in {*SUMS, LATEST})


def _amounts() -> tuple[Label[Any], ...]:
    return (
        literal(1).label("calls"),
        func.coalesce(Usage.input_tokens, 0).label("input_tokens"),
        func.coalesce(Usage.output_tokens, 0).label("output_tokens"),
        Usage.bytes_in,  # type: ignore[return-value] # a column is as good as its label
        Usage.bytes_out,
        func.coalesce(Usage.estimated_cost, 0).label("estimated_cost"),
        case((Usage.estimated_cost.is_(None), 1), else_=0).label("unpriced"),
        Usage.duration_ms,
        func.coalesce(Usage.first_byte_ms, 0).label("first_byte_ms"),
        case((Usage.first_byte_ms.is_(None), 0), else_=1).label("first_bytes"),
    )


def _begin_of(session: Session, unit: str) -> ColumnElement[datetime]:
    """Return when the hour or day of UTC began in which a call was made."""
    if session.get_bind().dialect.name == "postgresql":
        return type_coerce(func.date_trunc(unit, Usage.started_at, "UTC"), UtcDateTime())
    return type_coerce(func.strftime(_SQLITE_FORMATS[unit], Usage.started_at), UtcDateTime())
