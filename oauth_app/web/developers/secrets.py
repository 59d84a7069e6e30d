"""The secrets of a site: each shown once, rotated with an overlap, revoked one by one."""

from flask import Blueprint, redirect
from flask.typing import ResponseReturnValue

from oauth_app.db import reading, transaction
from oauth_app.hub import current_hub
from oauth_app.services.developer_sites import get_own_site
from oauth_app.services.partner_errors import InvalidRegistrationError
from oauth_app.services.partners import SECRET_OVERLAP, list_secrets, revoke_secret, rotate_secret
from oauth_app.web.developers.own_sites import own_site, site_page, site_path, step_up
from oauth_app.web.guards import signed_in
from oauth_app.web.login_state import user_id

bp = Blueprint("developer_secrets", __name__, url_prefix="/developers/sites/<partner_id>/secrets")
bp.before_request(signed_in)


@bp.get("")
def show(partner_id: str) -> ResponseReturnValue:
    """List the secrets by what tells them apart."""
    return _page(partner_id)


@bp.post("/rotate")
def rotate(partner_id: str) -> ResponseReturnValue:
    """Make a new secret and show it this once; only to somebody who has just signed in."""
    own_site(partner_id)
    if elsewhere := step_up(site_path(partner_id, "secrets")):
        return elsewhere
    try:
        with transaction(current_hub().engine) as session:
            site = get_own_site(session, user_id(), partner_id)
            secret = rotate_secret(session, site.id).client_secret
    except InvalidRegistrationError:
        return _page(partner_id), 409  # a public site has no secret, and its page says so
    return _page(partner_id, secret=secret), 201


@bp.post("/<int(max=9223372036854775807):secret_id>/revoke")
def revoke(partner_id: str, secret_id: int) -> ResponseReturnValue:
    """End one secret at once."""
    own_site(partner_id)
    if elsewhere := step_up(site_path(partner_id, "secrets")):
        return elsewhere
    with transaction(current_hub().engine) as session:
        site = get_own_site(session, user_id(), partner_id)
        revoke_secret(session, site.id, secret_id)
    return redirect(site_path(partner_id, "secrets"))


def _page(partner_id: str, *, secret: str | None = None) -> str:
    site = own_site(partner_id)
    with reading(current_hub().engine) as session:
        rows = list_secrets(session, site.id)
    hours = int(SECRET_OVERLAP.total_seconds()) // 3600
    return site_page("secrets", site, secrets=rows, secret=secret, overlap_hours=hours)
