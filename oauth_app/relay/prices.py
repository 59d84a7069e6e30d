"""What a call costs: a ceiling before it, and the cost after it, from a versioned book of prices.

What counts in the end is OhMyGPT's own statement.
"""

import hashlib
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from msgspec.structs import replace

from oauth_app.relay.price import WHOLE, Price, read_multiplier
from oauth_app.relay.quantities import Tokens
from oauth_app.relay.wishes import Wish

_DEFAULT = Path(__file__).with_name("prices.toml")
#: ``gpt-4o-2024-08-06``, ``claude-sonnet-4-20250514`` and ``…-latest`` cost what the plain name costs.
_DATE = re.compile(r"-(\d{4}-\d{2}-\d{2}|\d{8}|latest)$")
_BELOW = "/*"
_DIGEST_CHARS = 8


@dataclass(frozen=True, kw_only=True)
class Assumptions:
    """What is taken for true where neither the book nor the call says it."""

    #: What a call of a model that is not in the book is reserved with, and counts as at most; None goes by the dearest.
    unknown_ceiling: int | None = None
    #: Of how many tokens an answer is that nobody limits, where less is left than the longest would cost; None: as long
    #: as it may be, so that no call can pass a limit.
    usual_answer: int | None = None


class PriceBook:
    """Prices by model, and by address where no model is sold.

    Args:
        version: tells books apart.
        models: by name.
        paths: by address; one that ends in ``/*`` is for all that is below.
        gateways: the percentage of the price at addresses below which the vendors' own are served once more.
        assumed: what is taken for true where neither the book nor the call says it.
    """

    def __init__(
        self,
        version: str,
        models: Mapping[str, Price],
        *,
        paths: Mapping[str, Price] | None = None,
        gateways: Mapping[str, int] | None = None,
        assumed: Assumptions = Assumptions(),
    ) -> None:
        self.version = version
        self.models = dict(models)
        self.paths = dict(paths or {})
        self._gateways = dict(gateways or {})
        self._assumed = assumed
        self._dearest = _dearest(self.models)
        self._quote = lru_cache(maxsize=1024)(self._find_quote)

    @classmethod
    def load(cls, file: Path = _DEFAULT, *, assumed: Assumptions = Assumptions()) -> "PriceBook":
        """Return the book in a file."""
        content = tomllib.loads(file.read_text("utf-8"))
        return cls(
            content["version"],
            {model: Price.of_row(row) for model, row in content["models"].items()},
            paths={path: Price.of_row(row) for path, row in content.get("paths", {}).items()},
            gateways=content.get("gateways", {}),
            assumed=assumed,
        )

    def with_multipliers(self, rates: Mapping[str, object]) -> "PriceBook":
        """Return the book with the multipliers that the provider publishes; what is no multiplier is passed over.

        Nor is zero one: an error of somebody's would make calls free, and limits endless. Costs follow a discount,
        ceilings do not (``Price.times``).
        """
        read = {model: multiplier for model, rate in rates.items() if (multiplier := read_multiplier(rate))}
        models = {model: price.times(read[model]) if model in read else price for model, price in self.models.items()}
        digest = hashlib.sha256(repr(sorted(read.items())).encode()).hexdigest()[:_DIGEST_CHARS]
        return PriceBook(
            f"{self.version}+{digest}",
            models,
            paths=self.paths,
            gateways=self._gateways,
            assumed=self._assumed,
        )

    @staticmethod
    def is_multiplier_table(rates: Mapping[str, object]) -> bool:
        """Tell whether there is anything in an answer of the provider's that can be used."""
        return any(read_multiplier(rate) for rate in rates.values())

    def ceiling(self, path: str, wish: Wish, body_bytes: int) -> int:
        """Return what a call costs at most, in hundredths of a unit.

        Args:
            path: of the request, without its query.
            wish: what the body asks for.
            body_bytes: how long it is.
        """
        price = self.price_of(path, wish)
        if price is not None:
            return price.ceiling(wish, body_bytes)
        if _asks_nothing(wish, body_bytes):
            return 0
        return (
            self._dearest.ceiling(wish, body_bytes)
            if self._assumed.unknown_ceiling is None
            else self._assumed.unknown_ceiling
        )

    def usual(self, path: str, wish: Wish, body_bytes: int) -> int:
        """Return what a call usually costs at most, if nothing says how long its answer may be; else its ceiling."""
        if wish.output_limit is None and self._assumed.usual_answer is not None:
            wish = replace(wish, output_limit=self._assumed.usual_answer)
        return self.ceiling(path, wish, body_bytes)

    def cost(self, path: str, wish: Wish, used: Tokens, body_bytes: int = 0) -> int | None:
        """Return what a call cost, in hundredths of a unit; None where the book or the answer does not say."""
        price, percent = self._quote(path, wish.model)
        if price is None:
            return None
        if price.is_by_use and not used.is_known:
            return None
        return price.cost(wish, used, body_bytes, percent=percent)

    def price_of(self, path: str, wish: Wish) -> Price | None:
        """Return the price by which a call is paid: that of its address, or that of its model."""
        return self._quote(path, wish.model)[0]

    def counted(self, path: str, wish: Wish, used: Tokens, body_bytes: int = 0) -> int:
        """Return what a call counts as against a limit: its cost or, where the book has none, the dearest one."""
        price, percent = self._quote(path, wish.model)
        if price is not None:
            return price.cost(wish, used, body_bytes, percent=percent)
        if _asks_nothing(wish, body_bytes):
            return 0
        dearest = self._dearest.cost(wish, used, body_bytes)
        return dearest if self._assumed.unknown_ceiling is None else min(dearest, self._assumed.unknown_ceiling)

    def presume(self, path: str, wish: Wish, body_bytes: int, said: int) -> Tokens:
        """Return what a call probably used whose answer did not tell."""
        return (self.price_of(path, wish) or self._dearest).presume(wish, body_bytes, said)

    def _find_quote(self, path: str, model: str | None) -> tuple[Price | None, int]:
        rule, percent = self._find_rule(path)
        return rule or self._find(model), percent

    def _find(self, model: str | None) -> Price | None:
        if model is None:
            return None
        return self.models.get(model) or self.models.get(_DATE.sub("", model))

    def _find_rule(self, path: str) -> tuple[Price | None, int]:
        """Return the price of an address, if it has one of its own, and the percentage of its gateway."""
        path, percent = path.lower().rstrip("/"), 100
        for gateway, share in self._gateways.items():
            if path.startswith(gateway + "/"):
                path, percent = path.removeprefix(gateway), share
        if path in self.paths:
            return self.paths[path], percent
        while "/" in path:
            path = path.rpartition("/")[0]
            if path + _BELOW in self.paths:
                return self.paths[path + _BELOW], percent
        return None, percent


def _asks_nothing(wish: Wish, body_bytes: int) -> bool:
    """Tell whether a call without a body names no model: it reads, or deletes."""
    return wish.model is None and wish.is_understood and body_bytes == 0


def _dearest(models: Mapping[str, Price]) -> Price:
    """Return a price for words that no model of the book exceeds."""

    def most(name: str) -> int:
        return max((getattr(price, name) for price in models.values()), default=0)

    def dearest(name: str) -> int:
        return max((getattr(price, name) * price.ceiling_multiplier // WHOLE for price in models.values()), default=0)

    row = {name: dearest(name) for name in ("input", "written", "output")}
    return Price.of_row(row | {name: most(name) for name in ("context", "most_output", "shown")})
