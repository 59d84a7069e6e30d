"""What is checked of an authorization request before Authlib sees it; by its clauses.

Authlib checks ``response_type``, the scope and (through us) PKCE. It does not check the rest, and some of
its own messages repeat what was sent, which fails when that is not plain ASCII.
"""

import re
from collections.abc import Callable
from urllib.parse import urlencode

from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749 import InvalidRequestError, InvalidScopeError

from oauth_app.provider.authorization_answers import ResponseMode
from oauth_app.provider.authorization_details import read_details
from oauth_app.provider.claims_request import check_essential_acr, read_claims
from oauth_app.provider.clients import RESPONSE_TYPE, Client
from oauth_app.provider.id_token_hint import read_id_token_hint
from oauth_app.provider.issuer import Issuer
from oauth_app.provider.requests import ProtocolRequest

RESPONSE_MODES = tuple(mode.value for mode in ResponseMode)
#: Our own parameter: a sign-in not before this moment (in milliseconds) is fresh, whatever ``prompt`` and
#: ``max_age`` say. Without it, a browser that comes back from a fresh sign-in would be sent to sign in again.
#: Nobody gains by inventing it: a user can as well take ``max_age`` out, and ``auth_time`` tells the truth.
SIGNED_IN_SINCE = "signed_in_since"
PROMPTS = frozenset({"none", "login", "consent", "select_account"})
_SECONDS = re.compile(r"[0-9]{1,9}")
_MILLISECONDS = re.compile(r"[0-9]{1,13}")
_MAX_NONCE_CHARS = 512
_THUMBPRINT = re.compile(r"[A-Za-z0-9_-]{43}")
#: What the address of a page may hold, since a sign-in keeps it; what is pushed can be longer.
_MAX_QUERY_CHARS, _MAX_PUSHED_CHARS = 7_000, 20_000

Check = Callable[[ProtocolRequest, Issuer, Client], None]


def check_repeated(request: ProtocolRequest, _issuer: Issuer, _client: Client) -> None:
    """RFC 6749 3.1: no parameter stands twice."""
    if request.repeated():
        raise InvalidRequestError(description="a parameter is repeated")


def check_length(request: ProtocolRequest, _issuer: Issuer, _client: Client) -> None:
    """RFC 9126 1: what is too long for an address can be pushed."""
    length = len(urlencode(list(request.payload.data.items(multi=True))))
    if length > (_MAX_PUSHED_CHARS if request.is_pushed else _MAX_QUERY_CHARS):
        raise InvalidRequestError(description="the request is too long")


def check_pushed(request: ProtocolRequest, _issuer: Issuer, client: Client) -> None:
    """RFC 9126 5: a partner that has promised to push its requests is not impersonated by a plain one."""
    if client.partner.requires_par and not request.is_pushed:
        raise InvalidRequestError(description="this client must push its requests")


def check_request_object(request: ProtocolRequest, _issuer: Issuer, _client: Client) -> None:
    """OIDC Core 6 and 7.2.1: who takes no request objects must say so, not ignore what they ask."""
    for name in ("request", "request_uri", "registration"):
        if name in request.payload.data:
            raise OAuth2Error(error=f"{name}_not_supported")


def check_response_type(request: ProtocolRequest, _issuer: Issuer, _client: Client) -> None:
    """RFC 6749 3.1.1: required, and here always ``code``."""
    response_type = request.payload.response_type
    if not response_type:
        raise InvalidRequestError(description="response_type is missing")
    if response_type != RESPONSE_TYPE:
        raise OAuth2Error(error="unsupported_response_type", description="response_type must be code")


def check_response_mode(request: ProtocolRequest, _issuer: Issuer, _client: Client) -> None:
    """OAuth 2.0 Multiple Response Types 2.1, Form Post Response Mode 2: no fragments, for codes do not belong there."""
    if request.payload.data.get("response_mode", ResponseMode.QUERY) not in RESPONSE_MODES:
        raise InvalidRequestError(description="response_mode must be query or form_post")


def check_scope(request: ProtocolRequest, issuer: Issuer, client: Client) -> None:
    """OIDC Core 3.1.2.1: unknown scopes are ignored; known ones must be registered for the partner."""
    known = set((request.payload.scope or "").split()) & set(issuer.scopes)
    if not known:
        raise InvalidScopeError(description="scope names nothing that can be granted")
    if not known <= set(client.partner.scopes):
        raise InvalidScopeError(description="scope names what is not registered for this client")


def check_prompt(request: ProtocolRequest, _issuer: Issuer, _client: Client) -> None:
    """OIDC Core 3.1.2.1: known words, and ``none`` only alone."""
    prompts = set(request.payload.data.get("prompt", "").split())
    if not prompts <= PROMPTS or ("none" in prompts and len(prompts) > 1):
        raise InvalidRequestError(description="prompt must be none, or some of login, consent and select_account")


def check_max_age(request: ProtocolRequest, _issuer: Issuer, _client: Client) -> None:
    """OIDC Core 3.1.2.1: a number of seconds."""
    if not _SECONDS.fullmatch(request.payload.data.get("max_age", "0")):
        raise InvalidRequestError(description="max_age must be a number of seconds")


def check_signed_in_since(request: ProtocolRequest, _issuer: Issuer, _client: Client) -> None:
    """Our own parameter: a number of milliseconds."""
    if not _MILLISECONDS.fullmatch(request.payload.data.get(SIGNED_IN_SINCE, "0")):
        raise InvalidRequestError(description="signed_in_since is not for you to set")


def check_nonce(request: ProtocolRequest, _issuer: Issuer, _client: Client) -> None:
    """OIDC Core 3.1.2.1: any text; ours must fit its column, and not every database takes a zero byte."""
    nonce = request.payload.data.get("nonce", "")
    if len(nonce) > _MAX_NONCE_CHARS or not nonce.isprintable():
        raise InvalidRequestError(description="nonce must be at most 512 printable characters")


def check_claims(request: ProtocolRequest, issuer: Issuer, _client: Client) -> None:
    """OIDC Core 5.5 and 5.5.1.1: understood, and not more than can be had."""
    check_essential_acr(read_claims(request), issuer.acr)


def check_subject(request: ProtocolRequest, issuer: Issuer, client: Client) -> None:
    """OIDC Core 3.1.2.1 and 5.5: ``id_token_hint`` is a token of ours, and names whom the claims name."""
    wanted = read_claims(request).subject
    hint = request.payload.data.get("id_token_hint")
    if hint and wanted not in {None, read_id_token_hint(hint, issuer, client.partner.id)}:
        raise InvalidRequestError(description="id_token_hint and claims name two users")


def check_key(request: ProtocolRequest, _issuer: Issuer, _client: Client) -> None:
    """RFC 9449 10: the SHA-256 thumbprint of a key in base64url."""
    thumbprint = request.payload.data.get("dpop_jkt")
    if thumbprint is not None and not _THUMBPRINT.fullmatch(thumbprint):
        raise InvalidRequestError(description="dpop_jkt must be the thumbprint of a key")


def check_details(request: ProtocolRequest, _issuer: Issuer, _client: Client) -> None:
    """RFC 9396 5: of a known type, understood as a whole, and valid."""
    read_details(request)


#: The pipeline: to read the policy, read this tuple.
CHECKS: tuple[Check, ...] = (
    check_repeated,
    check_length,
    check_pushed,
    check_request_object,
    check_response_type,
    check_response_mode,
    check_scope,
    check_prompt,
    check_max_age,
    check_signed_in_since,
    check_nonce,
    check_key,
    check_claims,
    check_subject,
    check_details,
)
