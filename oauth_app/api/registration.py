"""``/oauth/register``: sites register themselves (RFC 7591) and look after their registration (RFC 7592)."""

from flask import Blueprint, Response, g, jsonify, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import RequestEntityTooLarge, UnsupportedMediaType

from oauth_app.api.bodies import read_json
from oauth_app.api.errors import InvalidJsonError
from oauth_app.db import reading, transaction
from oauth_app.hub import current_hub
from oauth_app.services.dynamic_registration import (
    InvalidRegistrationTokenError,
    Registered,
    end_registration,
    get_registered,
    register,
    register_anew,
    show_registration,
)
from oauth_app.services.partner_errors import InvalidRegistrationError
from oauth_app.services.permits import InvalidPermitError
from oauth_app.services.site_limits import limit_new_site

_REDIRECT_URI = ("redirect_uri", "post_logout_redirect_uri")


def require_token() -> None:
    """Let in only who brings a token; the view knows which one it must be.

    Raises:
        InvalidPermitError: there is none.
    """
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if request.method != "OPTIONS" and scheme.lower() != "bearer":
        raise InvalidPermitError
    g.registration_token = token.strip()


bp = Blueprint("registration", __name__, url_prefix="/oauth/register")
bp.before_request(require_token)


@bp.post("")
def create() -> ResponseReturnValue:
    """Register a site, with a permit of the operator as the initial access token."""
    body = read_json()
    with transaction(current_hub().engine) as session:
        registered = register(session, g.registration_token, body)
        limit_new_site(session, current_hub(), str(registered.metadata["client_id"]))
    return _answer(registered, 201)


@bp.get("/<client_id>")
def show(client_id: str) -> ResponseReturnValue:
    """Tell what the site is registered with; never its secret, which the hub does not know."""
    with reading(current_hub().engine) as session:
        partner = get_registered(session, client_id, g.registration_token)
        return _answer(show_registration(partner, g.registration_token))


@bp.put("/<client_id>")
def update(client_id: str) -> ResponseReturnValue:
    """Replace the registration as a whole."""
    body = read_json()
    with transaction(current_hub().engine) as session:
        partner = get_registered(session, client_id, g.registration_token)
        registered = register_anew(session, partner, g.registration_token, body)
    return _answer(registered)


@bp.delete("/<client_id>")
def delete(client_id: str) -> ResponseReturnValue:
    """End the registration."""
    with transaction(current_hub().engine) as session:
        end_registration(session, get_registered(session, client_id, g.registration_token))
    return "", 204, {"Cache-Control": "no-store"}


@bp.errorhandler(InvalidPermitError)
@bp.errorhandler(InvalidRegistrationTokenError)
def invalid_token(_error: Exception) -> ResponseReturnValue:
    """RFC 6750 3.1, and RFC 7592 2: the same for a wrong token as for a client that is not there."""
    refusal = jsonify(error="invalid_token")
    refusal.headers["WWW-Authenticate"] = 'Bearer realm="hub", error="invalid_token"'
    refusal.headers["Cache-Control"] = "no-store"
    return refusal, 401


@bp.errorhandler(InvalidRegistrationError)
@bp.errorhandler(InvalidJsonError)
@bp.errorhandler(UnsupportedMediaType)
@bp.errorhandler(RequestEntityTooLarge)
def invalid_metadata(error: Exception) -> ResponseReturnValue:
    """RFC 7591 3.2.2: with the sentence that says which field, and why."""
    code = "invalid_redirect_uri" if str(error).startswith(_REDIRECT_URI) else "invalid_client_metadata"
    refusal = jsonify(error=code, error_description=str(error))
    refusal.headers["Cache-Control"] = "no-store"
    return refusal, 400


def _answer(registered: Registered, status: int = 200) -> Response:
    path = url_for("registration.show", client_id=registered.metadata["client_id"])
    told = {
        **registered.metadata,
        "registration_access_token": registered.registration_token,
        "registration_client_uri": current_hub().settings.hub_issuer + path,
    }
    if registered.client_secret is not None:
        told |= {"client_secret": registered.client_secret, "client_secret_expires_at": 0}
    answer = jsonify(told)
    answer.status_code = status
    answer.headers["Cache-Control"] = "no-store"
    return answer
