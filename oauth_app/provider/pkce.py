"""Proof Key for Code Exchange (RFC 7636): by S256 only, and for every client but those registered as old."""

import re
from typing import Any

from authlib.oauth2.rfc6749 import InvalidGrantError, InvalidRequestError
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oauth2.rfc7636.challenge import compare_s256_code_challenge

from oauth_app.models import AuthorizationCode
from oauth_app.provider.failure_reasons import Reason

METHOD = "S256"
_OPENID = "openid"
_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")  # 32 bytes in base64url


class S256Only(CodeChallenge):  # type: ignore[misc] # Authlib ships no types
    """What Authlib's own lets through: no challenge at all, and a challenge without a method, taken as plain."""

    CODE_CHALLENGE_METHODS = {METHOD: compare_s256_code_challenge}  # noqa: RUF012 - Authlib's name
    SUPPORTED_CODE_CHALLENGE_METHOD = (METHOD,)

    def validate_code_challenge(self, grant: Any, redirect_uri: str) -> None:  # noqa: ANN401, ARG002 - Authlib's hook
        """RFC 9700 2.1.1: a challenge is required, and ``plain`` is not one, not even by default."""
        sent = grant.request.payload.data
        if grant.request.client.partner.is_legacy and not sent.keys() & {"code_challenge", "code_challenge_method"}:
            _check_nonce_instead(sent)
            return
        if sent.get("code_challenge_method") != METHOD:
            raise InvalidRequestError(description="code_challenge_method must be S256")
        if not _CHALLENGE.fullmatch(sent.get("code_challenge", "")):
            raise InvalidRequestError(description="code_challenge must be the 43 characters of an S256 challenge")

    def validate_code_verifier(self, grant: Any, result: Any) -> None:  # noqa: ANN401 - Authlib's hook
        """RFC 7636 4.5: the verifier is required, of clients with a secret, too; but not where no challenge was.

        A verifier for a code without a challenge is refused by Authlib's part: somebody took the challenge out on its
        way here (RFC 9700 4.8.2).
        """
        if grant.request.authorization_code.code_challenge and "code_verifier" not in grant.request.form:
            grant.server.explain(Reason.VERIFIER_MISSING)
            raise InvalidRequestError(description="code_verifier is missing")
        try:
            super().validate_code_verifier(grant, result)
        except InvalidGrantError:
            grant.server.explain(Reason.WRONG_VERIFIER)
            raise

    def get_authorization_code_challenge_method(self, authorization_code: AuthorizationCode) -> str:  # noqa: ARG002
        """No other method was taken, so none is kept."""
        return METHOD


def _check_nonce_instead(sent: Any) -> None:  # noqa: ANN401 - werkzeug's MultiDict
    """RFC 9700 2.1.1: an old client with a secret may rely on the nonce, which only an id_token brings back."""
    if "nonce" not in sent or _OPENID not in sent.get("scope", "").split():
        raise InvalidRequestError(description="send a code_challenge; or else a nonce, and the scope openid")
