"""The resource owner as Authlib passes it about: a user at one partner."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, ScalarSelect, and_, or_, select
from sqlalchemy.orm import Session

from oauth_app.db import NOW
from oauth_app.models import Consent, PartnerSession


@dataclass(frozen=True, kw_only=True)
class ResourceOwner:
    """A user within what they allow the partner that asks."""

    consent: Consent
    #: When they proved who they are (OpenID Connect ``auth_time``).
    signed_in_at: datetime
    #: The browser's session as the partner knows it (``sid``); None where no browser took part.
    partner_session_id: str | None = None


def lock_consent(session: Session, consent_id: str | ScalarSelect[str]) -> Consent | None:
    """Return the consent, locked; None if it is revoked, has run out, or there is none.

    Whoever issues or revokes tokens of a consent does so under this lock: a revocation beside an issue
    would not see the tokens that are just being written, and spare them.
    """
    query = select(Consent).where(Consent.id == consent_id, is_in_force())
    return session.scalar(query.with_for_update())


def is_session_over(session: Session, partner_session_id: str | None) -> bool:
    """Tell whether the browser's session at the partner has ended; never for a sign-in without one.

    The row stays locked: a sign-out at the same moment waits, and then sees the tokens that are being written.
    """
    if partner_session_id is None:
        return False
    lives = select(PartnerSession.id).where(PartnerSession.id == partner_session_id, PartnerSession.ended_at.is_(None))
    return session.scalar(lives.with_for_update(read=True)) is None


def is_in_force() -> ColumnElement[bool]:
    """Return the condition that a consent counts now: neither taken back nor run out."""
    not_run_out = or_(Consent.expires_at.is_(None), Consent.expires_at > NOW)
    return and_(Consent.revoked_at.is_(None), not_run_out)
