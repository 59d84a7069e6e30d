"""Statements: what happened to a user's or a partner's money in a month, to the unit as in the books.

Totals are added up by the database and lines come as a stream, so a month of a million charges takes no more
memory than an empty one. Both are read within one snapshot.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import CompoundSelect, Engine, func, select
from sqlalchemy.orm import Session

from oauth_app.db import reading
from oauth_app.models import AssetRow
from oauth_app.services.statement_months import Month
from oauth_app.services.statement_queries import (
    change_before,
    earnings_accounts,
    partner_lines,
    user_accounts,
    user_lines,
)

_AT_ONCE = 500


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """One movement. Signs are those of the balance that the statement is about."""

    at: datetime
    transfer_id: str
    kind: str
    #: What the transfer is about, such as a charge's id.
    reference: str
    asset: str
    #: The whole; for a partner that is ``change`` and ``fee``.
    gross: int
    #: The operator's part in it.
    fee: int
    #: What it did to the balance; nothing, if the money was taken at OhMyGPT.
    change: int
    #: ``wallet``, or ``ohmygpt``.
    source: str
    site: str
    description: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Total:
    """The lines of one kind, at one site and in one asset."""

    site: str
    kind: str
    source: str
    asset: str
    count: int
    gross: int
    fee: int
    change: int


@dataclass(frozen=True, kw_only=True)
class Balance:
    """What there was in an asset at the month's beginning and its end."""

    asset: str
    opening: int
    closing: int


@dataclass(frozen=True, kw_only=True)
class Statement:
    """A month, added up. The lines are read from the same snapshot, while its session is open."""

    month: Month
    balances: Sequence[Balance]
    totals: Sequence[Total]
    #: How many decimals each asset has.
    scales: Mapping[str, int]
    session: Session
    query: CompoundSelect[Any]

    @property
    def line_count(self) -> int:
        """How many lines there are."""
        return sum(total.count for total in self.totals)

    def lines(self, limit: int | None = None) -> Iterator[Line]:
        """Yield the lines, oldest first, a batch at a time."""
        ordered = self.query.order_by("at", "transfer_id").limit(limit)
        for row in self.session.execute(ordered, execution_options={"yield_per": _AT_ONCE}):
            yield Line(**row._mapping)  # noqa: SLF001 - SQLAlchemy's public name for it


@contextmanager
def user_statement(engine: Engine, user_id: str, month: Month) -> Iterator[Statement]:
    """Lend the user's statement of the month."""
    with _snapshot(engine) as session:
        accounts = user_accounts(session, user_id)
        yield _statement(session, accounts, month, user_lines(user_id, accounts, month))


@contextmanager
def partner_statement(engine: Engine, partner_id: str, month: Month) -> Iterator[Statement]:
    """Lend the partner's statement of the month: its balances are its earnings."""
    with _snapshot(engine) as session:
        accounts = earnings_accounts(session, partner_id)
        yield _statement(session, accounts, month, partner_lines(partner_id, accounts, month))


@contextmanager
def _snapshot(engine: Engine) -> Iterator[Session]:
    with reading(engine) as session:
        if engine.dialect.name == "postgresql":
            session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
        yield session


def _statement(session: Session, accounts: Sequence[int], month: Month, query: CompoundSelect[Any]) -> Statement:
    totals = _totals(session, query)
    opening = {asset: int(change) for asset, change in session.execute(change_before(accounts, month))}
    return Statement(
        month=month,
        balances=_balances(opening, totals),
        totals=totals,
        scales={code: scale for code, scale in session.execute(select(AssetRow.code, AssetRow.scale))},  # noqa: C416 - rows
        session=session,
        query=query,
    )


def _totals(session: Session, query: CompoundSelect[Any]) -> list[Total]:
    line = query.subquery().c
    by = (line.site, line.kind, line.source, line.asset)
    sums = (func.count(), func.sum(line.gross), func.sum(line.fee), func.sum(line.change))
    rows = session.execute(select(*by, *sums).group_by(*by).order_by(*by))
    return [
        Total(
            site=site,
            kind=kind,
            source=source,
            asset=asset,
            count=count,
            gross=int(gross),
            fee=int(fee),
            change=int(change),
        )
        for site, kind, source, asset, count, gross, fee, change in rows
    ]


def _balances(opening: Mapping[str, int], totals: Sequence[Total]) -> list[Balance]:
    closing = dict(opening)
    for total in totals:
        closing[total.asset] = closing.get(total.asset, 0) + total.change
    return [
        Balance(asset=asset, opening=opening.get(asset, 0), closing=balance)
        for asset, balance in sorted(closing.items())
    ]
