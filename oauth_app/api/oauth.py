"""The OAuth endpoints that programs call: token, revocation, userinfo."""

from collections.abc import Callable

from flask import Blueprint, Response, jsonify, request
from flask.typing import ResponseReturnValue

from oauth_app.api.cross_origin import let_browsers_read
from oauth_app.api.guards import public
from oauth_app.db import reading, transaction
from oauth_app.hub import current_hub
from oauth_app.models import User
from oauth_app.provider import userinfo
from oauth_app.provider.endpoints import answer_revocation_request, answer_token_request
from oauth_app.provider.server import Server, make_server
from oauth_app.services.access import InsufficientScopeError, InvalidTokenError, find_access
from oauth_app.services.issuer import load_issuer
from oauth_app.services.scopes import Scope

bp = Blueprint("oauth", __name__, url_prefix="/oauth")
bp.before_request(public)
bp.after_request(let_browsers_read)


@bp.post("/token")
def token() -> ResponseReturnValue:
    """Exchange a code or a refresh token."""
    return _answer(answer_token_request)


@bp.post("/revoke")
def revoke() -> ResponseReturnValue:
    """End a token."""
    return _answer(answer_revocation_request)


@bp.route("/userinfo", methods=["GET", "POST"])
def claims() -> ResponseReturnValue:
    """Tell the partner who its user is, as far as the user allowed it."""
    with reading(current_hub().engine) as session:
        access = find_access(session, _bearer_token())
        access.require(Scope.OPENID)
        user = session.get_one(User, access.user_id)
        answer = jsonify(userinfo.claims(access.subject, user.email, access.scopes))
    answer.headers["Cache-Control"] = "no-store"
    return answer


@bp.errorhandler(InvalidTokenError)
def invalid_token(_error: InvalidTokenError) -> ResponseReturnValue:
    """RFC 6750 3.1: no token, or one that is not good any more."""
    return _challenge(401, "invalid_token")


@bp.errorhandler(InsufficientScopeError)
def insufficient_scope(error: InsufficientScopeError) -> ResponseReturnValue:
    """RFC 6750 3.1: a good token that may not do this."""
    return _challenge(403, "insufficient_scope", scope=error.scope)


def _answer(endpoint: Callable[[Server], Response]) -> Response:
    hub = current_hub()
    issuer = load_issuer(hub)
    with transaction(hub.engine) as session:
        # An error that is an answer ends the block like any other: what a replay has revoked stays revoked.
        server = make_server(session, issuer)
        response = endpoint(server)
    for consent_id in server.revoked_consents:
        hub.callers.forget_consent(consent_id)
    return response


def _bearer_token() -> str:
    """RFC 6750 2.1 and 2.2: from the header or a posted form; never from the address, which ends up in logs."""
    scheme, _, header_token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return header_token.strip()
    return request.form.get("access_token", "")


def _challenge(status: int, code: str, **more: str) -> Response:
    response = jsonify(error=code, **more)
    response.status_code = status
    response.headers["Cache-Control"] = "no-store"
    details = {"error": code, **more}
    response.headers["WWW-Authenticate"] = "Bearer " + ", ".join(f'{name}="{text}"' for name, text in details.items())
    return response
