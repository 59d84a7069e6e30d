"""Sign-ins that failed, kept for the partner's own eyes: a person reads out the id, the partner looks it up."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from oauth_app import clock
from oauth_app.identifiers import Kind, new_id
from oauth_app.models import AuthorizationFailure
from oauth_app.services.paging import Page, PageWish, read_page

#: What a stranger sends is cut: the log is for reading, not for filling a disk.
_MAX_DETAIL_CHARS = 500
_MAX_DETAILS = 10
#: At each partner, and of clients that are none: who hammers fills a minute's share, and hides nothing but itself.
_MAX_A_MINUTE = 120


@dataclass(frozen=True, kw_only=True)
class Failure:
    """Why a sign-in failed; never with a token, a code or a person in it."""

    #: An OAuth error code, or one of our own where none fits, such as ``wrong_redirect_uri``.
    code: str
    #: None when the client itself could not be proven.
    partner_id: str | None
    request_id: str
    details: Mapping[str, str] = field(default_factory=dict)


def record_failure(session: Session, failure: Failure) -> str:
    """Keep the failure and return its id. The caller commits.

    Where a minute has brought too many already, the id names nothing.
    """
    row = AuthorizationFailure(
        id=new_id(Kind.FAILURE),
        partner_id=failure.partner_id,
        code=failure.code,
        details={name: text[:_MAX_DETAIL_CHARS] for name, text in list(failure.details.items())[:_MAX_DETAILS]},
        request_id=failure.request_id,
        created_at=clock.now(),
    )
    if not _is_flooded(session, failure.partner_id):
        session.add(row)
    return row.id


def list_failures(session: Session, partner_id: str, wish: PageWish) -> Page[AuthorizationFailure]:
    """Return the failures at one partner, newest first."""
    of_partner = select(AuthorizationFailure).where(AuthorizationFailure.partner_id == partner_id)
    return read_page(session, of_partner, AuthorizationFailure.id, wish)


def find_failure(session: Session, partner_id: str, failure_id: str) -> AuthorizationFailure | None:
    """Return one failure of this partner; None if there is none of this id, or it is another's."""
    row = session.get(AuthorizationFailure, failure_id)
    return row if row is not None and row.partner_id == partner_id else None


def _is_flooded(session: Session, partner_id: str | None) -> bool:
    lately = AuthorizationFailure.created_at > clock.now() - timedelta(minutes=1)
    of_partner = select(func.count()).where(AuthorizationFailure.partner_id == partner_id, lately)
    return (session.scalar(of_partner) or 0) >= _MAX_A_MINUTE
