"""A month of a statement: UTC, from its first moment to the first of the next."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Self

from oauth_app import clock
from oauth_app.errors import HubError

_WRITTEN = re.compile(r"(20[0-9]{2})-(0[1-9]|1[0-2])", re.ASCII)
_MONTHS = 12


class UnknownMonthError(HubError):
    """Not a month such as 2026-01, or one that has not begun."""


@dataclass(frozen=True, kw_only=True, order=True)
class Month:
    """A calendar month in UTC."""

    year: int
    number: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``yyyy-mm``.

        Raises:
            UnknownMonthError: it is not written so, or has not begun.
        """
        match = _WRITTEN.fullmatch(text)
        if match is None:
            raise UnknownMonthError(text)
        month = cls(year=int(match[1]), number=int(match[2]))
        if month.start > clock.now():
            raise UnknownMonthError(text)
        return month

    @classmethod
    def of(cls, moment: datetime) -> Self:
        """Return the month in which the moment lies."""
        in_utc = moment.astimezone(UTC)
        return cls(year=in_utc.year, number=in_utc.month)

    @property
    def start(self) -> datetime:
        """Its first moment."""
        return datetime(self.year, self.number, 1, tzinfo=UTC)

    @property
    def end(self) -> datetime:
        """The first moment that is not in it any more."""
        return self._moved(1).start

    @property
    def before(self) -> Self:
        """The month before it."""
        return self._moved(-1)

    @property
    def after(self) -> Self:
        """The month after it."""
        return self._moved(1)

    def __str__(self) -> str:
        return f"{self.year:04}-{self.number:02}"

    def _moved(self, months: int) -> Self:
        year, number = divmod(self.year * _MONTHS + self.number - 1 + months, _MONTHS)
        return type(self)(year=year, number=number + 1)


def months_since(first: datetime) -> list[Month]:
    """Return the months from that of ``first`` to the present one, newest first."""
    month, oldest = Month.of(clock.now()), Month.of(first)
    found = []
    while month >= oldest:
        found.append(month)
        month = month.before
    return found
