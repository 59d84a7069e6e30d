"""``/hub/v1/usage``: the AI calls of the user through the partner."""

from datetime import timedelta
from typing import Any

from flask import Blueprint
from flask.typing import ResponseReturnValue

from oauth_app import clock
from oauth_app.api.bearer import current_access, require_access
from oauth_app.api.operations import Operation, answer, describes, read_query
from oauth_app.api.problems import answer_problems
from oauth_app.api.schemas import CallAnswer, ListAnswer
from oauth_app.api.usage_schemas import UsageQuery, UsageSum, UsageSummaryAnswer, UsageSummaryQuery
from oauth_app.db import reading
from oauth_app.hub import current_hub
from oauth_app.models import Usage
from oauth_app.services.call_lists import CallFilter, list_calls, sum_up_days
from oauth_app.services.paging import PageWish
from oauth_app.services.scopes import Scope

bp = Blueprint("usage", __name__, url_prefix="/hub/v1/usage")
bp.before_request(require_access)
answer_problems(bp)

_USUAL_SPAN = timedelta(days=29)


@bp.get("")
@describes(Operation(scope=Scope.API, query=UsageQuery, answers={200: ListAnswer[CallAnswer]}))
def index() -> ResponseReturnValue:
    """List the user's AI calls through you, newest first, with tokens and estimated cost."""
    query = read_query(UsageQuery)
    wanted = CallFilter(model=query.model, started_after=query.started_after, started_before=query.started_before)
    with reading(current_hub().engine) as session:
        page = list_calls(session, current_access(), PageWish(limit=query.limit, after=query.cursor), wanted)
    return answer(ListAnswer[CallAnswer](data=[_shown(row) for row in page.rows], next_cursor=page.next_cursor))


@bp.get("/summary")
@describes(Operation(scope=Scope.API, query=UsageSummaryQuery, answers={200: UsageSummaryAnswer}))
def summary() -> ResponseReturnValue:
    """Sum up the user's AI calls through you, by the day, the model or the kind of calls."""
    query = read_query(UsageSummaryQuery)
    last = query.last_day or clock.now().date()
    first = query.first_day or last - _USUAL_SPAN
    column = {"day": "begins_at"}.get(query.by, query.by)
    with reading(current_hub().engine) as session:
        access = current_access()
        total = sum_up_days(session, access, first, last, model=query.model)
        rows = sum_up_days(session, access, first, last, column, model=query.model)
    data = [_summed(row) for row in rows]
    return answer(UsageSummaryAnswer(first_day=first, last_day=last, total=_summed(total[0]), data=data))


def _summed(row: Any) -> UsageSum:  # noqa: ANN401 - a row with some of the columns
    day = getattr(row, "begins_at", None)
    return UsageSum(
        day=day.date() if day else None,
        model=getattr(row, "model", None) or None,
        endpoint=getattr(row, "endpoint", None),
        calls=row.calls,
        errors=row.faults,
        input_tokens=row.input_tokens,
        output_tokens=row.output_tokens,
        estimated_cost=row.estimated_cost,
        unpriced_calls=row.unpriced,
    )


def _shown(row: Usage) -> CallAnswer:
    return CallAnswer(
        request_id=row.request_id,
        method=row.method,
        path=row.path,
        model=row.model,
        status=row.status,
        outcome=row.outcome,
        input_tokens=row.input_tokens,
        output_tokens=row.output_tokens,
        estimated_cost=row.estimated_cost,
        started_at=clock.rfc3339(row.started_at),
        duration_ms=row.duration_ms,
    )
