"""Proof Key for Code Exchange (RFC 7636), for every client and by S256 only."""

import re
from typing import Any

from authlib.oauth2.rfc6749 import InvalidRequestError
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oauth2.rfc7636.challenge import compare_s256_code_challenge

from oauth_app.models import AuthorizationCode

METHOD = "S256"
_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")  # 32 bytes in base64url


class S256Only(CodeChallenge):  # type: ignore[misc] # Authlib ships no types
    """What Authlib's own lets through: no challenge at all, and a challenge without a method, taken as plain."""

    CODE_CHALLENGE_METHODS = {METHOD: compare_s256_code_challenge}  # noqa: RUF012 - Authlib's name
    SUPPORTED_CODE_CHALLENGE_METHOD = (METHOD,)

    def validate_code_challenge(self, grant: Any, redirect_uri: str) -> None:  # noqa: ANN401, ARG002 - Authlib's hook
        """RFC 9700 2.1.1: a challenge is required, and ``plain`` is not one, not even by default."""
        sent = grant.request.payload.data
        if sent.get("code_challenge_method") != METHOD:
            raise InvalidRequestError(description="code_challenge_method must be S256")
        if not _CHALLENGE.fullmatch(sent.get("code_challenge", "")):
            raise InvalidRequestError(description="code_challenge must be the 43 characters of an S256 challenge")

    def validate_code_verifier(self, grant: Any, result: Any) -> None:  # noqa: ANN401 - Authlib's hook
        """RFC 7636 4.5: the verifier is required, of clients with a secret, too."""
        if "code_verifier" not in grant.request.form:
            raise InvalidRequestError(description="code_verifier is missing")
        super().validate_code_verifier(grant, result)

    def get_authorization_code_challenge_method(self, authorization_code: AuthorizationCode) -> str:  # noqa: ARG002
        """No other method was taken, so none is kept."""
        return METHOD
