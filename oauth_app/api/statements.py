"""``/hub/v1/statements``: what a partner earned in a month."""

from typing import Annotated, Literal

from flask import Blueprint, Response
from flask.typing import ResponseReturnValue
from pydantic import BaseModel, ConfigDict, Field

from oauth_app.api.client_guard import current_partner_id, require_client
from oauth_app.api.operations import Operation, describes, read_query
from oauth_app.api.problems import answer_problems
from oauth_app.hub import current_hub
from oauth_app.services.statement_exports import csv_pieces, json_pieces
from oauth_app.services.statement_months import Month
from oauth_app.services.statements import partner_statement

bp = Blueprint("statements", __name__, url_prefix="/hub/v1/statements")
bp.before_request(require_client)
answer_problems(bp)

_Source = Literal["wallet", "ohmygpt"]


class StatementQuery(BaseModel):
    """How the statement is written."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: Literal["json", "csv"] = "json"


class _Given(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", json_schema_serialization_defaults_required=True)


class BalanceLine(_Given):
    """Your earnings in one asset."""

    asset: str
    opening: int
    closing: int


class TotalLine(_Given):
    """The lines of one kind, in one asset."""

    site: str
    type: str
    taken_from: _Source
    asset: str
    count: int
    amount: Annotated[int, Field(description="Gross: with the operator's fee.")]
    fee: int
    change: Annotated[int, Field(description="Net: what it did to your earnings.")]


class StatementLine(_Given):
    """One movement."""

    at: Annotated[str, Field(json_schema_extra={"format": "date-time"})]
    type: str
    reference: str
    transfer: str
    site: str
    description: str
    asset: str
    amount: int
    fee: int
    change: int
    taken_from: _Source


class StatementAnswer(_Given):
    """Your earnings of a month (UTC), as in the books; refunds are below zero."""

    object: Literal["statement"] = "statement"
    month: str
    balances: list[BalanceLine]
    totals: list[TotalLine]
    lines: list[StatementLine]


@bp.get("/<month>")
@describes(
    Operation(is_for_client=True, query=StatementQuery, answers={200: StatementAnswer}, problems=("unknown_month",))
)
def show(month: str) -> ResponseReturnValue:
    """Give the statement of a month (yyyy-mm), as JSON or, with ``format=csv``, for a spreadsheet."""
    query, wanted = read_query(StatementQuery), Month.parse(month)
    lent = partner_statement(current_hub().engine, current_partner_id(), wanted)
    if query.format == "csv":
        answer = Response(csv_pieces(lent), content_type="text/csv; charset=utf-8; header=present")
        answer.headers["Content-Disposition"] = f'attachment; filename="statement-{wanted}.csv"'
    else:
        answer = Response(json_pieces(lent), content_type="application/json")
    answer.headers["Cache-Control"] = "no-store"
    return answer
