"""The book of prices: what calls cost at most, and what they cost, in whole hundredths of a unit."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oauth_app.relay.price import read_multiplier
from oauth_app.relay.prices import Assumptions, PriceBook
from oauth_app.relay.quantities import Tokens
from oauth_app.relay.wishes import Wish

BOOK = PriceBook.load()
MILLION = 1_000_000
CHAT = "/v1/chat/completions"

SMALL = """
version = "test"
[models]
"words" = { input = 1_000_000, output = 2_000_000, context = 1_000, most_output = 100, shown = 50 }
"cache" = { input = 1_000_000, cached = 100_000, written = 1_250_000, output = 2_000_000, most_output = 10 }
"sound" = { input = 1_000_000, heard = 8_000_000, output = 2_000_000, spoken = 9_000_000, most_output = 10 }
"voice" = { characters = 500 }
"tape" = { second = 7 }
"paint" = { pictures = { standard = 10, hd = 20, "hd wide" = 30, small = 5 } }
"draw" = { input = 1_000_000, output = 1_000_000, drawn = { low = 100, high = 900 } }
"half" = { input = 1_000_000, output = 0, percent = 50 }
[paths]
"/api/v1/task" = { call = 77 }
"/v1/free" = {}
"/v1/free/*" = {}
[gateways]
"/api/v1/gate" = 50
"""


@pytest.fixture
def book(tmp_path: Path) -> PriceBook:
    """Return a book with round prices."""
    file = tmp_path / "prices.toml"
    file.write_text(SMALL)
    return PriceBook.load(file)


@pytest.mark.parametrize(
    ("path", "wish", "used", "cost"),
    [
        (CHAT, Wish(model="words"), Tokens(input=10, output=20), 50),
        (CHAT, Wish(model="words-2026-01-02"), Tokens(input=10, output=20), 50),
        (CHAT, Wish(model="cache"), Tokens(input=100, output=0, cached=40, written=20), 40 + 4 + 25),
        (CHAT, Wish(model="sound"), Tokens(input=10, output=10, heard=4, spoken=6), 6 + 32 + 8 + 54),
        (CHAT, Wish(model="sound"), Tokens(input=1, output=0, heard=4), 32),
        (CHAT, Wish(model="half"), Tokens(input=3), 2),
        ("/v1/audio/speech", Wish(model="voice", characters=2001), Tokens(), 1001),
        ("/v1/audio/transcriptions", Wish(model="tape"), Tokens(seconds=3), 21),
        ("/v1/audio/transcriptions", Wish(model="tape"), Tokens(input=21, output=3, heard=21), 21),
        ("/v1/images/generations", Wish(model="paint", choices=3), Tokens(), 90),
        ("/v1/images/generations", Wish(model="paint", quality="hd"), Tokens(), 20),
        ("/v1/images/generations", Wish(model="paint", quality="hd", size="wide"), Tokens(), 30),
        ("/v1/images/generations", Wish(model="paint", size="small"), Tokens(), 5),
        ("/v1/images/generations", Wish(model="paint", quality="odd", size="odd"), Tokens(), 30),
        ("/v1/images/generations", Wish(model="draw"), Tokens(input=5, output=800), 805),
        ("/api/v1/task", Wish(model="words"), Tokens(), 77),
        ("/API/v1/task/", Wish(), Tokens(), 77),
        ("/v1/free", Wish(), Tokens(), 0),
        ("/v1/free/a/b", Wish(), Tokens(), 0),
        ("/api/v1/gate/v1/chat/completions", Wish(model="words"), Tokens(input=10, output=20), 25),
        ("/api/v1/gate/v1/free", Wish(), Tokens(), 0),
        (CHAT, Wish(model="words"), Tokens(), None),
        (CHAT, Wish(model="other"), Tokens(input=10), None),
        (CHAT, Wish(), Tokens(input=10), None),
    ],
)
def test_each_kind_has_its_cost(book: PriceBook, path: str, wish: Wish, used: Tokens, cost: int | None) -> None:
    """Tokens, pictures, seconds, characters and calls, with caches, sound, multipliers and gateways."""
    assert book.cost(path, wish, used) == cost


@pytest.mark.parametrize(
    ("path", "wish", "body_bytes", "ceiling"),
    [
        (CHAT, Wish(model="words"), 500, 500 + 200),
        (CHAT, Wish(model="words", output_limit=10, choices=3), 500, 500 + 60),
        (CHAT, Wish(model="words", output_limit=9999), 500, 500 + 200),
        (CHAT, Wish(model="words", output_limit=10), 5000, 1000 + 20),
        (CHAT, Wish(model="words", output_limit=10, is_open=True), 50, 1000 + 20),
        (CHAT, Wish(model="words", output_limit=10, pictures=2), 50, 150 + 20),
        ("/v1/completions", Wish(model="words", output_limit=10, prompts=4), 50, 50 + 80),
        (CHAT, Wish(model="cache", output_limit=1), 100, 125 + 2),
        (CHAT, Wish(model="sound", output_limit=1), 100, 800 + 9),
        ("/v1/audio/speech", Wish(model="voice"), 3000, 1500),
        ("/v1/audio/speech", Wish(model="voice", characters=1000), 3000, 500),
        ("/v1/audio/transcriptions", Wish(model="tape"), 10_500, 77),
        ("/v1/images/generations", Wish(model="paint", choices=2), 50, 60),
        ("/v1/images/generations", Wish(model="draw", quality="low", choices=2), 50, 250),
        ("/v1/images/generations", Wish(model="draw", quality="auto"), 50, 950),
        ("/api/v1/task", Wish(), 50, 77),
        ("/v1/free", Wish(), 50, 0),
        ("/api/v1/gate/v1/chat/completions", Wish(model="words"), 500, 500 + 200),
        ("/v1/threads/1", Wish(), 0, 0),
    ],
)
def test_each_kind_has_its_ceiling(book: PriceBook, path: str, wish: Wish, body_bytes: int, ceiling: int) -> None:
    """A byte is at most a token, an answer is as long as it may be, and so is what is named and not contained."""
    assert book.ceiling(path, wish, body_bytes) == ceiling


@pytest.mark.parametrize("wish", [Wish(model="other"), Wish(), Wish(is_understood=False)])
def test_an_unknown_model_is_the_dearest(book: PriceBook, wish: Wish) -> None:
    """What is not in the book is taken for its dearest, or for what the operator says."""
    assert book.ceiling("/v1/new", wish, 100) == 125 + 200
    assert book.counted("/v1/new", wish, Tokens(input=10, output=10, heard=5, spoken=5), 100) == 10 + 20
    set_by_hand = PriceBook("test", {}, assumed=Assumptions(unknown_ceiling=55))
    assert set_by_hand.ceiling("/v1/new", wish, 100) == 55
    assert set_by_hand.counted("/v1/new", wish, Tokens(input=MILLION), 100) <= 55


def test_a_call_without_body_and_model_asks_for_nothing(book: PriceBook) -> None:
    """It reads, or deletes; an unclear one does not."""
    assert book.ceiling("/v1/new/1", Wish(), 0) == 0
    assert book.counted("/v1/new/1", Wish(), Tokens(input=10), 0) == 0
    assert book.ceiling("/v1/new/1", Wish(is_understood=False), 0) > 0


def test_the_provider_says_the_multipliers(book: PriceBook) -> None:
    """Those that it publishes go before the book's; what is no multiplier is passed over."""
    used = Tokens(input=1000)
    rates = {"words": "0.40", "half": 2, "cache": 1.5, "tape": None, "voice": "free", "sound": "-1", "new": "1"}
    changed = book.with_multipliers(rates)
    costs = {name: changed.cost(CHAT, Wish(model=name), used) for name in ("words", "half", "cache", "sound")}
    assert costs == {"words": 400, "half": 2000, "cache": 1500, "sound": 1000}
    assert book.cost(CHAT, Wish(model="words"), used) == 1000, "the book itself does not change"
    assert changed.cost("/api/v1/task", Wish(), Tokens()) == 77
    assert changed.version != book.version == "test"


def test_a_discount_never_lowers_a_ceiling(book: PriceBook) -> None:
    """It may end before the hub hears of it; what is dearer than the book says is reserved for at once."""
    wishes = {name: Wish(model=name, output_limit=0) for name in ("words", "half", "new")}
    before = {name: book.ceiling(CHAT, wish, 1000) for name, wish in wishes.items()}
    cheap = book.with_multipliers({"words": "0.40", "half": "0.01", "cache": "0.1", "sound": "0.1", "draw": "0.1"})
    assert {name: cheap.ceiling(CHAT, wish, 1000) for name, wish in wishes.items()} == before
    dear = cheap.with_multipliers({"words": 3, "half": "0.75"})
    assert dear.ceiling(CHAT, wishes["words"], 1000) == 3 * before["words"]
    assert dear.ceiling(CHAT, wishes["half"], 1000) == before["half"] * 3 // 2


@pytest.mark.parametrize("rate", ["0", "0.00", 0.0, "0.00001"])
def test_nothing_becomes_free(book: PriceBook, rate: object) -> None:
    """A multiplier of nothing would make limits endless: it is taken for a mistake."""
    assert book.with_multipliers({"words": rate}).cost(CHAT, Wish(model="words"), Tokens(input=1000)) == 1000
    assert not PriceBook.is_multiplier_table({"words": rate})


@pytest.mark.parametrize(
    ("value", "multiplier"),
    [
        ("0.20", 2_000),
        ("1", 10_000),
        (1.1, 11_000),
        ("0.00005", 0),
        ("999.9999", 9_999_999),
        ("1000", None),
        ("-0.2", None),
        ("1e3", None),
        ("nan", None),
        ("", None),
        (True, None),
        (None, None),
        ([], None),
    ],
)
def test_a_multiplier_is_a_plain_decimal(value: object, multiplier: int | None) -> None:
    """Ten thousandths, cut; anything that is no decimal is none."""
    assert read_multiplier(value) == multiplier


_MODELS = sorted(BOOK.models)


@given(
    st.sampled_from(_MODELS),
    st.integers(min_value=1, max_value=MILLION),
    st.integers(min_value=1, max_value=300_000),
    st.integers(min_value=1, max_value=10),
    st.data(),
)
def test_no_cost_exceeds_its_ceiling(model: str, body: int, limit: int, choices: int, data: st.DataObject) -> None:
    """Whatever a call of any model uses within what it may use, it was set aside before."""
    price = BOOK.models[model]
    sizes = st.sampled_from([None, "auto", "1024x1024", "1792x1024", "low", "medium", "high", "hd", "standard"])
    wish = Wish(model=model, output_limit=limit, choices=choices, size=data.draw(sizes), quality=data.draw(sizes))
    read = data.draw(st.integers(min_value=0, max_value=min(body, price.context or body)))
    cached = data.draw(st.integers(min_value=0, max_value=read))
    written = data.draw(st.integers(min_value=0, max_value=read - cached))
    heard = data.draw(st.integers(min_value=0, max_value=read - cached - written))
    most = choices * (max(price.drawn.values()) if price.drawn else min(limit, price.most_output))
    said = 0 if price.drawn else data.draw(st.integers(min_value=0, max_value=most))
    used = Tokens(
        input=read,
        output=said,
        cached=cached,
        written=written,
        heard=heard,
        spoken=data.draw(st.integers(min_value=0, max_value=said)),
        seconds=data.draw(st.integers(min_value=0, max_value=body // 1000)),
    )
    cost = BOOK.cost(CHAT, wish, used, body)
    assert cost is not None
    assert 0 <= cost <= BOOK.ceiling(CHAT, wish, body)


def test_every_price_of_the_book_is_whole() -> None:
    """Each row is read, and no amount is a fraction or below nothing."""
    for name, price in (BOOK.models | BOOK.paths).items():
        amounts: list[Any] = [getattr(price, field) for field in price.__slots__]
        flat = [n for amount in amounts for n in (amount.values() if isinstance(amount, dict) else [amount])]
        assert all(isinstance(n, int) and n >= 0 for n in flat), name
        assert not price.output or price.most_output or price.drawn, f"{name}: how much may it say?"
