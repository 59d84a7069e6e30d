"""What amounts of other assets count against limits, which users set in CNY and the hub keeps in OhMyGPT units."""

from collections.abc import Mapping
from dataclasses import dataclass

from oauth_app.errors import HubError
from oauth_app.hub import Hub

OMG, CNY, USD = "OMG", "CNY", "USD"
#: What a user may have in a wallet here by topping up; OMG gets there by refunds only.
WALLET_ASSETS = (USD, CNY)
ASSETS = (OMG, *WALLET_ASSETS)
_CENTS_PER_DOLLAR = 100


class UnsupportedAssetError(HubError):
    """Money is not taken in this asset."""


@dataclass(frozen=True, kw_only=True)
class Rates:
    """How much of OhMyGPT's units the other assets count as. No money is exchanged at these rates."""

    #: OhMyGPT's own, exact: hundredths of a unit for each fen.
    units_per_cny: int
    #: Set by the operator: fen for each dollar.
    fen_per_usd: int

    def weigh(self, amount: int, asset: str) -> int:
        """Return the hundredths of a unit that the amount counts as; a fraction counts as a whole one.

        Raises:
            UnsupportedAssetError: nothing is taken in this asset.
        """
        if asset == OMG:
            return amount
        if asset == CNY:
            return amount * self.units_per_cny
        if asset == USD:
            return -(-amount * self.fen_per_usd * self.units_per_cny // _CENTS_PER_DOLLAR)
        raise UnsupportedAssetError(asset)

    def weigh_all(self, amounts: Mapping[str, int]) -> int:
        """Return what amounts of several assets count as together."""
        return sum(self.weigh(amount, asset) for asset, amount in amounts.items())


def rates_of(hub: Hub) -> Rates:
    """Return the rates that this hub is set to."""
    return Rates(units_per_cny=hub.upstream.units_per_cny, fen_per_usd=hub.settings.usd_in_fen)


def check_asset(asset: str) -> None:
    """Refuse what no money is taken in.

    Raises:
        UnsupportedAssetError: it is none of OMG, USD, CNY.
    """
    if asset not in ASSETS:
        raise UnsupportedAssetError(asset)
