"""The resource owner as Authlib passes it about: a user at one partner."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ScalarSelect, select
from sqlalchemy.orm import Session

from oauth_app.models import Consent


@dataclass(frozen=True, kw_only=True)
class ResourceOwner:
    """A user within what they allow the partner that asks."""

    consent: Consent
    #: When they proved who they are (OpenID Connect ``auth_time``).
    signed_in_at: datetime


def lock_consent(session: Session, consent_id: str | ScalarSelect[str]) -> Consent | None:
    """Return the consent, locked; None if it is revoked or there is none.

    Whoever issues or revokes tokens of a consent does so under this lock: a revocation beside an issue
    would not see the tokens that are just being written, and spare them.
    """
    query = select(Consent).where(Consent.id == consent_id, Consent.revoked_at.is_(None))
    return session.scalar(query.with_for_update())
