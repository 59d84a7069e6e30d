"""Documents by which a client library sets itself up (OpenID Connect Discovery 4, RFC 8414 3)."""

from flask import Blueprint, Response, jsonify, url_for
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import NotFound

from oauth_app.api.cross_origin import let_browsers_read
from oauth_app.api.guards import public
from oauth_app.api.protected_resource import is_protected
from oauth_app.hub import current_hub
from oauth_app.provider.metadata import describe, describe_resource
from oauth_app.services.issuer import load_issuer

bp = Blueprint("discovery", __name__, url_prefix="/.well-known")
bp.before_request(public)
bp.after_request(let_browsers_read)

#: Name in the metadata -> the view that answers there.
ENDPOINTS = {
    "authorization_endpoint": "authorize.ask",
    "token_endpoint": "oauth.token",
    "userinfo_endpoint": "oauth.claims",
    "pushed_authorization_request_endpoint": "oauth.push",
    "revocation_endpoint": "oauth.revoke",
    "device_authorization_endpoint": "oauth.device_authorization",
    "introspection_endpoint": "oauth.introspect",
    "registration_endpoint": "registration.create",
    "end_session_endpoint": "logout.ask",
    "jwks_uri": "discovery.keys",
    "service_documentation": "docs.show",
}
#: Shorter than a new signing key is published before it signs.
_COPIES_LIVE_S = 240


@bp.get("/openid-configuration")
@bp.get("/oauth-authorization-server")
def metadata() -> ResponseReturnValue:
    """Tell what the provider can do, and where."""
    paths = {name: url_for(view) for name, view in ENDPOINTS.items()}
    return _cacheable(jsonify(describe(load_issuer(current_hub()), paths)))


@bp.get("/oauth-protected-resource")
@bp.get("/oauth-protected-resource/<path:path>")
def resource(path: str = "") -> ResponseReturnValue:
    """Tell where tokens for a protected address come from (RFC 9728 3); without a path, for the whole hub."""
    if path and not is_protected(f"/{path}"):
        raise NotFound
    return _cacheable(jsonify(describe_resource(load_issuer(current_hub()), f"/{path}" if path else "")))


@bp.get("/jwks.json")
def keys() -> ResponseReturnValue:
    """Publish the keys that sign, have signed, or will sign id_tokens."""
    return _cacheable(jsonify(load_issuer(current_hub()).keys.public_jwks()))


def _cacheable(response: Response) -> Response:
    response.headers["Cache-Control"] = f"public, max-age={_COPIES_LIVE_S}"
    return response
