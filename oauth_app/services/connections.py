"""The user's connection to OhMyGPT: the one place that seals and opens the upstream token."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from oauth_app import clock
from oauth_app.errors import HubError
from oauth_app.models import Consent, UpstreamConnection
from oauth_app.provider.owner import is_in_force
from oauth_app.services.events import EventType, record_event
from oauth_app.services.wire_objects import user_object
from oauth_app.vault import Vault


class ConnectionLostError(HubError):
    """There is no working OhMyGPT token for the user, who must sign in again."""


def connect(session: Session, vault: Vault, user_id: str, token: str) -> None:
    """Keep the token of a fresh sign-in, in place of any older one. The caller commits."""
    row = session.get(UpstreamConnection, user_id) or UpstreamConnection(user_id=user_id)
    row.sealed_token = vault.seal(token, place=_place(user_id))
    row.connected_at = clock.now()
    row.lost_at = None
    session.add(row)


def open_token(session: Session, vault: Vault, user_id: str, *, reason: str) -> str:
    """Return the user's OhMyGPT token, for use at once; ``reason`` is counted.

    Raises:
        ConnectionLostError: there is none, or it was found void.
    """
    row = session.get(UpstreamConnection, user_id)
    if row is None or row.sealed_token is None:
        raise ConnectionLostError(user_id)
    return vault.open(row.sealed_token, place=_place(user_id), reason=reason)


def mark_lost(session: Session, vault: Vault, user_id: str, *, refused: str) -> None:
    """Note that OhMyGPT refused the token ``refused``, and destroy it. The caller commits.

    A token that a sign-in has put in its place in the meantime is left alone. The next sign-in connects
    again, under the same ``sub`` at every partner. Every partner that the user lets in is told.
    """
    row = session.get(UpstreamConnection, user_id, with_for_update=True)
    if row is None or row.sealed_token is None:
        return
    if vault.open(row.sealed_token, place=_place(user_id), reason="compare_refused") == refused:
        row.sealed_token = None
        row.lost_at = clock.now()
        _tell_partners(session, user_id)


def _tell_partners(session: Session, user_id: str) -> None:
    consents = session.scalars(select(Consent).where(Consent.user_id == user_id, is_in_force()))
    for consent in consents.all():
        told = user_object(consent.subject)
        record_event(session, consent.partner_id, EventType.CONNECTION_LOST, consent.subject, told)


def _place(user_id: str) -> str:
    return f"upstream_connection:{user_id}:sealed_token"
