"""``/hub/v1/usage``: the AI calls of the user through the partner."""

from flask import Blueprint
from flask.typing import ResponseReturnValue

from oauth_app import clock
from oauth_app.api.bearer import current_access, require_access
from oauth_app.api.operations import Operation, answer, describes, read_query
from oauth_app.api.problems import answer_problems
from oauth_app.api.schemas import CallAnswer, CallListQuery, ListAnswer
from oauth_app.db import reading
from oauth_app.hub import current_hub
from oauth_app.models import Usage
from oauth_app.services.call_lists import list_calls
from oauth_app.services.paging import PageWish
from oauth_app.services.scopes import Scope

bp = Blueprint("usage", __name__, url_prefix="/hub/v1/usage")
bp.before_request(require_access)
answer_problems(bp)


@bp.get("")
@describes(Operation(scope=Scope.API, query=CallListQuery, answers={200: ListAnswer[CallAnswer]}))
def index() -> ResponseReturnValue:
    """List the user's AI calls through you, newest first, with tokens and estimated cost."""
    query = read_query(CallListQuery)
    with reading(current_hub().engine) as session:
        page = list_calls(session, current_access(), PageWish(limit=query.limit, after=query.cursor))
    return answer(ListAnswer[CallAnswer](data=[_shown(row) for row in page.rows], next_cursor=page.next_cursor))


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
