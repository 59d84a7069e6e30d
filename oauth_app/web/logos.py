"""Partners' logos: served from here only, under a name that changes with the picture."""

from flask import Blueprint, Flask, Response, abort

from oauth_app.db import reading
from oauth_app.hub import current_hub
from oauth_app.models import Partner
from oauth_app.services.partner_logos import find_logo, find_logo_digest
from oauth_app.web.guards import public

bp = Blueprint("logos", __name__, url_prefix="/partners")
bp.before_request(public)


@bp.get("/<partner_id>/logo/<content_digest>.png")
def show(partner_id: str, content_digest: str) -> Response:
    """Serve one version of a logo; it never changes, so a browser asks for it once."""
    if not (partner_id.isidentifier() and content_digest.isalnum()):
        abort(404)  # not every database takes every text
    with reading(current_hub().engine) as session:
        png = find_logo(session, partner_id, content_digest) or abort(404)
    response = Response(png, mimetype="image/png")
    response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response


def logo_path(partner: Partner) -> str | None:
    """Return where the partner's logo is; None if it has none and its initials stand in."""
    with reading(current_hub().engine) as session:
        content_digest = find_logo_digest(session, partner.id)
    return f"/partners/{partner.id}/logo/{content_digest}.png" if content_digest else None


def register_logos(app: Flask) -> None:
    """Let templates show logos."""
    app.jinja_env.globals["logo_path"] = logo_path
