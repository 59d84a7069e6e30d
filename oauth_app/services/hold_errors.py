"""Why money is not held, captured or let go.

* HoldError
  - UnknownHoldError         there is none of this id, for whoever asks
  - UncoveredHoldError       the user's wallet has less
  - HoldNeedsApprovalError   more than the user lets be taken without being asked

A hold that is settled, or has less than should be captured, is refused by the ledger (``HoldClosedError``,
``CaptureTooLargeError``); what the user did not allow, as for charges (``LimitExceededError``).
"""

from oauth_app.errors import HubError


class HoldError(HubError):
    """The root: something about a hold."""


class UnknownHoldError(HoldError):
    """There is no such hold for whoever asks."""


class UncoveredHoldError(HoldError):
    """The user's wallet has less than should be held."""


class HoldNeedsApprovalError(HoldError):
    """The user wants to be asked before so much is taken, and a hold cannot ask."""
