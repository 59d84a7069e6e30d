"""What happened at a site, as its server was told of it or might have been."""

import json
from urllib.parse import urlencode

from flask import Blueprint, redirect, request
from flask.typing import ResponseReturnValue

from oauth_app.db import reading, transaction
from oauth_app.hub import current_hub
from oauth_app.services.developer_sites import get_own_site
from oauth_app.services.event_lists import EventFilter, get_event, list_events, resend_event
from oauth_app.services.events import EventType
from oauth_app.services.paging import PageWish
from oauth_app.services.webhook_sending import event_object
from oauth_app.web.developers.own_sites import own_site, site_page, site_path
from oauth_app.web.guards import signed_in
from oauth_app.web.login_state import user_id

bp = Blueprint("developer_event_log", __name__, url_prefix="/developers/sites/<partner_id>/events")
bp.before_request(signed_in)

#: Events on a page.
PAGE_ROWS = 50


@bp.get("")
def show(partner_id: str) -> ResponseReturnValue:
    """List the events, newest first, of one type or about one thing if wished; ``before`` pages on."""
    site, told = own_site(partner_id), {name: _argument(name) for name in ("type", "object", "before")}
    wanted = EventFilter(partner_id=site.id, type=told["type"], object_id=told["object"])
    with reading(current_hub().engine) as session:
        page = list_events(session, wanted, PageWish(limit=PAGE_ROWS, after=told["before"]))
    kept = {name: value for name, value in told.items() if value and name != "before"}
    return site_page(
        "events",
        site,
        events=[(row, json.dumps(event_object(row), ensure_ascii=False, indent=2)) for row in page.rows],
        told=told,
        types=list(EventType),
        resent=request.args.get("resent"),
        older=f"?{urlencode({**kept, 'before': page.next_cursor})}" if page.next_cursor else None,
    )


@bp.post("/<event_id>/resend")
def resend(partner_id: str, event_id: str) -> ResponseReturnValue:
    """Send one event once more, to every endpoint that wants it."""
    with transaction(current_hub().engine) as session:
        site = get_own_site(session, user_id(), partner_id)
        event = get_event(session, site.id, event_id if event_id.isidentifier() else "")
        count = resend_event(session, event)
    return redirect(site_path(partner_id, f"events?resent={count}"))


def _argument(name: str) -> str | None:
    # Not every database takes every text, such as one with a zero byte.
    return request.args.get(name, "").replace("\0", "").strip() or None
