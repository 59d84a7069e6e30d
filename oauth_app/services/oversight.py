"""What the operator sees: numbers of the whole, and the latest of everything."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import Row, Select, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from oauth_app import clock
from oauth_app.identifiers import Kind, first_id
from oauth_app.models import Account, Charge, Consent, Partner, TopUp, UpstreamConnection, Usage, User
from oauth_app.provider.owner import is_in_force
from oauth_app.services.exchange import Rates
from oauth_app.services.usage_reports import usage_of_last_day

PAGE_ROWS = 50
#: How far a row's id and its time may be apart.
_NEAR = timedelta(hours=1)
_NUMBER = re.compile(r"[0-9]{1,18}")  # what fits a row's number


@dataclass(frozen=True, kw_only=True)
class Overview:
    """The numbers on the front page of ``/admin``."""

    users: int
    lost_connections: int
    partners: int
    connected: int
    charged_today: int
    unknown_charges: int
    open_top_ups: int
    calls_today: int
    failed_calls_today: int
    ai_cost_today: int
    accounts: Sequence[Account]


def overview(session: Session, rates: Rates) -> Overview:
    """Count what there is and what happened in the last 24 hours; charges in hundredths of a unit, at ``rates``."""
    since = clock.now() - timedelta(hours=24)
    charged = (
        select(Charge.asset, func.sum(Charge.amount))
        # By its id, too, which is made just before: that is what the index has.
        .where(
            Charge.status == "succeeded", Charge.created_at >= since, Charge.id >= first_id(Kind.CHARGE, since - _NEAR)
        )
        .group_by(Charge.asset)
    )
    calls = usage_of_last_day(session)
    return Overview(
        users=_count(session, select(func.count()).select_from(User)),
        lost_connections=_count(session, select(func.count()).where(UpstreamConnection.lost_at.is_not(None))),
        partners=_count(session, select(func.count()).where(Partner.disabled_at.is_(None))),
        connected=_count(session, select(func.count()).where(is_in_force())),
        charged_today=rates.weigh_all({asset: int(total) for asset, total in session.execute(charged)}),
        unknown_charges=_count(session, select(func.count()).where(Charge.status == "unknown")),
        open_top_ups=_count(session, select(func.count()).where(TopUp.status == "open")),
        calls_today=int(calls.calls),
        failed_calls_today=int(calls.faults),
        ai_cost_today=int(calls.estimated_cost),
        accounts=session.scalars(select(Account).order_by(Account.kind, Account.owner, Account.asset)).all(),
    )


def list_users(session: Session, before: str | None) -> Sequence[Row[*tuple[Any, ...]]]:
    """Return users, newest first, each with its connection."""
    query = select(User, UpstreamConnection).outerjoin(UpstreamConnection, UpstreamConnection.user_id == User.id)
    return _page(session, query, User.id, before)


def list_partners(session: Session, before: str | None) -> Sequence[Row[*tuple[Any, ...]]]:
    """Return partners, newest first, each with the number of its connected users and its owner's e-mail or None."""
    connected = (
        select(func.count()).where(Consent.partner_id == Partner.id, is_in_force()).scalar_subquery().label("connected")
    )
    query = select(Partner, connected, User.email).outerjoin(User, User.id == Partner.owner_id)
    return _page(session, query, Partner.id, before)


def list_calls(session: Session, before: str | None) -> Sequence[Row[*tuple[Any, ...]]]:
    """Return relayed calls, newest first, each with the user's e-mail and the partner's name."""
    query = (
        select(Usage, User.email, Partner.name)
        .outerjoin(User, User.id == Usage.user_id)
        .outerjoin(Partner, Partner.id == Usage.partner_id)
    )
    number = int(before) if before and _NUMBER.fullmatch(before) else None
    return _page(session, query, Usage.id, number)


def _page(
    session: Session, query: Select[*tuple[Any, ...]], key: InstrumentedAttribute[Any], before: str | int | None
) -> Sequence[Row[*tuple[Any, ...]]]:
    """Return one page below ``before``; by key, never by OFFSET, so that page 1 000 costs what page 1 does."""
    if before is not None:
        query = query.where(key < before)
    return session.execute(query.order_by(key.desc()).limit(PAGE_ROWS)).all()


def _count(session: Session, query: Select[*tuple[Any, ...]]) -> int:
    return int(session.execute(query).scalar_one())
