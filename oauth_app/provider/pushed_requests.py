"""Pushed authorization requests as they are kept (RFC 9126): hashed name, one use, ninety seconds to begin."""

from collections.abc import Mapping
from datetime import timedelta

from sqlalchemy import update
from sqlalchemy.orm import Session

from oauth_app import clock
from oauth_app.identifiers import TokenKind, digest, is_well_formed, new_token
from oauth_app.models import PushedRequest
from oauth_app.provider.clients import Client
from oauth_app.provider.errors import Asker, GoneReason, PushedRequestGoneError

#: RFC 9126 2.2: how every name begins.
URN = "urn:ietf:params:oauth:request_uri:"
#: Between the push and the moment when a browser brings the name.
PUSHED_LIFE = timedelta(seconds=90)
#: From then on: signing in and reading the consent page takes a person longer than that.
UNDER_WAY_LIFE = timedelta(hours=1)


def keep_pushed_request(session: Session, client: Client, parameters: Mapping[str, str]) -> str:
    """Keep the request and return its name, the ``request_uri``. The caller commits.

    Args:
        session: an open transaction.
        client: who pushed it, proven.
        parameters: what was pushed, checked, without what the client proved itself with.
    """
    name = new_token(TokenKind.PUSHED_REQUEST)
    row = PushedRequest(
        request_digest=digest(name),
        partner_id=client.partner.id,
        parameters=dict(parameters),
        expires_at=clock.now() + PUSHED_LIFE,
        used_at=None,
    )
    session.add(row)
    return URN + name


def open_pushed_request(session: Session, client: Client, request_uri: str) -> PushedRequest:
    """Return the request, which is under way from now on. It is used up only when the user is done with it.

    Raises:
        PushedRequestGoneError: unknown, another client's, run out, or used before.
    """
    name, now = request_uri.removeprefix(URN), clock.now()
    row = session.get(PushedRequest, digest(name)) if is_well_formed(name, TokenKind.PUSHED_REQUEST) else None
    if row is None or row.partner_id != client.partner.id:
        raise PushedRequestGoneError(Asker.of(client.partner), GoneReason.UNKNOWN)
    if row.used_at is not None or row.expires_at <= now:
        reason = GoneReason.EXPIRED if row.used_at is None else GoneReason.USED
        raise PushedRequestGoneError(Asker.of(client.partner), reason)
    if row.expires_at <= now + PUSHED_LIFE:
        row.expires_at = now + UNDER_WAY_LIFE
    return row


def use_up(session: Session, request_digest: str) -> bool:
    """Let the request count no more; False if it was used before. The caller commits."""
    unused = update(PushedRequest).where(
        PushedRequest.request_digest == request_digest, PushedRequest.used_at.is_(None)
    )
    used = session.execute(unused.values(used_at=clock.now()).returning(PushedRequest.request_digest))
    return used.first() is not None
