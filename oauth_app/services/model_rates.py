"""What OhMyGPT takes over the vendors' list prices, per model: asked for every hour, and kept for when it cannot be.

The last good answer stands in a file of the instance, for all processes of this machine; a restart without a network
counts by it. No call ever waits for it, or fails for it.
"""

import json
import logging
import os
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from oauth_app import clock
from oauth_app.hub import Hub
from oauth_app.relay import Assumptions, PriceBook, Tariff
from oauth_app.settings import Settings
from oauth_app.upstream import UpstreamError, load_profile

_FILE = "model-rates.json"
_HUNDREDTHS = 100
_FRESH = timedelta(hours=1)
_log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class ModelRates:
    """An answer of OhMyGPT's, as it came."""

    fetched_at: datetime
    rates: dict[str, Any]


def keep_model_rates(hub: Hub) -> int:
    """Ask for the multipliers, if what is kept is an hour old; return how many there are if it was asked.

    OhMyGPT answers only to a key of somebody's; without one of the operator's, the book's own multipliers count.
    """
    key = hub.settings.ohmygpt_api_key.get_secret_value()
    kept = find_rates(hub.settings)
    if not key or (kept is not None and clock.now() - kept.fetched_at < _FRESH):
        return 0
    try:
        rates = hub.upstream.model_rates(key)
    except UpstreamError as error:
        _log.warning("the multipliers of the models cannot be had (%s); those of %s stay", error, _age_of(kept))
        return 0
    if not PriceBook.is_multiplier_table(rates):
        _log.warning("what OhMyGPT tells of its multipliers is none; those of %s stay", _age_of(kept))
        return 0
    _write(_path(hub.settings), ModelRates(fetched_at=clock.now(), rates=rates))
    return len(rates)


def find_rates(settings: Settings) -> ModelRates | None:
    """Return the last good answer; None if there never was one."""
    try:
        content = json.loads(_path(settings).read_text("utf-8"))
        return ModelRates(fetched_at=datetime.fromisoformat(content["fetched_at"]), rates=dict(content["rates"]))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError):
        _log.warning("%s cannot be read; the book's own multipliers count", _path(settings))
        return None


def load_book(settings: Settings) -> PriceBook:
    """Return the book of prices with the last multipliers that are known."""
    per_cny = load_profile(settings.ohmygpt_profile).units.units_per_cny * _HUNDREDTHS
    assumed = Assumptions(
        unknown_ceiling=settings.relay_unknown_model_cny * per_cny or None,
        usual_answer=settings.relay_usual_answer_tokens or None,
    )
    book = PriceBook.load(assumed=assumed)
    kept = find_rates(settings)
    return book if kept is None else book.with_multipliers(kept.rates)


def make_tariff(settings: Settings) -> Tariff:
    """Return the book for a relay, which looks for a newer one as long as it runs."""
    find = BookFinder(settings)
    return Tariff(find() or load_book(settings), find)


@dataclass(frozen=True, kw_only=True)
class BookState:
    """What the operator sees of the prices."""

    version: str
    #: None: never, so that the multipliers of the book count.
    fetched_at: datetime | None


def state_of_book(settings: Settings) -> BookState:
    """Return which book counts on this machine, and how old its multipliers are."""
    kept = find_rates(settings)
    return BookState(version=load_book(settings).version, fetched_at=None if kept is None else kept.fetched_at)


class BookFinder:
    """Finds the present book, when it is another than the last time."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._seen_ns: int | None = None

    def __call__(self) -> PriceBook | None:
        """Return the book; None if it is still the same."""
        try:
            written_ns = _path(self._settings).stat().st_mtime_ns
        except OSError:
            written_ns = 0
        if written_ns == self._seen_ns:
            return None
        self._seen_ns = written_ns
        return load_book(self._settings)


def _path(settings: Settings) -> Path:
    return settings.hub_instance / _FILE


def _age_of(kept: ModelRates | None) -> str:
    return "the book" if kept is None else clock.rfc3339(kept.fetched_at)


def _write(path: Path, rates: ModelRates) -> None:
    """Put a whole file in the place of another: nobody reads half of one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f"{path.name}.{os.getpid()}")
    aside.write_text(json.dumps({"fetched_at": rates.fetched_at.isoformat(), "rates": rates.rates}), "utf-8")
    aside.replace(path)
