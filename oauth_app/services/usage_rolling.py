"""Calls rolled up by the hour and by the day, so that no dashboard counts them one by one.

How far that has come is written in the transaction that adds the calls up: whatever dies in between, each call counts
once. A call that is written late is rolled up late, into the day on which it was made.
"""

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from oauth_app.db import insert_into, transaction
from oauth_app.hub import Hub
from oauth_app.models import Usage, UsageMark
from oauth_app.services.usage_columns import LATEST, ROLL_UPS, SUMS, RollUp, keys_of, select_calls

_BATCH = 5_000
_MARK = 1


def roll_up_usage(hub: Hub) -> int:
    """Roll up all calls that are written; return how many numbers that went on."""
    settled, rolled = _last_settled(hub), 0
    while step := _roll_up_batch(hub, settled):
        rolled += step
    return rolled


def _last_settled(hub: Hub) -> int:
    """Return the highest number below which nothing can appear any more.

    PostgreSQL gives numbers before it commits, so a lower one can appear after a higher one. With this lock no
    writer is under way: what has a number is there, or never will be. It is let go at once.
    """
    with transaction(hub.engine) as session:
        if hub.engine.dialect.name == "postgresql":
            session.execute(text("SET LOCAL lock_timeout = '2s'"))  # who waits longer would hold up the relay's log
            session.execute(text("LOCK TABLE usage IN SHARE MODE"))
        return session.scalar(select(func.max(Usage.id))) or 0


def _roll_up_batch(hub: Hub, settled: int) -> int:
    with transaction(hub.engine) as session:
        mark = session.get_one(UsageMark, _MARK, with_for_update=True)
        begin, end = mark.rolled_to, min(settled, mark.rolled_to + _BATCH)
        if end <= begin:
            return 0
        for table, unit in ROLL_UPS:
            _add_up(session, table, unit, begin, end)
        mark.rolled_to = end
    return end - begin


def _add_up(session: Session, table: RollUp, unit: str, begin: int, end: int) -> None:
    calls = select_calls(session, unit).where(Usage.id > begin, Usage.id <= end).subquery()
    keys = keys_of(table)
    sums = (*(func.sum(calls.c[name]) for name in SUMS), func.max(calls.c[LATEST]))
    # The condition is for SQLite, which would take ON CONFLICT for a part of the join.
    batch = select(*(calls.c[key] for key in keys), *sums).where(text("true")).group_by(*(calls.c[key] for key in keys))
    statement = insert_into(session, table).from_select([*keys, *SUMS, LATEST], batch)
    old, new = table.__table__.c, statement.excluded
    later = func.greatest if session.get_bind().dialect.name == "postgresql" else func.max
    session.execute(
        statement.on_conflict_do_update(
            index_elements=[column for column in table.__table__.columns if column.primary_key],
            set_={name: old[name] + new[name] for name in SUMS} | {LATEST: later(old[LATEST], new[LATEST])},
        )
    )
