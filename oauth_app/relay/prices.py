"""What a call probably cost: an estimate from a versioned book of prices. What counts is OhMyGPT's own statement."""

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path

from oauth_app.relay.usage_blocks import Tokens

_DEFAULT = Path(__file__).with_name("prices.toml")
_PER_TOKENS = 1_000_000
#: ``gpt-4o-2024-08-06``, ``claude-sonnet-4-20250514`` and ``…-latest`` cost what the plain name costs.
_DATE = re.compile(r"-(\d{4}-\d{2}-\d{2}|\d{8}|latest)$")


@dataclass(frozen=True, kw_only=True, slots=True)
class Price:
    """Hundredths of an OhMyGPT unit for a million tokens."""

    input: int
    cached: int
    output: int


class PriceBook:
    """Prices by model."""

    def __init__(self, version: str, prices: dict[str, Price]) -> None:
        self.version = version
        self._prices = prices

    @classmethod
    def load(cls, file: Path = _DEFAULT) -> "PriceBook":
        """Return the book in a file."""
        content = tomllib.loads(file.read_text())
        prices = {
            model: Price(input=row["input"], cached=row.get("cached", row["input"]), output=row["output"])
            for model, row in content["models"].items()
        }
        return cls(content["version"], prices)

    def estimate(self, model: str | None, tokens: Tokens) -> int | None:
        """Return hundredths of a unit, rounded up; None without a price or without tokens."""
        price = self._find(model)
        if price is None or (tokens.input is None and tokens.output is None):
            return None
        fresh = max((tokens.input or 0) - tokens.cached, 0)
        total = fresh * price.input + tokens.cached * price.cached + (tokens.output or 0) * price.output
        return -(-total // _PER_TOKENS)

    def _find(self, model: str | None) -> Price | None:
        if model is None:
            return None
        return self._prices.get(model) or self._prices.get(_DATE.sub("", model))
