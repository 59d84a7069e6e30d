"""Where a site wants to be told of what happens: its endpoints, and what became of each delivery."""

from collections.abc import Callable

from flask import Blueprint, redirect, request
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session

from oauth_app.db import reading, transaction
from oauth_app.hub import current_hub
from oauth_app.models import WebhookEndpoint
from oauth_app.services import webhook_endpoints as domain
from oauth_app.services.developer_sites import get_own_site
from oauth_app.services.event_lists import list_deliveries, resend_delivery
from oauth_app.services.events import EventType, record_ping
from oauth_app.services.paging import PageWish
from oauth_app.services.webhook_errors import EndpointOffError, InvalidEndpointError, TooManyEndpointsError
from oauth_app.web.developers.own_sites import own_site, site_page, site_path, step_up
from oauth_app.web.guards import signed_in
from oauth_app.web.login_state import user_id

bp = Blueprint("developer_webhooks", __name__, url_prefix="/developers/sites/<partner_id>/webhooks")
bp.before_request(signed_in)

#: Deliveries on a page.
PAGE_ROWS = 50
_ALL = PageWish(limit=domain.MAX_ENDPOINTS)
_WRONG_ADDRESS = _l("It must begin with https:// and lead to a public address that exists.")


@bp.get("")
def show(partner_id: str) -> ResponseReturnValue:
    """List the endpoints, and offer a new one."""
    return _page(partner_id)


@bp.post("")
def create(partner_id: str) -> ResponseReturnValue:
    """Register an endpoint and show its secret this once; only to somebody who has just signed in."""
    site, hub = own_site(partner_id), current_hub()
    if elsewhere := step_up(site_path(partner_id, "webhooks")):
        return elsewhere
    try:
        wish = domain.EndpointWish(
            partner_id=site.id,
            url=request.form.get("url", "").strip(),
            event_types=request.form.getlist("event_types"),
        )
        domain.check_url(hub.outside, wish.url)
        with transaction(hub.engine) as session:
            get_own_site(session, user_id(), partner_id)
            receipt = domain.register_endpoint(session, hub.vault, wish)
    except InvalidEndpointError:
        return _page(partner_id, problem=str(_WRONG_ADDRESS)), 422
    except TooManyEndpointsError:
        return _page(partner_id), 409  # it says how many there may be
    return _page(partner_id, secret=receipt.secret), 201


@bp.get("/<endpoint_id>")
def show_one(partner_id: str, endpoint_id: str) -> ResponseReturnValue:
    """Show an endpoint, and what was sent to it or waits, newest first; ``before`` pages on."""
    return _endpoint_page(partner_id, endpoint_id)


@bp.post("/<endpoint_id>/rotate")
def rotate(partner_id: str, endpoint_id: str) -> ResponseReturnValue:
    """Make a new secret and show it this once; only to somebody who has just signed in."""
    site, hub = own_site(partner_id), current_hub()
    if elsewhere := step_up(site_path(partner_id, f"webhooks/{_clean(endpoint_id)}")):
        return elsewhere
    with transaction(hub.engine) as session:
        receipt = domain.rotate_endpoint_secret(session, hub.vault, site.id, _clean(endpoint_id))
    return _endpoint_page(partner_id, endpoint_id, secret=receipt.secret), 201


@bp.post("/<endpoint_id>/events")
def choose(partner_id: str, endpoint_id: str) -> ResponseReturnValue:
    """Take other events for it from now on; none are all."""
    types = [one for one in request.form.getlist("event_types") if one in set(EventType)]
    return _change(partner_id, endpoint_id, lambda _session, endpoint: domain.change_event_types(endpoint, types))


@bp.post("/<endpoint_id>/<any(enable, disable):wish>")
def switch(partner_id: str, endpoint_id: str, wish: str) -> ResponseReturnValue:
    """Switch it off, or on again."""
    is_enabled = wish == "enable"
    return _change(
        partner_id, endpoint_id, lambda _session, endpoint: domain.switch_endpoint(endpoint, is_enabled=is_enabled)
    )


@bp.post("/<endpoint_id>/test")
def test(partner_id: str, endpoint_id: str) -> ResponseReturnValue:
    """Send it an event of type ``ping``."""
    return _change(partner_id, endpoint_id, record_ping)


@bp.post("/<endpoint_id>/delete")
def delete(partner_id: str, endpoint_id: str) -> ResponseReturnValue:
    """Delete it; what still waits for it is given up."""
    with transaction(current_hub().engine) as session:
        domain.delete_endpoint(session, get_own_site(session, user_id(), partner_id).id, _clean(endpoint_id))
    return redirect(site_path(partner_id, "webhooks"))


@bp.post("/<endpoint_id>/deliveries/<delivery_id>/resend")
def resend(partner_id: str, endpoint_id: str, delivery_id: str) -> ResponseReturnValue:
    """Send the event of one delivery to the endpoint once more."""
    try:
        with transaction(current_hub().engine) as session:
            endpoint = _own_endpoint(session, partner_id, endpoint_id)
            resend_delivery(session, endpoint, _clean(delivery_id))
    except EndpointOffError:
        return _endpoint_page(partner_id, endpoint_id), 409  # it says that it is switched off
    return redirect(site_path(partner_id, f"webhooks/{_clean(endpoint_id)}"))


def _change(
    partner_id: str, endpoint_id: str, action: Callable[[Session, WebhookEndpoint], object]
) -> ResponseReturnValue:
    with transaction(current_hub().engine) as session:
        action(session, _own_endpoint(session, partner_id, endpoint_id))
    return redirect(site_path(partner_id, f"webhooks/{_clean(endpoint_id)}"))


def _own_endpoint(session: Session, partner_id: str, endpoint_id: str) -> WebhookEndpoint:
    site = get_own_site(session, user_id(), partner_id)
    return domain.get_endpoint(session, site.id, _clean(endpoint_id), is_locked=True)


def _page(partner_id: str, *, secret: str | None = None, problem: str | None = None) -> str:
    site = own_site(partner_id)
    with reading(current_hub().engine) as session:
        endpoints = domain.list_endpoints(session, site.id, _ALL).rows
    return site_page(
        "webhooks",
        site,
        endpoints=endpoints,
        secret=secret,
        problem=problem,
        most=domain.MAX_ENDPOINTS,
        types=list(EventType),
        sent=request.form,
        chosen=request.form.getlist("event_types"),
    )


def _endpoint_page(partner_id: str, endpoint_id: str, *, secret: str | None = None) -> str:
    site, before = own_site(partner_id), _clean(request.args.get("before", ""))
    with reading(current_hub().engine) as session:
        endpoint = domain.get_endpoint(session, site.id, _clean(endpoint_id))
        page = list_deliveries(session, site.id, endpoint.id, PageWish(limit=PAGE_ROWS, after=before or None))
    return site_page(
        "webhook",
        site,
        endpoint=endpoint,
        deliveries=page.rows,
        next_before=page.next_cursor,
        secret=secret,
        types=list(EventType),
    )


def _clean(told: str) -> str:
    # Not every database takes every text, such as one with a zero byte.
    return told if told.isidentifier() else ""
