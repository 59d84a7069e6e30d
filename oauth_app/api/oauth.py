"""The OAuth endpoints that programs call: token, revocation, introspection, userinfo."""

from flask import Blueprint, Response, jsonify, request
from flask.typing import ResponseReturnValue

from oauth_app.api.cross_origin import let_browsers_read
from oauth_app.api.dpop import DPOP, hand_out_nonce, presented
from oauth_app.api.guards import public
from oauth_app.api.program_answers import answer_program
from oauth_app.api.protected_resource import pointed
from oauth_app.hub import current_hub
from oauth_app.provider import userinfo
from oauth_app.provider.dpop import NonceRequiredError
from oauth_app.provider.dpop_proofs import ALGORITHMS, InvalidProofError
from oauth_app.provider.endpoints import (
    answer_device_authorization_request,
    answer_introspection_request,
    answer_revocation_request,
    answer_token_request,
)
from oauth_app.provider.pushing import answer_pushed_request
from oauth_app.services.access import BoundTokenError, InsufficientScopeError, InvalidTokenError
from oauth_app.services.presented_access import Presented, find_presented_access
from oauth_app.services.scopes import Scope

bp = Blueprint("oauth", __name__, url_prefix="/oauth")
bp.before_request(public)
bp.after_request(let_browsers_read)
bp.after_request(hand_out_nonce)


@bp.post("/token")
def token() -> ResponseReturnValue:
    """Exchange a code or a refresh token."""
    return answer_program(answer_token_request)


@bp.post("/revoke")
def revoke() -> ResponseReturnValue:
    """End a token."""
    return answer_program(answer_revocation_request)


@bp.post("/device_authorization")
def device_authorization() -> ResponseReturnValue:
    """Give a device the codes that it shows and keeps."""
    return answer_program(answer_device_authorization_request)


@bp.post("/par")
def push() -> ResponseReturnValue:
    """Keep an authorization request until a browser brings its name."""
    return answer_program(answer_pushed_request)


@bp.post("/introspect")
def introspect() -> ResponseReturnValue:
    """Tell a partner whether a token of its own counts."""
    return answer_program(answer_introspection_request)


@bp.route("/userinfo", methods=["GET", "POST"])
def claims() -> ResponseReturnValue:
    """Tell the partner who its user is, as far as the user allowed it."""
    access = find_presented_access(current_hub(), _presented())
    access.require(Scope.OPENID)
    answer = jsonify(userinfo.claims(access.subject, access.email, access.scopes))
    answer.headers["Cache-Control"] = "no-store"
    return answer


@bp.errorhandler(InvalidTokenError)
def invalid_token(_error: InvalidTokenError) -> ResponseReturnValue:
    """RFC 6750 3.1: no token, or one that is not good any more."""
    return _challenge(401, "invalid_token")


@bp.errorhandler(BoundTokenError)
def bound_token(_error: BoundTokenError) -> ResponseReturnValue:
    """RFC 9449 7.1 and 7.2: a good token that came in the wrong way."""
    return _challenge(401, "invalid_token", DPOP)


@bp.errorhandler(InvalidProofError)
def invalid_proof(_error: InvalidProofError) -> ResponseReturnValue:
    """RFC 9449 7.1: the caller does not prove to hold the token's key."""
    return _challenge(401, "invalid_dpop_proof", DPOP)


@bp.errorhandler(NonceRequiredError)
def nonce_required(_error: NonceRequiredError) -> ResponseReturnValue:
    """RFC 9449 9: the same once more, with the nonce in the header."""
    return _challenge(401, "use_dpop_nonce", DPOP)


@bp.errorhandler(InsufficientScopeError)
def insufficient_scope(error: InsufficientScopeError) -> ResponseReturnValue:
    """RFC 6750 3.1: a good token that may not do this."""
    return _challenge(403, "insufficient_scope", scope=error.scope)


def _presented() -> Presented:
    """RFC 6750 2.1 and 2.2: from the header or a posted form; never from the address, which ends up in logs."""
    scheme, _, header_token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() in {"bearer", "dpop"}:
        return presented(header_token.strip(), is_dpop=scheme.lower() == "dpop")
    return presented(request.form.get("access_token", ""), is_dpop=False)


def _challenge(status: int, code: str, scheme: str = "Bearer", **more: str) -> Response:
    response = jsonify(error=code, **more)
    response.status_code = status
    response.headers["Cache-Control"] = "no-store"
    details = {"error": code, **more}
    if scheme == DPOP:
        details["algs"] = " ".join(ALGORITHMS)
    told = ", ".join(f'{name}="{text}"' for name, text in details.items())
    response.headers["WWW-Authenticate"] = pointed(f"{scheme} {told}")
    return response
