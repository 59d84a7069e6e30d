"""What a site is registered with, and its logo."""

from flask import Blueprint, redirect, request
from flask.typing import ResponseReturnValue

from oauth_app.db import transaction
from oauth_app.hub import current_hub
from oauth_app.provider.signing import ALGORITHMS
from oauth_app.services.developer_sites import get_own_site
from oauth_app.services.partner_logos import (
    MAX_LOGO_BYTES,
    InvalidLogoError,
    Logo,
    LogoUnreachableError,
    fetch_logo,
    keep_logo,
    read_logo,
    remove_logo,
)
from oauth_app.services.partners import update_partner
from oauth_app.services.scopes import ALL_SCOPES
from oauth_app.web.developers.forms import FormError, read_changes
from oauth_app.web.developers.kinds import kind_of
from oauth_app.web.developers.own_sites import own_site, site_page, site_path
from oauth_app.web.guards import signed_in
from oauth_app.web.login_state import user_id
from oauth_app.web.scope_words import scope_words

bp = Blueprint("developer_settings", __name__, url_prefix="/developers/sites/<partner_id>")
bp.before_request(signed_in)


@bp.get("/settings")
def show(partner_id: str) -> ResponseReturnValue:
    """Show what the site is registered with."""
    return _page(partner_id, is_saved="saved" in request.args)


@bp.post("/settings")
def change(partner_id: str) -> ResponseReturnValue:
    """Take other settings; what cannot be taken is shown again with the reason."""
    try:
        with transaction(current_hub().engine) as session:
            site = get_own_site(session, user_id(), partner_id)
            update_partner(session, site.id, read_changes(site))
    except FormError as error:
        return _page(partner_id, problem=str(error)), 422
    return redirect(site_path(partner_id, "settings?saved=1"))


@bp.post("/logo")
def set_logo(partner_id: str) -> ResponseReturnValue:
    """Take a logo that was uploaded or stands at an address, or remove the one there is."""
    own_site(partner_id)
    try:
        logo = None if "remove" in request.form else _wanted_logo()
    except InvalidLogoError:
        return _page(partner_id, logo_problem="picture"), 422
    except LogoUnreachableError:
        return _page(partner_id, logo_problem="address"), 422
    with transaction(current_hub().engine) as session:
        site = get_own_site(session, user_id(), partner_id)
        if logo is None:
            remove_logo(session, site.id)
        else:
            keep_logo(session, site.id, logo)
    return redirect(site_path(partner_id, "settings?saved=1#logo"))


def _wanted_logo() -> Logo:
    """Return the logo; asked of elsewhere while no transaction is open."""
    upload = request.files.get("file")
    if upload is not None and upload.filename:
        return read_logo(upload.stream.read(MAX_LOGO_BYTES + 1))
    return fetch_logo(current_hub(), request.form.get("address", "").strip())


def _page(
    partner_id: str, *, problem: str | None = None, logo_problem: str | None = None, is_saved: bool = False
) -> str:
    site = own_site(partner_id)
    return site_page(
        "settings",
        site,
        values=_values(partner_id) if problem is None else _sent(),
        problem=problem,
        logo_problem=logo_problem,
        is_saved=is_saved,
        kind=kind_of(site),
        algorithms=ALGORITHMS,
        scopes=ALL_SCOPES,
        scope_words=scope_words(),
    )


def _values(partner_id: str) -> dict[str, object]:
    site = own_site(partner_id)
    texts = ("name", "homepage", "policy_uri", "terms_uri", "backchannel_logout_uri", "id_token_algorithm")
    return {
        **{name: getattr(site, name) or "" for name in texts},
        **{name: getattr(site, name) for name in ("scopes", "is_legacy", "requires_par", "requires_dpop")},
        "redirect_uris": "\n".join(site.redirect_uris),
        "post_logout_redirect_uris": "\n".join(site.post_logout_redirect_uris),
        "client_credentials": "client_credentials" in site.grant_types,
    }


def _sent() -> dict[str, object]:
    return {**request.form.to_dict(), "scopes": request.form.getlist("scopes")}
