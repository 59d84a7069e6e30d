"""Sign-ins at a site that failed: why, what was sent, and what would have been right."""

from dataclasses import dataclass
from typing import Any

from flask import Blueprint, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from oauth_app.db import reading
from oauth_app.hub import current_hub
from oauth_app.models import AuthorizationFailure, Partner
from oauth_app.services.authorization_failures import find_failure, list_failures
from oauth_app.services.developer_sites import get_own_site
from oauth_app.services.paging import Page, PageWish
from oauth_app.web.developers.differences import Difference, find_difference
from oauth_app.web.developers.failure_words import WRONG_REDIRECT_URI, reason_of
from oauth_app.web.developers.own_sites import site_page
from oauth_app.web.guards import signed_in
from oauth_app.web.login_state import user_id

bp = Blueprint("developer_failures", __name__, url_prefix="/developers/sites/<partner_id>/failures")
bp.before_request(signed_in)


@dataclass(frozen=True, kw_only=True)
class Explained:
    """A failure as the page shows it."""

    row: AuthorizationFailure
    reason: str
    difference: Difference | None
    details: dict[str, Any]


@bp.get("")
def show(partner_id: str) -> ResponseReturnValue:
    """Show the latest failures, or the one that was asked for by its id."""
    wanted = request.args.get("error", "").strip()
    with reading(current_hub().engine) as session:
        site = get_own_site(session, user_id(), partner_id)
        page = _find(session, site.id, wanted) if wanted else _list(session, site.id)
    failures = [_explain(site, row) for row in page.rows]
    return site_page("failures", site, failures=failures, wanted=wanted, next_before=page.next_cursor)


def _list(session: Session, partner_id: str) -> Page[AuthorizationFailure]:
    before = request.args.get("before", "")
    return list_failures(session, partner_id, PageWish(after=before if before.isidentifier() else None))


def _find(session: Session, partner_id: str, failure_id: str) -> Page[AuthorizationFailure]:
    # Not every database takes every text, such as one with a zero byte.
    found = find_failure(session, partner_id, failure_id) if failure_id.isidentifier() else None
    return Page(rows=[found] if found else [], next_cursor=None)


def _explain(site: Partner, row: AuthorizationFailure) -> Explained:
    sent, registered = _first(row, "sent", "redirect_uri"), _first(row, "registered", "redirect_uri_of_code")
    difference = None
    if row.code in WRONG_REDIRECT_URI and sent:
        difference = find_difference(sent, [registered] if registered else site.redirect_uris)
    return Explained(
        row=row,
        reason=reason_of(row.code),
        difference=difference,
        details={} if difference else row.details,
    )


def _first(row: AuthorizationFailure, *names: str) -> str | None:
    return next((row.details[name] for name in names if name in row.details), None)
