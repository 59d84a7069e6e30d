"""Usage as people and partners see it: single calls and sums."""

from collections.abc import Sequence
from datetime import timedelta

import pytest
from sqlalchemy import insert

from oauth_app import clock
from oauth_app.db import reading, transaction
from oauth_app.hub import Hub
from oauth_app.models import Usage
from oauth_app.services import usage_report
from oauth_app.services.paging import PageWish
from oauth_app.services.usage_report import UsageTotals
from tests.relay.test_usage_log import make_record


@pytest.fixture
def hub(relay_hub: Hub) -> Hub:
    """Keep five calls: three of one consent, one of the same user elsewhere, one of somebody else."""
    owners = [("con_1", "usr_1")] * 3 + [("con_2", "usr_1"), ("con_3", "usr_2")]
    records = [
        make_record(
            request_id=f"req_{number}",
            consent_id=consent_id,
            user_id=user_id,
            estimated_cost=10 if number else None,
            started_at=clock.now() - timedelta(days=number),
        )
        for number, (consent_id, user_id) in enumerate(owners)
    ]
    with transaction(relay_hub.engine) as session:
        session.execute(insert(Usage), [record._asdict() for record in records])
    return relay_hub


def test_calls_are_listed_newest_first(hub: Hub) -> None:
    """A partner reads its calls page by page, and no other's."""
    pages: list[Sequence[str]] = []
    cursor: str | int | None = None
    with reading(hub.engine) as session:
        for _ in range(2):
            page = usage_report.list_usage(session, "con_1", PageWish(limit=2, after=cursor))
            pages.append([call.request_id for call in page.rows])
            cursor = page.next_cursor
    assert (pages, cursor) == ([["req_2", "req_1"], ["req_0"]], None)


def test_sums_are_of_whom_they_should_be(hub: Hub) -> None:
    """Per consent, per user and for all; a call without a known price adds nothing."""
    with reading(hub.engine) as session:
        totals = [
            usage_report.total_of_consent(session, "con_1"),
            usage_report.total_of_user(session, "usr_1"),
            usage_report.total_of_all(session),
            usage_report.total_of_all(session, since=clock.now() - timedelta(hours=36)),
            usage_report.total_of_user(session, "usr_unknown"),
        ]
    assert totals == [
        UsageTotals(calls=3, input_tokens=3, output_tokens=6, estimated_cost=20),
        UsageTotals(calls=4, input_tokens=4, output_tokens=8, estimated_cost=30),
        UsageTotals(calls=5, input_tokens=5, output_tokens=10, estimated_cost=40),
        UsageTotals(calls=2, input_tokens=2, output_tokens=4, estimated_cost=10),
        UsageTotals(calls=0, input_tokens=0, output_tokens=0, estimated_cost=0),
    ]
