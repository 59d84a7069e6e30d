"""The kinds of parameter a drawing operation has, so that its table can stand in code as a table."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Protocol

from oauth_app.sandbox.drawing.parameters import Parameters


class Rule(Protocol):
    """One line of a table: a name, and how its value is checked."""

    @property
    def name(self) -> str:
        """The name of the parameter."""

    def read(self, given: Parameters) -> object:
        """Return the checked value, or the default."""


@dataclass(frozen=True)
class Whole:
    """A whole number."""

    name: str
    lowest: int
    highest: int
    default: int | None = None

    def read(self, given: Parameters) -> int | None:
        """Return the number."""
        number = given.whole(self.name, self.lowest, self.highest)
        return self.default if number is None else number


@dataclass(frozen=True)
class Number:
    """A number; its text stands for the default, so that none is a float."""

    name: str
    lowest: int
    highest: int
    default: str

    def read(self, given: Parameters) -> str:
        """Return the number as a text."""
        number = given.number(self.name, self.lowest, self.highest)
        return self.default if number is None else str(number)


@dataclass(frozen=True)
class Choice:
    """One of some words; the first is the default."""

    name: str
    words: Collection[str]

    def read(self, given: Parameters) -> str:
        """Return the word."""
        return given.choice(self.name, self.words, next(iter(self.words)))


@dataclass(frozen=True)
class Flag:
    """A boolean."""

    name: str
    default: bool

    def read(self, given: Parameters) -> bool:
        """Return the boolean."""
        return given.flag(self.name, default=self.default)


@dataclass(frozen=True)
class Address:
    """An address of a picture; nobody fetches it here."""

    name: str

    def read(self, given: Parameters) -> str | None:
        """Return the address."""
        return given.web_address(self.name)


@dataclass(frozen=True)
class Image:
    """A picture: its address, or a data URL, or a file."""

    name: str

    def read(self, given: Parameters) -> object:
        """Return the address or the bytes."""
        value = given.values.get(self.name)
        if isinstance(value, str) and value[:4].lower() == "http":
            return given.web_address(self.name)
        return given.image(self.name) if value not in (None, "") else None
