"""What the hub announces (OpenID Connect Discovery 3, RFC 8414 2), computed from what it does."""

from collections.abc import Mapping, Sequence
from typing import Any

from oauth_app.provider.authorization_checks import PROMPTS, RESPONSE_MODES
from oauth_app.provider.authorization_details import DETAILS_TYPES
from oauth_app.provider.claims_request import ACR
from oauth_app.provider.client_assertions import ASSERTION_ALGORITHMS
from oauth_app.provider.code_grant import CodeGrant
from oauth_app.provider.dpop_proofs import ALGORITHMS as DPOP_ALGORITHMS
from oauth_app.provider.introspection import Introspection
from oauth_app.provider.issuer import Issuer
from oauth_app.provider.pkce import S256Only
from oauth_app.provider.revocation import Revocation
from oauth_app.provider.server import GRANTS
from oauth_app.provider.signing import ALGORITHMS
from oauth_app.provider.userinfo import CLAIMS_OF_SCOPE

_CLAIMS_OF_ID_TOKEN = ("iss", "sub", "aud", "iat", "exp", "auth_time", "at_hash", "nonce", "sid", ACR)


def describe_resource(issuer: Issuer, path: str) -> dict[str, Any]:
    """Return what a client must know to call a protected address of the hub (RFC 9728 2)."""
    return {
        "resource": issuer.url + path,
        "authorization_servers": [issuer.url],
        "scopes_supported": list(issuer.scopes),
        "bearer_methods_supported": ["header"],
        "dpop_signing_alg_values_supported": list(DPOP_ALGORITHMS),
        # Bearer tokens are welcome, too; single partners can be held to DPoP.
        "dpop_bound_access_tokens_required": False,
        "resource_name": "OhMyGPT Connect",
        "resource_documentation": f"{issuer.url}/docs",
    }


def describe(issuer: Issuer, paths: Mapping[str, str]) -> dict[str, Any]:
    """Return the metadata; ``paths`` are the endpoints by the names that the metadata has for them."""
    return {
        "issuer": issuer.url,
        **{name: issuer.url + path for name, path in paths.items()},
        "scopes_supported": list(issuer.scopes),
        "response_types_supported": sorted(CodeGrant.RESPONSE_TYPES),
        "response_modes_supported": list(RESPONSE_MODES),
        "grant_types_supported": [grant.GRANT_TYPE for grant in GRANTS],
        **_client_authentication("token", CodeGrant.TOKEN_ENDPOINT_AUTH_METHODS),
        **_client_authentication("revocation", Revocation.CLIENT_AUTH_METHODS),
        **_client_authentication("introspection", Introspection.CLIENT_AUTH_METHODS),
        "code_challenge_methods_supported": list(S256Only.SUPPORTED_CODE_CHALLENGE_METHOD),
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": list(ALGORITHMS),
        "prompt_values_supported": sorted(PROMPTS),
        "claim_types_supported": ["normal"],
        "claims_supported": sorted({*_CLAIMS_OF_ID_TOKEN, *(c for some in CLAIMS_OF_SCOPE.values() for c in some)}),
        "claims_parameter_supported": True,
        "authorization_details_types_supported": list(DETAILS_TYPES),
        "acr_values_supported": [issuer.acr],
        "ui_locales_supported": list(issuer.ui_locales),
        # Pages fit every size of window; they are the same for each way to show them.
        "display_values_supported": ["page", "popup", "touch"],
        "request_parameter_supported": False,
        # The one that is true when it is left out.
        "request_uri_parameter_supported": False,
        "dpop_signing_alg_values_supported": list(DPOP_ALGORITHMS),
        # RFC 9126 5: of everybody; single partners can be held to it.
        "require_pushed_authorization_requests": False,
        # Back-Channel Logout 2.1: who gave an address is told of the end of every session, by its sid.
        "backchannel_logout_supported": True,
        "backchannel_logout_session_supported": True,
        "authorization_response_iss_parameter_supported": True,
    }


def _client_authentication(endpoint: str, methods: Sequence[str]) -> dict[str, list[str]]:
    return {
        f"{endpoint}_endpoint_auth_methods_supported": list(methods),
        f"{endpoint}_endpoint_auth_signing_alg_values_supported": list(ASSERTION_ALGORITHMS),
    }
