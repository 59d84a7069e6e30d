"""Why a sign-in failed, in words for the person who looks after the site."""

from flask_babel import lazy_gettext as _l

#: The codes that are about an address to come back to.
WRONG_REDIRECT_URI = frozenset({"wrong_redirect_uri", "redirect_uri_mismatch"})

_WRONG_ADDRESS = _l("redirect_uri is not one of the registered addresses, letter for letter.")
_REASONS = {
    **dict.fromkeys(WRONG_REDIRECT_URI, _WRONG_ADDRESS),
    "unknown_code": _l("The code is not one that the hub gave to this site."),
    "code_used_before": _l("The code was used before. All tokens that came of it were revoked."),
    "code_expired": _l("The code was exchanged too late: it works for a minute."),
    "code_verifier_missing": _l("code_verifier is missing, though the sign-in began with a code_challenge."),
    "wrong_code_verifier": _l("code_verifier does not belong to the code_challenge that the sign-in began with."),
    "refresh_token_used_before": _l("The refresh token was used before. All tokens of that sign-in were revoked."),
    "wrong_client_secret": _l("The client secret is wrong, revoked or outdated."),
    "pushed_request_gone": _l("request_uri names no pushed request that is still open."),
    "access_denied": _l("The user said no, or may not sign in to a site that is being tested."),
    "login_required": _l("prompt=none was sent, and nobody was signed in, or not recently enough."),
    "consent_required": _l("prompt=none was sent, and the user has not agreed to all of this yet."),
    "interaction_required": _l("prompt=none was sent, and the user would have had to do something."),
    "invalid_client": _l("The client could not prove itself: a wrong or outdated secret, or the wrong method."),
    "invalid_grant": _l("The code was used before, is too old, or the verifier or redirect_uri does not belong to it."),
    "invalid_request": _l("Something in the request is missing, repeated or malformed."),
    "invalid_scope": _l("scope names what is not registered for this site."),
    "unauthorized_client": _l("The site is not registered for this kind of request."),
    "unsupported_response_type": _l("response_type must be code."),
    "unsupported_grant_type": _l("grant_type is not one that the hub knows."),
    "request_not_supported": _l("Request objects are not supported."),
    "request_uri_not_supported": _l("Only a request_uri that was pushed before is supported."),
    "invalid_dpop_proof": _l("The DPoP proof is not valid, or not fresh."),
}


def reason_of(code: str) -> str:
    """Return the reason in the reader's language; a code without words speaks for itself."""
    return str(_REASONS.get(code, code))
