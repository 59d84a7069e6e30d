"""Calls and roll-ups that have been kept for as long as the operator wants."""

from datetime import timedelta
from typing import Any

from sqlalchemy import delete, func, select, tuple_

from oauth_app import clock
from oauth_app.db import transaction
from oauth_app.hub import Hub
from oauth_app.models import Usage, UsageConsentDay, UsageDay, UsageHour, UsageMark

_BATCH = 2_000


def sweep_usage(hub: Hub) -> int:
    """Delete what is older than the settings say, in batches; return how many rows went. Zero days is for ever."""
    settings = hub.settings
    old = (
        (Usage, Usage.started_at, settings.usage_retention_days),
        (UsageHour, UsageHour.begins_at, settings.usage_hourly_retention_days),
        (UsageDay, UsageDay.begins_at, settings.usage_daily_retention_days),
        (UsageConsentDay, UsageConsentDay.begins_at, settings.usage_daily_retention_days),
    )
    return sum(_sweep(hub, table, moment < clock.now() - timedelta(days=days)) for table, moment, days in old if days)


def _sweep(hub: Hub, table: Any, is_old: Any) -> int:  # noqa: ANN401 - a table and a condition
    key = [column for column in table.__table__.columns if column.primary_key]
    conditions = [is_old]
    if table is Usage:
        # Only what is rolled up; and the last such row stays: SQLite would give its number to the next call.
        conditions.append(Usage.id < select(func.max(UsageMark.rolled_to)).scalar_subquery())
    batch = select(*key).where(*conditions).limit(_BATCH)
    swept = 0
    while True:
        with transaction(hub.engine) as session:
            gone = len(session.execute(delete(table).where(tuple_(*key).in_(batch)).returning(key[0])).all())
        swept += gone
        if gone < _BATCH:
            return swept
