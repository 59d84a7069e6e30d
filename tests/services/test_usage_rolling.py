"""Calls rolled up by the hour and by the day: each counts once, whatever happens."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, event, func, insert, select

from oauth_app import clock
from oauth_app.db import reading, transaction
from oauth_app.hub import Hub
from oauth_app.models import Usage, UsageConsentDay, UsageDay, UsageHour, UsageMark
from oauth_app.services import usage_rolling
from oauth_app.services.access import Access
from oauth_app.services.usage_columns import RollUp
from oauth_app.services.usage_rolling import roll_up_usage
from oauth_app.services.usage_sweeping import sweep_usage
from oauth_app.services.usage_totals import UsageWish, sum_up
from tests.services.calls import make_usage

NOON = datetime(2026, 3, 4, 12, 30, tzinfo=UTC)
TABLES: tuple[RollUp, ...] = (UsageHour, UsageDay, UsageConsentDay)


def log(hub: Hub, access: Access, *calls: dict[str, Any]) -> None:
    """Write calls as the relay does."""
    with transaction(hub.engine) as session:
        session.add_all([make_usage(access, **({"started_at": NOON} | call)) for call in calls])


def sums(hub: Hub, table: RollUp, *by: str) -> list[tuple[Any, ...]]:
    """Return ``by``, the number of calls, those that failed, and what all cost."""
    with reading(hub.engine) as session:
        rows = sum_up(session, UsageWish(table=table), *by)
        return [(*(getattr(row, name) for name in by), row.calls, row.faults, row.estimated_cost) for row in rows]


def count(hub: Hub, table: Any) -> int:  # noqa: ANN401 - a table
    """Return how many rows there are."""
    with reading(hub.engine) as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


CALLS: Sequence[dict[str, Any]] = (
    {"model": "gpt-4o", "estimated_cost": 10, "input_tokens": 3, "output_tokens": 4, "first_byte_ms": 7},
    {"model": "gpt-4o", "estimated_cost": 5},
    {"model": "gpt-4o", "status": 429},
    {"model": "gpt-4o", "status": 502, "outcome": "upstream_failed"},
    {"path": "/v1/images/generations", "outcome": "client_left", "estimated_cost": 2},
    {"model": "gpt-4o", "started_at": NOON + timedelta(hours=1), "estimated_cost": 1},
    {"model": "gpt-4o", "started_at": NOON + timedelta(days=1), "estimated_cost": 1},
)


@pytest.mark.parametrize("table", TABLES)
def test_it_comes_to_the_same_before_and_after(hub_there: Hub, access_there: Access, table: RollUp) -> None:
    """Dashboards read the roll-ups and what is not rolled up yet: nobody can tell where the line is."""
    log(hub_there, access_there, *CALLS)
    before = sums(hub_there, table, "begins_at", "model", "endpoint")
    assert sums(hub_there, table) == [(7, 2, 19)]
    assert count(hub_there, table) == 0

    assert roll_up_usage(hub_there) == 7
    assert sums(hub_there, table, "begins_at", "model", "endpoint") == before

    log(hub_there, access_there, *CALLS)
    assert sums(hub_there, table) == [(14, 4, 38)]


def test_what_a_row_says(hub_there: Hub, access_there: Access) -> None:
    """The hour, the kind and how it ended are told apart; times are summed with the number of calls that had one."""
    log(hub_there, access_there, *CALLS)
    roll_up_usage(hub_there)
    with reading(hub_there.engine) as session:
        rows = session.scalars(select(UsageHour).order_by(UsageHour.begins_at, UsageHour.endpoint, UsageHour.outcome))
        told = [(row.begins_at, row.model, row.endpoint, row.outcome, row.calls) for row in rows]
        first = session.scalars(select(UsageHour).where(UsageHour.calls == 2)).one()

    noon = NOON.replace(minute=0)
    assert told == [
        (noon, "gpt-4o", "chat", "failed", 1),
        (noon, "gpt-4o", "chat", "ok", 2),
        (noon, "gpt-4o", "chat", "refused", 1),
        (noon, "", "images", "left", 1),
        (noon + timedelta(hours=1), "gpt-4o", "chat", "ok", 1),
        (noon + timedelta(days=1), "gpt-4o", "chat", "ok", 1),
    ]
    assert (first.input_tokens, first.output_tokens, first.estimated_cost) == (3, 4, 15)
    assert (first.duration_ms, first.first_byte_ms, first.first_bytes, first.unpriced) == (2, 7, 1, 0)
    assert (first.bytes_in, first.last_started_at) == (2, NOON)


def test_rolling_up_again_adds_nothing(hub_there: Hub, access_there: Access) -> None:
    """Each call counts once."""
    log(hub_there, access_there, *CALLS)

    assert [roll_up_usage(hub_there) for _ in range(3)] == [7, 0, 0]
    assert sums(hub_there, UsageDay) == [(7, 2, 19)]


def test_a_late_call_goes_to_its_own_day(hub_there: Hub, access_there: Access) -> None:
    """What is written a day late is added where it belongs."""
    log(hub_there, access_there, *CALLS)
    roll_up_usage(hub_there)
    log(hub_there, access_there, {"model": "gpt-4o", "estimated_cost": 100})
    roll_up_usage(hub_there)

    day = NOON.replace(hour=0, minute=0)
    assert sums(hub_there, UsageDay, "begins_at") == [(day, 7, 2, 118), (day + timedelta(days=1), 1, 0, 1)]


@pytest.mark.parametrize("dies_at", ["usage_hour", "usage_consent_day", "usage_mark"])
def test_a_death_in_between_changes_nothing(hub_there: Hub, access_there: Access, dies_at: str) -> None:
    """All of a batch counts, or nothing of it, and the next one takes up where the last good one ended."""
    log(hub_there, access_there, *CALLS)

    def die(_c: Any, _cursor: Any, statement: str, *_: Any) -> None:  # noqa: ANN401
        if statement.startswith((f"INSERT INTO {dies_at}", f"UPDATE {dies_at}")):
            raise SystemExit

    event.listen(hub_there.engine, "before_cursor_execute", die)
    with pytest.raises(SystemExit):
        roll_up_usage(hub_there)
    event.remove(hub_there.engine, "before_cursor_execute", die)

    assert sums(hub_there, UsageDay) == [(7, 2, 19)]
    roll_up_usage(hub_there)
    assert [sums(hub_there, table) for table in TABLES] == [[(7, 2, 19)]] * 3


def test_many_batches_and_two_workers(hub_there: Hub, access_there: Access, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two workers at once count nothing twice."""
    monkeypatch.setattr(usage_rolling, "_BATCH", 7)
    log(hub_there, access_there, *[{"estimated_cost": 1} for _ in range(100)])
    with ThreadPoolExecutor(2) as pool:
        rolled = list(pool.map(roll_up_usage, [hub_there, hub_there]))

    assert sum(rolled) == 100
    assert sums(hub_there, UsageConsentDay, "consent_id") == [(access_there.consent_id, 100, 0, 100)]


@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
@pytest.mark.postgres
def test_a_number_that_is_given_but_not_written_yet_is_not_passed_over(
    hub_there: Hub, access_there: Access, engine: Engine
) -> None:
    """PostgreSQL: a lower number may be committed after a higher one, and must count all the same."""
    slow = engine.connect()
    under_way = slow.begin()
    columns = Usage.__table__.columns.keys()
    row = {name: getattr(make_usage(access_there), name) for name in columns if name not in {"id", "endpoint"}}
    slow.execute(insert(Usage), row)
    log(hub_there, access_there, {})  # a higher number, committed first
    with ThreadPoolExecutor(1) as pool:
        rolling = pool.submit(roll_up_usage, hub_there)
        with pytest.raises(TimeoutError):
            rolling.result(timeout=0.5)
        under_way.commit()
        rolling.result(timeout=10)
    slow.close()

    assert [row[0] for row in sums(hub_there, UsageDay)] == [2]
    assert count(hub_there, UsageDay) > 0


def test_old_calls_go_and_their_sums_stay(hub_there: Hub, access_there: Access) -> None:
    """Single calls, hours and days are kept for as long as the settings say."""
    settings = hub_there.settings.model_copy(
        update={"usage_retention_days": 10, "usage_hourly_retention_days": 20, "usage_daily_retention_days": 30}
    )
    hub = replace(hub_there, settings=settings)
    now = clock.now()
    log(hub, access_there, *[{"started_at": now - timedelta(days=days)} for days in (5, 15, 25, 35, 4)])
    assert sweep_usage(hub) == 0  # nothing that is not rolled up yet

    roll_up_usage(hub)
    sweep_usage(hub)
    assert [count(hub, table) for table in (Usage, UsageHour, UsageDay, UsageConsentDay)] == [2, 3, 4, 4]


def test_nothing_goes_where_zero_days_are_set(hub_there: Hub, access_there: Access) -> None:
    """Zero is for ever."""
    settings = hub_there.settings.model_copy(
        update={"usage_retention_days": 0, "usage_hourly_retention_days": 0, "usage_daily_retention_days": 0}
    )
    hub = replace(hub_there, settings=settings)
    log(hub, access_there, {"started_at": clock.now() - timedelta(days=9_000)})
    roll_up_usage(hub)

    assert sweep_usage(hub) == 0


def test_a_call_after_a_great_sweep_is_rolled_up(hub_there: Hub, access_there: Access) -> None:
    """SQLite gives the numbers of deleted rows again; the last one is kept, so that none is taken for rolled up."""
    log(hub_there, access_there, *[{"started_at": clock.now() - timedelta(days=400)} for _ in range(5)])
    roll_up_usage(hub_there)
    sweep_usage(hub_there)
    log(hub_there, access_there, {"started_at": clock.now()})

    assert roll_up_usage(hub_there) == 1


def test_the_mark_is_there_from_the_beginning(engine: Engine) -> None:
    """A fresh database can be rolled up."""
    with reading(engine) as session:
        assert session.scalars(select(UsageMark.rolled_to)).all() == [0]
