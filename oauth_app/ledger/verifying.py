"""Recompute the books from their postings, and name what is wrong.

Reads one snapshot, so charges may go on meanwhile. The postings pass by in windows of their ids; what is kept in
memory is one number for each account, however many postings there are.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import Engine, select, text
from sqlalchemy.orm import Session

from oauth_app.db import reading
from oauth_app.ledger.verifying_progress import POSTINGS, Progress, Steps
from oauth_app.ledger.verifying_rules import BOOK_RULES, POSTING_RULES, Rule
from oauth_app.models import Account

#: Postings in one step.
_WINDOW = 50_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """The first row, by its key, that breaks one rule."""

    rule: str
    table: str
    row: str
    detail: str


def verify_books(engine: Engine, progress: Progress = lambda _what, _done, _all: None) -> Iterator[Finding]:
    """Yield a finding for each rule that is broken, with the first row that breaks it. No finding: all is right."""
    with reading(engine) as session:
        if engine.dialect.name == "postgresql":
            session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
        sums: dict[int, int] = defaultdict(int)
        steps = Steps(session, progress)
        yield from _verify_postings(session, sums, steps)
        with steps.through("balances", ("account",)):
            yield from _verify_balances(session, sums)
        for rule in BOOK_RULES:
            with steps.through(rule.name, rule.reads or (rule.table,)):
                finding = _apply(session, rule, {})
            if finding:
                yield finding


def _verify_postings(session: Session, sums: dict[int, int], steps: Steps) -> Iterator[Finding]:
    broken: set[str] = set()
    last = steps.rows["posting"]
    for start in range(0, last, _WINDOW):
        window = {"after": start, "until": start + _WINDOW}
        for rule in POSTING_RULES:
            if rule.name not in broken and (finding := _apply(session, rule, window)):
                broken.add(rule.name)
                yield finding
        for account_id, amount in session.execute(_SUMS, window):
            sums[account_id] += int(amount)
        steps.go_on(POSTINGS, min(_WINDOW, last - start))


_SUMS = text(
    """
    SELECT account_id, sum(amount) FROM (
        SELECT source_id AS account_id, -amount AS amount FROM posting WHERE id > :after AND id <= :until
        UNION ALL
        SELECT destination_id, amount FROM posting WHERE id > :after AND id <= :until
    ) AS side GROUP BY account_id
    """
)
_WAITING = text("SELECT account_id, sum(amount) FROM balance_increment GROUP BY account_id")


def _verify_balances(session: Session, sums: dict[int, int]) -> Iterator[Finding]:
    waiting: dict[int, int] = {account_id: int(amount) for account_id, amount in session.execute(_WAITING)}
    columns = (Account.id, Account.kind, Account.owner, Account.asset, Account.balance)
    for number, kind, owner, asset, balance in session.execute(
        select(*columns).order_by(Account.id).execution_options(yield_per=10_000)
    ):
        kept = balance + waiting.get(number, 0)
        if kept != sums.get(number, 0):
            name = ":".join(part for part in (kind, owner, asset) if part)
            detail = f"{name} has {kept}, its postings add up to {sums.get(number, 0)}"
            yield Finding(rule="balance is the sum of postings", table="account", row=str(number), detail=detail)
            return


def _apply(session: Session, rule: Rule, window: dict[str, int]) -> Finding | None:
    row = session.execute(text(rule.query), window).first()
    if row is None:
        return None
    detail = ", ".join(f"{name} {value}" for name, value in list(row._mapping.items())[1:])  # noqa: SLF001 - its name
    return Finding(rule=rule.name, table=rule.table, row=str(row[0]), detail=detail)
