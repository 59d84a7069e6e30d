"""The operator's pages."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy import Row
from sqlalchemy.orm import Session

from oauth_app.db import reading
from oauth_app.hub import current_hub
from oauth_app.services import oversight
from oauth_app.services.exchange import rates_of
from oauth_app.services.model_rates import state_of_book
from oauth_app.services.usage_reports import names_of_sites, usage_of_all
from oauth_app.web.guards import operator
from oauth_app.web.usage_pages import asked_month, report_values

bp = Blueprint("admin", __name__, url_prefix="/admin")
bp.before_request(operator)


@dataclass(frozen=True, kw_only=True)
class Listing:
    """A list of one kind of thing: how it is read and which template shows it."""

    read: Callable[[Session, str | None], Sequence[Row[*tuple[Any, ...]]]]
    template: str


LISTINGS = {
    "users": Listing(read=oversight.list_users, template="admin/users.html"),
    "partners": Listing(read=oversight.list_partners, template="admin/partners.html"),
    "calls": Listing(read=oversight.list_calls, template="admin/calls.html"),
}


@bp.get("")
def front() -> ResponseReturnValue:
    """Show how the hub is doing."""
    with reading(current_hub().engine) as session:
        return render_template("admin/overview.html", overview=oversight.overview(session, rates_of(current_hub())))


@bp.get("/usage")
def usage() -> ResponseReturnValue:
    """Show what the AI calls of a month came to."""
    month = asked_month()
    with reading(current_hub().engine) as session:
        report = usage_of_all(session, month)
        names = names_of_sites(session, (line.key for line in report.by_site))
    values = report_values(report, month, names) | {"book": state_of_book(current_hub().settings)}
    return render_template("admin/usage.html", name="usage", **values)


@bp.get("/<any(users, partners, calls):name>")
def listing(name: str) -> ResponseReturnValue:
    """Show the latest of one kind; ``before`` pages on."""
    chosen = LISTINGS[name]
    with reading(current_hub().engine) as session:
        rows = chosen.read(session, request.args.get("before"))
        older = f"?before={rows[-1][0].id}" if len(rows) == oversight.PAGE_ROWS else None
        return render_template(chosen.template, rows=rows, name=name, older=older)
