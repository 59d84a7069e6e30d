"""Why requests of partners' programs fail, by names that the partner's developer can look up.

The answer itself tells less: whoever guesses must not learn how near they came.
"""

from enum import StrEnum


class Reason(StrEnum):
    """What was wrong, where the OAuth error code does not say it."""

    # Who asks.
    UNKNOWN_CLIENT = "unknown_client"
    TWO_CLIENTS_NAMED = "two_clients_named"
    WRONG_METHOD = "wrong_client_authentication_method"
    UNREADABLE_HEADER = "unreadable_authorization_header"
    WRONG_SECRET = "wrong_client_secret"  # noqa: S105 - a reason
    ASSERTION_TYPE = "wrong_client_assertion_type"
    ASSERTION_OF_ANOTHER = "client_assertion_of_another_client"
    ASSERTION_AUDIENCE = "client_assertion_for_another_audience"
    ASSERTION_SIGNATURE = "client_assertion_signature_invalid"
    ASSERTION_TIMES = "client_assertion_without_times"
    ASSERTION_EXPIRED = "client_assertion_expired_or_too_long"
    ASSERTION_EARLY = "client_assertion_not_yet_valid"
    ASSERTION_JTI = "client_assertion_without_jti"
    ASSERTION_REPLAYED = "client_assertion_used_before"
    NO_KEYS = "client_keys_not_available"
    # What is exchanged.
    UNKNOWN_CODE = "unknown_code"
    CODE_USED = "code_used_before"
    CODE_EXPIRED = "code_expired"
    WRONG_REDIRECT_URI = "wrong_redirect_uri"
    VERIFIER_MISSING = "code_verifier_missing"
    WRONG_VERIFIER = "wrong_code_verifier"
    REFRESH_TOKEN_USED = "refresh_token_used_before"  # noqa: S105 - a reason
    REFRESH_TOKEN_ENDED = "refresh_token_expired_or_revoked"  # noqa: S105 - a reason
