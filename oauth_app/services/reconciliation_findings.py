"""What a comparison brings: where two sides disagree, and how much was looked at."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import Any


class Side(StrEnum):
    """Who is compared with the rows of charges and top-ups."""

    LEDGER = "ledger"
    UPSTREAM = "upstream"
    STRIPE = "stripe"


@dataclass(frozen=True, kw_only=True)
class Found:
    """Two sides that disagree; one difference for each (kind, subject) of a side."""

    kind: str
    #: What it is about, such as a charge's or top-up's id.
    subject: str
    asset: str | None = None
    expected: int | None = None
    found: int | None = None
    #: The evidence, for the page.
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Report:
    """One side, compared."""

    side: Side
    found: tuple[Found, ...]
    #: How much was looked at, and what could not be.
    summary: Mapping[str, Any]
    #: Kinds of which everything was looked at: what was open of them and is not found any more, is gone.
    whole_kinds: frozenset[str] = frozenset()
    #: Of other kinds, what was looked at.
    subjects: frozenset[str] = frozenset()
    #: Everything of the side was looked at.
    is_whole: bool = False

    def covers(self, kind: str, subject: str) -> bool:
        """Tell whether a difference of this name would have been found if it were still there."""
        return self.is_whole or kind in self.whole_kinds or subject in self.subjects


class Patience:
    """How long one side of the outside may be asked: the worker has other things to do."""

    def __init__(self, limit: timedelta) -> None:
        self._ends_at = time.monotonic() + limit.total_seconds()

    @property
    def is_over(self) -> bool:
        """Whether nothing more should be asked in this run."""
        return time.monotonic() >= self._ends_at
