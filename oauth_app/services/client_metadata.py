"""A registration in the words of RFC 7591 and OpenID Connect Dynamic Client Registration."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from oauth_app.models import Partner
from oauth_app.provider.clients import KEY_METHOD, PUBLIC_METHOD, RESPONSE_TYPE, SECRET_METHODS, auth_methods_of
from oauth_app.provider.signing import DEFAULT_ALGORITHM
from oauth_app.services.partner_errors import InvalidRegistrationError
from oauth_app.services.scopes import Scope

#: What a site gets that does not say what it wants; more must be asked for.
_DEFAULT_SCOPE = f"{Scope.OPENID} {Scope.PROFILE} {Scope.EMAIL}"
_DEFAULT_METHOD = SECRET_METHODS[0]

Uris = Annotated[list[str], Field(max_length=50)]


class ClientMetadata(BaseModel):
    """What of the metadata is understood here; the rest is ignored, as RFC 7591 2 wants it."""

    model_config = ConfigDict(extra="ignore", strict=True)

    redirect_uris: Uris = []
    post_logout_redirect_uris: Uris = []
    token_endpoint_auth_method: Literal[(*SECRET_METHODS, KEY_METHOD, PUBLIC_METHOD)] = _DEFAULT_METHOD  # type: ignore[valid-type]
    grant_types: list[str] = ["authorization_code"]
    response_types: list[Literal["code"]] = ["code"]
    client_name: str | None = None
    client_uri: str | None = None
    policy_uri: str | None = None
    tos_uri: str | None = None
    scope: str = _DEFAULT_SCOPE
    jwks: dict[str, Any] | None = None
    jwks_uri: str | None = None
    subject_type: Literal["pairwise"] = "pairwise"
    id_token_signed_response_alg: str = DEFAULT_ALGORITHM
    backchannel_logout_uri: str | None = None
    require_pushed_authorization_requests: bool = False
    dpop_bound_access_tokens: bool = False


def read_metadata(body: Mapping[str, Any]) -> ClientMetadata:
    """Return the metadata.

    Raises:
        InvalidRegistrationError: a field has not the form that it must have.
    """
    try:
        metadata = ClientMetadata.model_validate(body)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        msg = f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
        raise InvalidRegistrationError(msg) from None
    if metadata.token_endpoint_auth_method == KEY_METHOD and not (metadata.jwks or metadata.jwks_uri):
        msg = "jwks: private_key_jwt needs the public keys, or their address in jwks_uri"
        raise InvalidRegistrationError(msg)
    return metadata


def wishes_of(metadata: ClientMetadata) -> dict[str, Any]:
    """Return the metadata as fields of a ``Registration``."""
    uses_keys = metadata.token_endpoint_auth_method == KEY_METHOD
    return {
        "name": metadata.client_name or _name_of(metadata),
        "redirect_uris": metadata.redirect_uris,
        "post_logout_redirect_uris": metadata.post_logout_redirect_uris,
        "scopes": metadata.scope.split(),
        "is_public": metadata.token_endpoint_auth_method == PUBLIC_METHOD,
        "homepage": metadata.client_uri,
        "policy_uri": metadata.policy_uri,
        "terms_uri": metadata.tos_uri,
        "grant_types": metadata.grant_types,
        "id_token_algorithm": metadata.id_token_signed_response_alg,
        # Keys for other purposes, such as encryption, are of no use here.
        "jwks": metadata.jwks if uses_keys else None,
        "jwks_uri": metadata.jwks_uri if uses_keys else None,
        "requires_par": metadata.require_pushed_authorization_requests,
        "requires_dpop": metadata.dpop_bound_access_tokens,
        "backchannel_logout_uri": metadata.backchannel_logout_uri,
    }


def metadata_of(partner: Partner) -> dict[str, Any]:
    """Return what the partner is registered with (RFC 7591 3.2.1: all of it, defaults included)."""
    known = {
        "client_id": partner.id,
        "client_id_issued_at": int(partner.created_at.timestamp()),
        "client_name": partner.name,
        "redirect_uris": partner.redirect_uris,
        "post_logout_redirect_uris": partner.post_logout_redirect_uris,
        "token_endpoint_auth_method": auth_methods_of(partner)[0],
        "grant_types": partner.grant_types,
        "response_types": [RESPONSE_TYPE],
        "scope": " ".join(partner.scopes),
        "client_uri": partner.homepage,
        "policy_uri": partner.policy_uri,
        "tos_uri": partner.terms_uri,
        "jwks": partner.jwks,
        "jwks_uri": partner.jwks_uri,
        "subject_type": "pairwise",
        "id_token_signed_response_alg": partner.id_token_algorithm,
        "backchannel_logout_uri": partner.backchannel_logout_uri,
        "require_pushed_authorization_requests": partner.requires_par,
        "dpop_bound_access_tokens": partner.requires_dpop,
    }
    return {name: value for name, value in known.items() if value is not None}


def _name_of(metadata: ClientMetadata) -> str:
    """A name for the consent page, when the site gives none: where it is."""
    try:
        return next((host for uri in metadata.redirect_uris if (host := urlsplit(uri).hostname)), "")
    except ValueError:
        return ""
