"""Permits to register sites (RFC 7591 3, initial access tokens): the operator gives them, each for so many sites."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from oauth_app import clock
from oauth_app.errors import HubError
from oauth_app.identifiers import Kind, TokenKind, digest, is_well_formed, new_id, new_token
from oauth_app.models import RegistrationPermit

_MAX_NOTE_CHARS = 200


class InvalidPermitError(HubError):
    """Unknown, used up, expired or revoked."""


@dataclass(frozen=True, kw_only=True)
class PermitWish:
    """What a permit is for.

    Raises:
        ValueError: it would permit nothing, or its note is too long.
    """

    note: str
    uses: int = 1
    life: timedelta = timedelta(days=7)

    def __post_init__(self) -> None:
        if self.uses < 1 or self.life <= timedelta() or len(self.note) > _MAX_NOTE_CHARS:
            msg = (
                f"a permit is for at least one site, for some time, with a note of at most {_MAX_NOTE_CHARS} characters"
            )
            raise ValueError(msg)


@dataclass(frozen=True, kw_only=True)
class Permit:
    """A fresh permit; its token is shown this once."""

    id: str
    token: str = field(repr=False)


def create_permit(session: Session, wish: PermitWish) -> Permit:
    """Give a permit. The caller commits."""
    permit = Permit(id=new_id(Kind.REGISTRATION_PERMIT), token=new_token(TokenKind.REGISTRATION_PERMIT))
    row = RegistrationPermit(
        id=permit.id,
        token_digest=digest(permit.token),
        note=wish.note,
        uses_left=wish.uses,
        created_at=clock.now(),
        expires_at=clock.now() + wish.life,
    )
    session.add(row)
    return permit


def list_permits(session: Session) -> Sequence[RegistrationPermit]:
    """Return the permits that still permit something, newest first."""
    counts = select(RegistrationPermit).where(
        RegistrationPermit.uses_left > 0, RegistrationPermit.expires_at > clock.now()
    )
    return session.scalars(counts.order_by(RegistrationPermit.id.desc())).all()


def revoke_permit(session: Session, permit_id: str) -> bool:
    """Take a permit back; False if there is none of this id. The caller commits."""
    gone = delete(RegistrationPermit).where(RegistrationPermit.id == permit_id).returning(RegistrationPermit.id)
    return session.execute(gone).first() is not None


def use_permit(session: Session, token: str) -> None:
    """Count one use of the permit; a transaction that is rolled back gives it back. The caller commits.

    Raises:
        InvalidPermitError: it permits nothing.
    """
    if not is_well_formed(token, TokenKind.REGISTRATION_PERMIT):
        raise InvalidPermitError
    # One statement, so that of two at once with one use left only one comes through.
    used = session.execute(
        update(RegistrationPermit)
        .where(
            RegistrationPermit.token_digest == digest(token),
            RegistrationPermit.uses_left > 0,
            RegistrationPermit.expires_at > clock.now(),
        )
        .values(uses_left=RegistrationPermit.uses_left - 1)
        .returning(RegistrationPermit.id)
    ).first()
    if used is None:
        raise InvalidPermitError
