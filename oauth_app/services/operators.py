"""Operators: who may open ``/admin``."""

from collections.abc import Sequence

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from oauth_app import clock
from oauth_app.errors import HubError
from oauth_app.models import Operator


class InvalidEmailError(HubError):
    """The text is not an e-mail address."""


def grant_operator(session: Session, email: str) -> None:
    """Let the owner of the address operate the hub; granting twice changes nothing. The caller commits.

    Raises:
        InvalidEmailError: not an e-mail address.
    """
    address = _normalised(email)
    if session.get(Operator, address) is None:
        session.add(Operator(email=address, granted_at=clock.now()))


def revoke_operator(session: Session, email: str) -> bool:
    """Take the right back; return whether it was there. The caller commits."""
    gone = session.execute(delete(Operator).where(Operator.email == _normalised(email)).returning(Operator.email))
    return gone.first() is not None


def list_operators(session: Session) -> Sequence[Operator]:
    """Return all operators by address."""
    return session.scalars(select(Operator).order_by(Operator.email)).all()


def is_operator(session: Session, email: str) -> bool:
    """Tell whether the owner of the address may open ``/admin``."""
    return bool(session.scalar(select(func.count()).where(Operator.email == email.strip().lower())))


def _normalised(email: str) -> str:
    address = email.strip().lower()
    local, _, domain = address.partition("@")
    if not local or "." not in domain or any(char.isspace() for char in address):
        raise InvalidEmailError(address)
    return address
