"""What the operator sees of money: charges, holds, refunds, top-ups and transfers, newest first, narrowed.

Each list goes on below the last id seen, never by OFFSET, so that page 1 000 costs what page 1 does. Ids tell when they
were made, so days are a span of ids; and a user is found first, whose rows have an index. With a million charges
both were a look at every row.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, func, or_, select
from sqlalchemy.orm import Session

from oauth_app.identifiers import Kind, first_id
from oauth_app.models import (
    Account,
    Charge,
    FeeVersion,
    Hold,
    HoldRequest,
    Partner,
    Posting,
    Refund,
    TopUp,
    Transfer,
    User,
)
from oauth_app.services.oversight import PAGE_ROWS

_KINDS = {
    Charge: Kind.CHARGE,
    Hold: Kind.HOLD,
    Refund: Kind.REFUND,
    TopUp: Kind.TOP_UP,
    Transfer: Kind.TRANSFER,
}
#: How far a row's id and its time may be apart: both are read from the clock, one after the other.
_NEAR = timedelta(hours=1)
#: Nothing was made before.
_BEGINNING = datetime(2000, 1, 1, tzinfo=UTC)

Rows = Sequence[Row[*tuple[Any, ...]]]


@dataclass(frozen=True, kw_only=True)
class Narrowing:
    """Which rows of a list; None is any."""

    #: The status; of a transfer, its kind.
    state: str | None = None
    #: The partner's id.
    partner: str | None = None
    #: The user's e-mail or id.
    user: str | None = None
    #: Days, both included, in UTC.
    since: date | None = None
    until: date | None = None
    #: The last id of the page before.
    before: str | None = None


def list_charges(session: Session, wanted: Narrowing) -> Rows:
    """Return charges, each with the user's e-mail and the partner's name."""
    return _page(session, _charges(), Charge, wanted)


def find_charge(session: Session, charge_id: str) -> Row[Charge, str, str, FeeVersion | None] | None:
    """Return one charge with the user's e-mail, the partner's name and the version of the fee it was counted by."""
    query = _charges().add_columns(FeeVersion).outerjoin(FeeVersion, FeeVersion.id == Charge.fee_version_id)
    return session.execute(query.where(Charge.id == charge_id)).first()


def list_holds(session: Session, wanted: Narrowing) -> Rows:
    """Return holds, each with the user's e-mail, the partner's name and what it is for."""
    return _page(session, _holds(), Hold, wanted)


def find_hold(session: Session, hold_id: str) -> Row[Hold, str, str, str, str | None] | None:
    """Return one hold with the user's e-mail, the partner's name, what it is for, and the charge that captured it."""
    query = _holds().add_columns(Charge.id).outerjoin(Charge, Charge.hold_id == Hold.id)
    return session.execute(query.where(Hold.id == hold_id)).first()


def list_refunds(session: Session, wanted: Narrowing) -> Rows:
    """Return refunds, each with the user's e-mail and the partner's name."""
    return _page(session, _refunds(), Refund, wanted)


def find_refund(session: Session, refund_id: str) -> Row[Refund, str, str] | None:
    """Return one refund with the user's e-mail and the partner's name."""
    return session.execute(_refunds().where(Refund.id == refund_id)).first()


def list_top_ups(session: Session, wanted: Narrowing) -> Rows:
    """Return top-ups, each with the user's e-mail and the partner's name or None."""
    return _page(session, _top_ups(), TopUp, wanted)


def find_top_up(session: Session, top_up_id: str) -> Row[TopUp, str, str | None] | None:
    """Return one top-up with the user's e-mail and the partner's name or None."""
    return session.execute(_top_ups().where(TopUp.id == top_up_id)).first()


def list_transfers(session: Session, wanted: Narrowing) -> Rows:
    """Return transfers of the books; those of a partner or user are the ones that touch an account of theirs."""
    query = select(Transfer)
    if wanted.state is not None:
        query = query.where(Transfer.kind == wanted.state)
    if wanted.partner is not None:
        query = query.where(_touches(Account.owner == wanted.partner))
    if wanted.user is not None:
        query = query.where(_touches(Account.owner.in_(_find_users(session, wanted.user))))
    return _below(session, _in_days(query, Transfer, wanted), Transfer, wanted)


def _charges() -> Select[Charge, str, str]:
    query = select(Charge, User.email, Partner.name).join(User, User.id == Charge.user_id)
    return query.join(Partner, Partner.id == Charge.partner_id)


def _holds() -> Select[Hold, str, str, str]:
    query = select(Hold, User.email, Partner.name, HoldRequest.description).join(User, User.id == Hold.user_id)
    return query.join(Partner, Partner.id == Hold.partner_id).join(HoldRequest, HoldRequest.hold_id == Hold.id)


def _refunds() -> Select[Refund, str, str]:
    query = select(Refund, User.email, Partner.name).join(User, User.id == Refund.user_id)
    return query.join(Partner, Partner.id == Refund.partner_id)


def _top_ups() -> Select[TopUp, str, str | None]:
    query = select(TopUp, User.email, Partner.name).join(User, User.id == TopUp.user_id)
    return query.outerjoin(Partner, Partner.id == TopUp.partner_id)


def _page(session: Session, query: Any, table: Any, wanted: Narrowing) -> Rows:  # noqa: ANN401 - one of the tables above
    if wanted.state is not None and hasattr(table, "status"):  # a refund has none: it is made, or it is not there
        query = query.where(table.status == wanted.state)
    if wanted.partner is not None:
        query = query.where(table.partner_id == wanted.partner)
    if wanted.user is not None:
        query = query.where(table.user_id.in_(_find_users(session, wanted.user)))
    return _below(session, _in_days(query, table, wanted), table, wanted)


def _in_days(query: Any, table: Any, wanted: Narrowing) -> Any:  # noqa: ANN401 - the same query, narrowed
    kind = _KINDS[table]
    if wanted.since is not None:
        begin = _midnight(wanted.since)
        query = query.where(table.created_at >= begin, table.id >= first_id(kind, max(begin, _BEGINNING) - _NEAR))
    if wanted.until is not None:
        end = _midnight(wanted.until) + timedelta(days=1)
        query = query.where(table.created_at < end, table.id < first_id(kind, end + _NEAR))
    return query


def _below(session: Session, query: Any, table: Any, wanted: Narrowing) -> Rows:  # noqa: ANN401 - any of the queries
    if wanted.before is not None:
        query = query.where(table.id < wanted.before)
    rows: Rows = session.execute(query.order_by(table.id.desc()).limit(PAGE_ROWS)).all()
    return rows


def _find_users(session: Session, told: str) -> Sequence[str]:
    is_meant = or_(User.id == told, func.lower(User.email) == told.lower())
    return session.scalars(select(User.id).where(is_meant)).all()


def _touches(condition: ColumnElement[bool]) -> ColumnElement[bool]:
    own = select(Account.id).where(condition)
    touching = select(Posting.transfer_id).where(or_(Posting.source_id.in_(own), Posting.destination_id.in_(own)))
    return Transfer.id.in_(touching)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
