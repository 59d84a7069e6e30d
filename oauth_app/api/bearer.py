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
    ClientToken,
    InvalidClientError,
    UnknownUserError,
    authenticate_client,
    find_access_of_client,
    find_client_token,
)
from oauth_app.services.partner_sight import Sight, sight_of_client
from oauth_app.services.presented_access import Presented, check_scheme, find_presented_access, prove_holder
from oauth_app.services.scopes import Scope

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


def require_sight() -> None:
    """Let in a user's token with ``charges:write``, or a partner's server; that may name a user, and need not.

    Raises:
        MissingCredentialsError, InvalidTokenError, InvalidClientError: as for ``require_access``.
        InsufficientScopeError: the user did not allow charges.
        UnknownUserError: the named user is not the token's, or was never the partner's.
    """
    if request.method == "OPTIONS":
        return  # a browser's preflight brings no credentials, and gets no data
    if _NUL in request.path:
        raise NotFound
    scheme, _, credentials = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "basic":
        g.sight = _sight_of_client(credentials.strip())
        return
    require_access()
    access = current_access()
    access.require(Scope.CHARGES_WRITE)
    g.sight = Sight(partner_id=access.partner_id, user_id=access.user_id)


def require_access_to_write() -> None:
    """Let a user be charged only where one is named and allows it; looking is for the partner as a whole."""
    if request.method == "POST":
        require_access()
    else:
        require_sight()


def current_sight() -> Sight:
    """Return what the caller may look at, behind the guard."""
    sight: Sight = g.sight
    return sight


def _sight_of_client(credentials: str) -> Sight:
    client_id, secret = decode_basic(credentials)
    with reading(current_hub().engine) as session:
        partner = authenticate_client(session, client_id, secret)
        subject = _named_user()
        if subject is not None and (not isinstance(subject, str) or _NUL in subject):
            raise UnknownUserError
        return sight_of_client(session, partner, subject)


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


def prove_client_token(token: Presented) -> ClientToken:
    """Return what a token of the client credentials grant stands for: the server that got it, as its secret does.

    Raises:
        InvalidTokenError: it is none, or does not count.
        BoundTokenError, InvalidProofError, NonceRequiredError: its key is not proven.
    """
    hub = current_hub()
    with reading(hub.engine) as session:
        client = find_client_token(session, token.token)
    check_scheme(client.dpop_thumbprint, is_dpop=token.is_dpop)
    if client.dpop_thumbprint is not None:
        prove_holder(hub, token, client.dpop_thumbprint)
    return client


def _of_client_token(token: Presented) -> Access:
    client = prove_client_token(token)
    access = _for_named_user(client.partner)
    return replace(access, scopes=access.scopes & client.scopes)


def _of_client(credentials: str) -> Access:
    client_id, secret = decode_basic(credentials)
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


def decode_basic(credentials: str) -> tuple[str, str]:
    """Return name and secret (RFC 7617).

    Raises:
        InvalidClientError: it is not base64 of text.
    """
    try:
        name, _, secret = base64.b64decode(credentials, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        raise InvalidClientError from None
    if _NUL in name:
        raise InvalidClientError
    return name, secret
