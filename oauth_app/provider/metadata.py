"""What the hub announces (OpenID Connect Discovery 3, RFC 8414 2), computed from what it does."""

from collections.abc import Mapping
from typing import Any

from oauth_app.provider.authorization_checks import PROMPTS, RESPONSE_MODE
from oauth_app.provider.code_grant import CodeGrant
from oauth_app.provider.issuer import Issuer
from oauth_app.provider.pkce import S256Only
from oauth_app.provider.revocation import Revocation
from oauth_app.provider.server import GRANTS
from oauth_app.provider.signing import ALGORITHM
from oauth_app.provider.userinfo import CLAIMS_OF_SCOPE

_CLAIMS_OF_ID_TOKEN = ("iss", "sub", "aud", "iat", "exp", "auth_time", "at_hash", "nonce")


def describe(issuer: Issuer, paths: Mapping[str, str]) -> dict[str, Any]:
    """Return the metadata; ``paths`` are the endpoints by the names that the metadata has for them."""
    return {
        "issuer": issuer.url,
        **{name: issuer.url + path for name, path in paths.items()},
        "scopes_supported": list(issuer.scopes),
        "response_types_supported": sorted(CodeGrant.RESPONSE_TYPES),
        "response_modes_supported": [RESPONSE_MODE],
        "grant_types_supported": [grant.GRANT_TYPE for grant in GRANTS],
        "token_endpoint_auth_methods_supported": list(CodeGrant.TOKEN_ENDPOINT_AUTH_METHODS),
        "revocation_endpoint_auth_methods_supported": list(Revocation.CLIENT_AUTH_METHODS),
        "code_challenge_methods_supported": list(S256Only.SUPPORTED_CODE_CHALLENGE_METHOD),
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": [ALGORITHM],
        "prompt_values_supported": sorted(PROMPTS),
        "claim_types_supported": ["normal"],
        "claims_supported": sorted({*_CLAIMS_OF_ID_TOKEN, *(c for some in CLAIMS_OF_SCOPE.values() for c in some)}),
        "claims_parameter_supported": False,
        "request_parameter_supported": False,
        # The one that is true when it is left out.
        "request_uri_parameter_supported": False,
        "authorization_response_iss_parameter_supported": True,
    }
