"""What AI calls came to, for those who look at it: a user, a partner, the operator."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from oauth_app import clock
from oauth_app.models import Partner, UsageConsentDay, UsageDay, UsageHour
from oauth_app.services.statement_exports import safe_text
from oauth_app.services.statement_months import Month
from oauth_app.services.usage_columns import RollUp
from oauth_app.services.usage_totals import UsageWish, sum_up

#: So many models and sites on a page, the most expensive first.
_TOP = 20
HEADER = (
    "day",
    "site",
    "model",
    "calls_of",
    "outcome",
    "calls",
    "input_tokens",
    "output_tokens",
    "estimated_cost",
    "unpriced_calls",
)


@dataclass(kw_only=True)
class UsageLine:
    """The sums of one day, model, site or kind of calls; money in hundredths of an OhMyGPT unit."""

    key: Any = None
    calls: int = 0
    faults: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    estimated_cost: int = 0
    unpriced: int = 0
    first_byte_ms: int = 0
    first_bytes: int = 0

    def add(self, row: Row[*tuple[Any, ...]]) -> None:
        """Add the sums of a row."""
        for name in _SUMMED:
            setattr(self, name, getattr(self, name) + int(getattr(row, name)))


_SUMMED = tuple(one.name for one in fields(UsageLine) if one.name != "key")


@dataclass(frozen=True, kw_only=True)
class UsageReport:
    """A month of calls: in all, by the day, by what called and by what was called; the most expensive first."""

    total: UsageLine
    by_day: Sequence[UsageLine]
    by_model: Sequence[UsageLine]
    by_endpoint: Sequence[UsageLine]
    #: By the ids of partners.
    by_site: Sequence[UsageLine]


@dataclass(frozen=True, kw_only=True)
class SiteUsage:
    """What a site has cost a user by AI calls, in hundredths of an OhMyGPT unit, by the price book."""

    today: int = 0
    this_month: int = 0
    in_all: int = 0
    calls: int = 0
    last_call_at: datetime | None = None


NO_USAGE = SiteUsage()


def usage_of_user(session: Session, user_id: str, month: Month, consent_id: str | None = None) -> UsageReport:
    """Return what a user's calls came to, through all sites or through one of them."""
    where = {"user_id": user_id} | ({"consent_id": consent_id} if consent_id else {})
    return _report(session, UsageConsentDay, month, where)


def usage_of_partner(session: Session, partner_id: str, month: Month) -> UsageReport:
    """Return what the calls of all users of a partner came to."""
    return _report(session, UsageDay, month, {"partner_id": partner_id})


def usage_of_all(session: Session, month: Month) -> UsageReport:
    """Return what the calls of everybody came to."""
    return _report(session, UsageDay, month, {})


def usage_of_last_day(session: Session) -> Row[*tuple[Any, ...]]:
    """Return what everybody's calls came to in the present hour and the 23 before it."""
    hour = clock.now().replace(minute=0, second=0, microsecond=0)
    return sum_up(session, UsageWish(table=UsageHour, since=hour - timedelta(hours=23)))[0]


def usage_by_site(session: Session, user_id: str) -> dict[str, SiteUsage]:
    """Return what each site has cost a user, by the ids of the consents."""
    now = clock.now()
    today, month = now.replace(hour=0, minute=0, second=0, microsecond=0), Month.of(now).start
    sums = {
        since: {
            row.consent_id: row
            for row in sum_up(
                session, UsageWish(table=UsageConsentDay, since=since, where={"user_id": user_id}), "consent_id"
            )
        }
        for since in (today, month, None)
    }
    return {
        consent_id: SiteUsage(
            today=int(sums[today][consent_id].estimated_cost) if consent_id in sums[today] else 0,
            this_month=int(sums[month][consent_id].estimated_cost) if consent_id in sums[month] else 0,
            in_all=int(row.estimated_cost),
            calls=int(row.calls),
            last_call_at=row.last_started_at,
        )
        for consent_id, row in sums[None].items()
    }


def names_of_sites(session: Session, ids: Iterable[str]) -> dict[str, str]:
    """Return the names of sites."""
    rows = session.execute(select(Partner.id, Partner.name).where(Partner.id.in_(set(ids))))
    return {partner_id: name for partner_id, name in rows}  # noqa: C416 - a Row is no pair to the type checker


def usage_csv(session: Session, user_id: str, month: Month) -> Iterator[str]:
    """Yield a user's month as CSV (RFC 4180), a row for each day, site, model, kind and outcome; money in units."""
    wish = UsageWish(table=UsageConsentDay, since=month.start, until=month.end, where={"user_id": user_id})
    rows = sum_up(session, wish, "begins_at", "partner_id", "model", "endpoint", "outcome")
    names = names_of_sites(session, (row.partner_id for row in rows))
    yield _line(HEADER)
    for row in rows:
        site = safe_text(names.get(row.partner_id, row.partner_id))
        what = (f"{row.begins_at:%Y-%m-%d}", site, safe_text(row.model), row.endpoint, row.outcome)
        yield _line((*what, row.calls, row.input_tokens, row.output_tokens, _units(row.estimated_cost), row.unpriced))


def _report(session: Session, table: RollUp, month: Month, where: dict[str, str]) -> UsageReport:
    """Read the month twice, by the day and by all else, which are few rows; each list alone would read it again."""
    wish = UsageWish(table=table, since=month.start, until=month.end, where=where)
    rows = sum_up(session, wish, "partner_id", "model", "endpoint")
    return UsageReport(
        total=next(iter(_fold(rows, None)), UsageLine()),
        by_day=_fold(sum_up(session, wish, "begins_at"), "begins_at"),
        by_model=_most_expensive(_fold(rows, "model")),
        by_endpoint=_most_expensive(_fold(rows, "endpoint")),
        by_site=_most_expensive(_fold(rows, "partner_id")),
    )


def _fold(rows: Sequence[Row[*tuple[Any, ...]]], name: str | None) -> list[UsageLine]:
    lines: dict[Any, UsageLine] = {}
    for row in rows:
        key = None if name is None else getattr(row, name)
        lines.setdefault(key, UsageLine(key=key)).add(row)
    return list(lines.values())


def _most_expensive(lines: list[UsageLine]) -> list[UsageLine]:
    return sorted(lines, key=lambda line: (line.estimated_cost, line.calls), reverse=True)[:_TOP]


def _units(hundredths: int) -> str:
    whole, part = divmod(int(hundredths), 100)
    return f"{whole}.{part:02}"


def _line(values: Sequence[object]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\r\n").writerow(values)
    return buffer.getvalue()
