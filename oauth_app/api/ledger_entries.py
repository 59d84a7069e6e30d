"""``/hub/v1/ledger/entries``: what moved on the partner's account at the operator."""

from flask import Blueprint
from flask.typing import ResponseReturnValue

from oauth_app import clock
from oauth_app.api.bearer import current_sight, require_sight
from oauth_app.api.money_schemas import EntryAnswer, EntryQuery
from oauth_app.api.operations import Operation, answer, describes, read_query
from oauth_app.api.problems import answer_problems
from oauth_app.api.schemas import ListAnswer
from oauth_app.db import reading
from oauth_app.hub import current_hub
from oauth_app.ledger import TransferKind
from oauth_app.services.ledger_entries import Entry, EntryFilter, list_entries
from oauth_app.services.paging import PageWish
from oauth_app.services.scopes import Scope

bp = Blueprint("ledger_entries", __name__, url_prefix="/hub/v1/ledger/entries")
bp.before_request(require_sight)
answer_problems(bp)


@bp.get("")
@describes(Operation(scope=Scope.CHARGES_WRITE, query=EntryQuery, answers={200: ListAnswer[EntryAnswer]}))
def index() -> ResponseReturnValue:
    """List what came to your earnings and left them, newest first; a user's token shows that user's part."""
    query = read_query(EntryQuery)
    kind = TransferKind(query.kind) if query.kind else None
    wanted = EntryFilter(asset=query.asset, kind=kind, since=query.since)
    wish = PageWish(limit=query.limit, after=query.cursor)
    with reading(current_hub().engine) as session:
        page = list_entries(session, current_sight(), wish, wanted)
    return answer(ListAnswer[EntryAnswer](data=[_shown(row) for row in page.rows], next_cursor=page.next_cursor))


def _shown(row: Entry) -> EntryAnswer:
    return EntryAnswer(
        id=str(row.id),
        transfer=row.transfer_id,
        kind=row.kind,
        reference=row.reference,
        amount=row.amount,
        asset=row.asset,
        created_at=clock.rfc3339(row.created_at),
    )
