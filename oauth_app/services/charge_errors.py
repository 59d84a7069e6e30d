"""Why a charge is not made.

* ChargeError
  - UnknownChargeError        there is none of this id, for this partner and user
  - LimitExceededError        more than the user allowed
  - ChargeSettledError        it is settled; nothing is left to resolve
  - UnsettledError            the charge was tried and took no money; the same key is answered the same
    - InsufficientFundsError    the user has less than the amount
    - ChargeRefusedError        OhMyGPT said no
    - ChargeNotSentError        OhMyGPT could not be asked
    - WalletFrozenError         a payment into the wallet is disputed, or money is owed
    - ApprovalDeniedError       the user was asked, and said no
    - ApprovalExpiredError      the user was asked, and said nothing

An asset in which nothing is taken is an ``exchange.UnsupportedAssetError``; a lost connection is a
``connections.ConnectionLostError``.
"""

from oauth_app.errors import HubError


class ChargeError(HubError):
    """The root: something about a charge."""


class UnknownChargeError(ChargeError):
    """There is no such charge for whoever asks."""


class LimitExceededError(ChargeError):
    """The user allowed less; ``limit`` is in hundredths of a unit, ``period`` is ``charge`` or ``month``."""

    def __init__(self, *, period: str, limit: int) -> None:
        super().__init__(f"{limit} per {period}")
        self.period = period
        self.limit = limit


class ChargeSettledError(ChargeError):
    """The charge is not ``unknown`` (any more)."""


class UnsettledError(ChargeError):
    """A charge was tried, and no money moved."""

    def __init__(self, charge_id: str) -> None:
        super().__init__(charge_id)
        self.charge_id = charge_id


class InsufficientFundsError(UnsettledError):
    """The user's OhMyGPT balance, or wallet here, is smaller than the amount."""


class ChargeRefusedError(UnsettledError):
    """OhMyGPT understood, and said no."""


class ChargeNotSentError(UnsettledError):
    """OhMyGPT could not be asked, so it surely did nothing."""

    #: Trying again at once would meet the same outage.
    retry_after_s = 30


class WalletFrozenError(UnsettledError):
    """Nothing is taken from the wallet while a payment into it is disputed, or its user owes what went back."""


class ApprovalDeniedError(UnsettledError):
    """The user was asked whether so much may be taken, and said no, or has disconnected the partner."""


class ApprovalExpiredError(UnsettledError):
    """The user was asked whether so much may be taken, and said nothing in time."""
