"""What the books refuse. An error carries names and numbers; the sentence is made where it is shown.

* LedgerError
  - OverdraftError          the account has less than was wanted; nothing was written
  - TransferMismatchError   the same thing was recorded before, with other movements
  - OverReversalError       more would be taken back than the transfer moved
  - UnknownTransferError    there is no transfer to take back
  - UnknownAssetError       nothing is counted in this
  - UnknownHoldError        there is no such hold
  - HoldClosedError         it was captured, voided or has expired
  - CaptureTooLargeError    more would be captured than is held

All are raised before anything is written, so the caller's transaction stays usable.
"""

from typing import TYPE_CHECKING

from oauth_app.errors import HubError

if TYPE_CHECKING:
    from oauth_app.ledger.accounts import AccountName


class LedgerError(HubError):
    """The books refuse."""


class OverdraftError(LedgerError):
    """The account has less than was wanted."""

    def __init__(self, account: "AccountName", *, wanted: int, available: int) -> None:
        super().__init__(f"{account}: {wanted} wanted, {available} available")
        self.account = account
        self.wanted = wanted
        self.available = available


class TransferMismatchError(LedgerError):
    """The same thing was recorded before, with other movements; carries that transfer's id."""


class OverReversalError(LedgerError):
    """More would be taken back than the transfer moved and was not taken back before."""

    def __init__(self, transfer_id: str, *, wanted: int, left: int) -> None:
        super().__init__(f"{transfer_id}: {wanted} wanted, {left} left")
        self.transfer_id = transfer_id
        self.wanted = wanted
        self.left = left


class UnknownTransferError(LedgerError):
    """There is no transfer of this id."""


class UnknownAssetError(LedgerError):
    """Nothing is counted in this asset; the table ``asset`` has those that are."""


class UnknownHoldError(LedgerError):
    """There is no hold of this id."""


class HoldClosedError(LedgerError):
    """The hold was captured or voided before, or has expired."""

    def __init__(self, hold_id: str, status: str) -> None:
        super().__init__(f"{hold_id} is {status}")
        self.hold_id = hold_id
        self.status = status


class CaptureTooLargeError(LedgerError):
    """More would be captured than is held."""

    def __init__(self, hold_id: str, *, wanted: int, held: int) -> None:
        super().__init__(f"{hold_id}: {wanted} wanted, {held} held")
        self.hold_id = hold_id
        self.wanted = wanted
        self.held = held
