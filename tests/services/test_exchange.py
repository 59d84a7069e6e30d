"""What other assets count against limits: whole numbers, and never less than they are."""

import pytest

from oauth_app.services.exchange import Rates, UnsupportedAssetError

RATES = Rates(units_per_cny=34_000, fen_per_usd=735)


@pytest.mark.parametrize(
    ("amount", "asset", "weight"),
    [(1, "OMG", 1), (1, "CNY", 34_000), (100, "CNY", 3_400_000), (1, "USD", 249_900), (100, "USD", 24_990_000)],
)
def test_assets_weigh_what_they_are(amount: int, asset: str, weight: int) -> None:
    """1 CNY is 34 000.00 units, exactly; a dollar is what the operator set."""
    assert RATES.weigh(amount, asset) == weight


def test_a_fraction_counts_as_a_whole() -> None:
    """Where the rate leaves a fraction, the limit is reached sooner and not later."""
    assert Rates(units_per_cny=3, fen_per_usd=735).weigh(1, "USD") == 23


def test_amounts_of_any_size_can_be_weighed() -> None:
    """The largest amount that the API takes does not overflow."""
    assert RATES.weigh(10**15, "USD") == 249_900 * 10**15


def test_an_unknown_asset_weighs_nothing_at_all() -> None:
    """What nobody counts in is refused, and not let through as nothing."""
    with pytest.raises(UnsupportedAssetError):
        RATES.weigh(1, "EUR")
