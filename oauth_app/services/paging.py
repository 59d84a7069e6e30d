"""Pages of a list, newest first, by the key of the last row seen: no page shifts when rows are added."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from sqlalchemy import Select
from sqlalchemy.orm import InstrumentedAttribute, Session

MAX_LIMIT = 100
DEFAULT_LIMIT = 20

_Row = TypeVar("_Row")


@dataclass(frozen=True, kw_only=True)
class PageWish:
    """Which part of a list; ``after`` is the cursor that the page before gave."""

    limit: int = DEFAULT_LIMIT
    after: str | int | None = None


@dataclass(frozen=True, kw_only=True)
class Page(Generic[_Row]):
    """Some rows; ``next_cursor`` is None on the last page."""

    rows: Sequence[_Row]
    next_cursor: str | None


def read_page(session: Session, statement: Select[_Row], key: InstrumentedAttribute[Any], wish: PageWish) -> Page[_Row]:
    """Return one page of the statement's rows by ``key``, highest first."""
    if wish.after is not None:
        statement = statement.where(key < wish.after)
    rows = session.scalars(statement.order_by(key.desc()).limit(wish.limit + 1)).all()
    shown = rows[: wish.limit]
    more = len(rows) > wish.limit
    return Page(rows=shown, next_cursor=str(getattr(shown[-1], key.key)) if more else None)
