"""How far a verification of the books is: over all its passes, measured in the rows that each of them reads."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from oauth_app.ledger.verifying_rules import BOOK_RULES
from oauth_app.models import Account, BalanceIncrement, Hold, Posting, Reversal, Transfer

#: Told when a pass begins, and as it goes on: what it looks at, how many rows are behind, and how many there are.
Progress = Callable[[str, int, int], None]

#: The pass over the postings, which goes on in steps. Every other pass is one statement: while it runs, nothing moves.
POSTINGS = "postings"
_COUNTED = (Account, BalanceIncrement, Hold, Reversal, Transfer)


class Steps:
    """Counts the rows that are behind."""

    def __init__(self, session: Session, progress: Progress) -> None:
        self._progress = progress
        self._done = 0
        #: How many rows each table has; of postings the highest id, since they are numbered and never deleted.
        self.rows = {table.__tablename__: _count(session, table) for table in _COUNTED}
        self.rows["posting"] = session.scalar(select(func.max(Posting.id))) or 0
        read = [rule.reads or (rule.table,) for rule in BOOK_RULES]
        self._all = self.rows["posting"] + self._sum(("account",)) + sum(self._sum(tables) for tables in read)
        self._tell(POSTINGS)

    def go_on(self, what: str, rows: int) -> None:
        """Count rows that are behind."""
        self._done += rows
        self._tell(what)

    @contextmanager
    def through(self, what: str, tables: Sequence[str]) -> Iterator[None]:
        """Inside the block, say what is being looked at; after it, count all rows of the tables."""
        self._tell(what)
        yield
        self.go_on(what, self._sum(tables))

    def _sum(self, tables: Sequence[str]) -> int:
        # An empty table takes a moment, too; and books without any row are done at the end.
        return max(1, sum(self.rows[table] for table in tables))

    def _tell(self, what: str) -> None:
        self._progress(what, self._done, self._all)


def _count(session: Session, table: type[Account | BalanceIncrement | Hold | Reversal | Transfer]) -> int:
    return session.scalar(select(func.count()).select_from(table)) or 0
