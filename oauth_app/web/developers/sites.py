"""The list of one's sites, a new one, and the front page of each."""

from flask import Blueprint, redirect, render_template, request
from flask.typing import ResponseReturnValue

from oauth_app.db import reading, transaction
from oauth_app.hub import current_hub
from oauth_app.models import Partner
from oauth_app.services import developer_sites
from oauth_app.services.developer_sites import MAX_SITES, TooManySitesError
from oauth_app.services.partner_modes import ask_to_go_live
from oauth_app.services.partners import disable_partner, get_partner
from oauth_app.services.scopes import ALL_SCOPES
from oauth_app.services.site_limits import limit_new_site
from oauth_app.web.developers.forms import FIRST_SCOPES, FormError, lines, objection, read_new_site
from oauth_app.web.developers.kinds import Kind, kind_of
from oauth_app.web.developers.own_sites import own_site, site_page, site_path, step_up
from oauth_app.web.developers.snippets import snippets_for
from oauth_app.web.developers.trying import try_it_url
from oauth_app.web.guards import signed_in
from oauth_app.web.login_state import user_id
from oauth_app.web.scope_words import scope_words

bp = Blueprint("developer_sites", __name__, url_prefix="/developers/sites")
bp.before_request(signed_in)


@bp.get("/new")
def ask_new() -> ResponseReturnValue:
    """Ask what is to be registered."""
    return _new_page()


@bp.post("")
def create() -> ResponseReturnValue:
    """Register a site, and show what its owner needs: the secret this once."""
    try:
        wish = read_new_site()
        with transaction(current_hub().engine) as session:
            credentials = developer_sites.open_site(session, user_id(), wish)
            limit_new_site(session, current_hub(), credentials.client_id)
            site = get_partner(session, credentials.client_id)
    except FormError as error:
        return _new_page(problem=str(error)), 422
    except TooManySitesError:
        return _new_page(has_too_many=True), 409
    return _front(site, secret=credentials.client_secret, is_new=True), 201


@bp.get("/<partner_id>")
def show(partner_id: str) -> ResponseReturnValue:
    """Show how the site is doing, and what to copy."""
    return _front(own_site(partner_id))


@bp.post("/<partner_id>/live")
def want_live(partner_id: str) -> ResponseReturnValue:
    """Ask to let everybody in; a sandbox has nobody who would have to decide."""
    hub = current_hub()
    with transaction(hub.engine) as session:
        site = developer_sites.get_own_site(session, user_id(), partner_id)
        ask_to_go_live(site, needs_approval=hub.settings.production)
    return redirect(site_path(partner_id))


@bp.get("/<partner_id>/delete")
def ask_delete(partner_id: str) -> ResponseReturnValue:
    """Say what deleting does, and ask."""
    return site_page("delete", own_site(partner_id))


@bp.post("/<partner_id>/delete")
def delete(partner_id: str) -> ResponseReturnValue:
    """Switch the site off for good; its charges stay in the books."""
    if elsewhere := step_up(site_path(partner_id, "delete")):
        return elsewhere
    hub = current_hub()
    with transaction(hub.engine) as session:
        disable_partner(session, developer_sites.get_own_site(session, user_id(), partner_id).id)
    hub.callers.forget_all()
    return redirect("/developers")


@bp.post("/check-addresses")
def check_addresses() -> ResponseReturnValue:
    """Say of each line whether it can be registered, while it is being written."""
    return {"addresses": [{"address": uri, "problem": objection(uri)} for uri in lines("redirect_uris")]}


def _new_page(*, problem: str | None = None, has_too_many: bool = False) -> str:
    sent = request.form
    return render_template(
        "developers/new.html",
        problem=problem,
        has_too_many=has_too_many,
        most=MAX_SITES,
        sent=sent,
        kind=sent.get("kind", Kind.SERVER),
        chosen=sent.getlist("scopes") if sent else FIRST_SCOPES,
        scopes=ALL_SCOPES,
        scope_words=scope_words(),
    )


def _front(site: Partner, *, secret: str | None = None, is_new: bool = False) -> str:
    hub = current_hub()
    with reading(hub.engine) as session:
        numbers = developer_sites.count_numbers(session, site.id)
    return site_page(
        "site",
        site,
        secret=secret,
        is_new=is_new,
        kind=kind_of(site),
        numbers=numbers,
        issuer=hub.settings.hub_issuer,
        snippets=snippets_for(site, hub.settings.hub_issuer),
        try_it=try_it_url(site),
        scope_words=scope_words(),
    )
