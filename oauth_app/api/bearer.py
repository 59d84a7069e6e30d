"""Who calls the partner API: an access token of a user, or a partner's server that names one of its users."""

import base64
import binascii
from dataclasses import replace

from flask import g, request
from werkzeug.exceptions import NotFound

from oauth_app.api.bodies import read_json
from oauth_app.api.dpop import presented
from oauth_app.api.errors import MissingCredentialsError, UserRequiredError
from oauth_app.db import reading
from oauth_app.hub import current_hub
from oauth_app.models import Partner
from oauth_app.services.access import Access, BoundTokenError, InvalidTokenError
from oauth_app.services.client_access import (
    InvalidClientError,
    UnknownUserError,
    authenticate_client,
    find_access_of_client,
    find_client_token,
)
from oauth_app.services.presented_access import Presented, check_scheme, find_presented_access, prove_holder

#: No id has it, and PostgreSQL does not even let itself be asked for it.
_NUL = "\0"


def require_access() -> None:
    """Let in only who is proven. A token counts in the header alone, never in the address or a form.

    Raises:
        MissingCredentialsError: nothing was sent that is understood here.
        InvalidTokenError: the token is not valid.
        InvalidProofError: the token is bound to a key, and the caller does not prove to hold it.
        NonceRequiredError: the proof must be made once more, with a nonce of ours.
        InvalidClientError: the client is not proven.
        UserRequiredError: a client does not say for whom it acts.
        UnknownUserError: the client may not act for this user.
    """
    if request.method == "OPTIONS":
        return  # a browser's preflight brings no credentials, and gets no data
    if _NUL in request.path:
        raise NotFound
    scheme, _, credentials = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() in {"bearer", "dpop"}:
        g.access = _of_token(presented(credentials.strip(), is_dpop=scheme.lower() == "dpop"))
    elif scheme.lower() == "basic":
        g.access = _of_client(credentials.strip())
    else:
        raise MissingCredentialsError


def current_access() -> Access:
    """Return who calls, behind the guard."""
    access: Access = g.access
    return access


def _of_token(token: Presented) -> Access:
    try:
        access = find_presented_access(current_hub(), token)
    except BoundTokenError:
        raise
    except InvalidTokenError:
        return _of_client_token(token)
    named = _named_user()
    if isinstance(named, str) and named != access.subject:
        raise UnknownUserError
    return access


def _of_client_token(token: Presented) -> Access:
    """A token of the client credentials grant stands for the server that got it, as its secret does."""
    hub = current_hub()
    with reading(hub.engine) as session:
        client = find_client_token(session, token.token)
    check_scheme(client.dpop_thumbprint, is_dpop=token.is_dpop)
    if client.dpop_thumbprint is not None:
        prove_holder(hub, token, client.dpop_thumbprint)
    access = _for_named_user(client.partner)
    return replace(access, scopes=access.scopes & client.scopes)


def _of_client(credentials: str) -> Access:
    client_id, secret = _decode(credentials)
    with reading(current_hub().engine) as session:
        partner = authenticate_client(session, client_id, secret)
    return _for_named_user(partner)


def _for_named_user(partner: Partner) -> Access:
    subject = _named_user()  # only now: a stranger's body is not worth reading
    if not isinstance(subject, str):
        raise UserRequiredError
    if _NUL in subject:
        raise UnknownUserError
    with reading(current_hub().engine) as session:
        return find_access_of_client(session, partner, subject)


def _named_user() -> object:
    """Return the ``user`` that the body names, or the address where there is no body."""
    return read_json().get("user") if request.method == "POST" else request.args.get("user")


def _decode(credentials: str) -> tuple[str, str]:
    """Return name and secret (RFC 7617)."""
    try:
        name, _, secret = base64.b64decode(credentials, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        raise InvalidClientError from None
    if _NUL in name:
        raise InvalidClientError
    return name, secret
