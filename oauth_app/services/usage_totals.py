"""What AI calls came to: the roll-ups, and the calls that are not rolled up yet, in one statement.

Two statements could see the database before and after a roll-up, and count its calls twice or not at all.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, func, select, union_all
from sqlalchemy.orm import Session

from oauth_app.models import Usage, UsageMark
from oauth_app.services.usage_columns import FAULTS, LATEST, ROLL_UPS, SUMS, RollUp, keys_of, select_calls

_IDS = ("partner_id", "user_id", "consent_id")


@dataclass(frozen=True, kw_only=True)
class UsageWish:
    """Which calls to sum up; ``since`` and ``until`` are beginnings of hours or days, as the table has them."""

    table: RollUp
    since: datetime | None = None
    until: datetime | None = None
    #: Columns with their values: ``partner_id``, ``user_id``, ``consent_id``, ``model``, ``endpoint``.
    where: dict[str, str] = field(default_factory=dict)


def sum_up(session: Session, wish: UsageWish, *by: str) -> Sequence[Row[*tuple[Any, ...]]]:
    """Return the sums for each combination of ``by``, in its order; of no calls at all there is a row of zeros.

    Each row has the columns of ``by``, the sums by their names, ``faults`` (calls that ended in an error), and when the
    last call was made.
    """
    calls = _all_calls(session, wish).subquery()
    faults = func.sum(calls.c.calls).filter(calls.c.outcome.in_(FAULTS))
    keys = [calls.c[name] for name in by]
    statement = select(
        *keys,
        *(_whole(func.sum(calls.c[name])).label(name) for name in SUMS),
        _whole(faults).label("faults"),
        func.max(calls.c[LATEST]).label(LATEST),
    )
    return session.execute(statement.group_by(*keys).order_by(*keys)).all()


def _all_calls(session: Session, wish: UsageWish) -> Any:  # noqa: ANN401 - a union has no simple type
    names = [*keys_of(wish.table), *SUMS, LATEST]
    columns = wish.table.__table__.c
    rolled = select(*(columns[name] for name in names)).where(*_within(wish, columns.begins_at, columns))
    rest = _rest(session, wish).subquery()
    conditions = [rest.c[name] == value for name, value in wish.where.items() if name not in _IDS]
    return union_all(rolled, select(*(rest.c[name] for name in names)).where(*conditions))


def _rest(session: Session, wish: UsageWish) -> Select[*tuple[Any, ...]]:
    """Return the query for the calls that are not rolled up yet."""
    rolled_to = select(func.max(UsageMark.rolled_to)).scalar_subquery()
    ids = {name: value for name, value in wish.where.items() if name in _IDS}
    narrowed = UsageWish(table=wish.table, since=wish.since, until=wish.until, where=ids)
    unit = dict(ROLL_UPS)[wish.table]
    within = _within(narrowed, Usage.started_at, Usage.__table__.c)
    return select_calls(session, unit).where(Usage.id > rolled_to, *within)


def _within(wish: UsageWish, moment: Any, columns: Any) -> list[Any]:  # noqa: ANN401 - columns of several tables
    conditions = [columns[name] == value for name, value in wish.where.items()]
    if wish.since is not None:
        conditions.append(moment >= wish.since)
    if wish.until is not None:
        conditions.append(moment < wish.until)
    return conditions


def _whole(total: Any) -> Any:  # noqa: ANN401 - an expression
    """Return the sum as a whole number; none is zero."""
    return func.coalesce(total, 0)
