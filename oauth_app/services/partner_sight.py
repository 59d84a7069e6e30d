"""What a caller of the partner API may look at and give back: a user's own at a partner, or all of the partner's."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from oauth_app.models import Charge, Consent, Hold, Partner, Refund
from oauth_app.services.client_access import UnknownUserError

_OfPartner = type[Charge] | type[Hold] | type[Refund]


@dataclass(frozen=True, kw_only=True)
class Sight:
    """A partner, and the one user it asks about; without one, all of its users, of the past too."""

    partner_id: str
    user_id: str | None = None

    def covers(self, row: Charge | Hold | Refund) -> bool:
        """Tell whether the row is within."""
        return row.partner_id == self.partner_id and self.user_id in {None, row.user_id}

    def condition(self, table: _OfPartner) -> tuple[ColumnElement[bool], ...]:
        """Return the conditions for the rows within."""
        of_partner = table.partner_id == self.partner_id
        return (of_partner,) if self.user_id is None else (of_partner, table.user_id == self.user_id)


@dataclass(frozen=True, kw_only=True)
class Filter:
    """Which rows of a list; None is any."""

    status: str | None = None
    created_after: datetime | None = None
    created_before: datetime | None = None

    def condition(self, table: Any) -> tuple[ColumnElement[bool], ...]:  # noqa: ANN401 - one with these columns
        """Return the conditions for the rows that are wanted."""
        wanted: list[ColumnElement[bool]] = []
        if self.status is not None:
            wanted.append(table.status == self.status)
        if self.created_after is not None:
            wanted.append(table.created_at >= self.created_after)
        if self.created_before is not None:
            wanted.append(table.created_at < self.created_before)
        return tuple(wanted)


ALL = Filter()


def sight_of_client(session: Session, partner: Partner, subject: str | None) -> Sight:
    """Return what the partner's server may look at; users who have disconnected are still known by their sub.

    Raises:
        UnknownUserError: nobody of this sub was ever the partner's user.
    """
    if subject is None:
        return Sight(partner_id=partner.id)
    known = select(Consent.user_id).where(Consent.partner_id == partner.id, Consent.subject == subject)
    user_id = session.scalar(known)
    if user_id is None:
        raise UnknownUserError(subject)
    return Sight(partner_id=partner.id, user_id=user_id)


def subjects_of(session: Session, partner_id: str, user_ids: Iterable[str]) -> dict[str, str]:
    """Return the subs by which the partner knows these users, by their ids."""
    known = select(Consent.user_id, Consent.subject).where(Consent.partner_id == partner_id)
    rows = session.execute(known.where(Consent.user_id.in_(set(user_ids))))
    return {user_id: subject for user_id, subject in rows}  # noqa: C416 - a Row is no pair to the type checker
