"""The books: every movement of money is a transfer of postings between accounts.

No function here commits. What is refused raises an error of :mod:`oauth_app.ledger.errors` before anything is
written, so the caller may go on in the same transaction. Lock order and rounding rule: README.md beside this file.

    record_transfer(session, TransferWish(kind=…, reference=…, movements=(Movement(…), …))) -> Receipt
        at most once for each (kind, reference); a repeat is answered with the first's receipt, ``replayed=True``
    charge_wallet(session, WalletCharge(reference=…, partner_id=…, user_id=…, asset=…, split=…)) -> Receipt
    split_amount, split_refund, share_out, take_back
        the rounding rule, and the movements of a charge and of a refund
    place_hold, capture_hold, void_hold, expire_due_holds
        money of a wallet reserved for a partner
    get_balance, get_wallets
        what an account has, with what is not rolled up yet
    find_waiting_accounts, roll_up
        for the worker: adds the appended increments of hot accounts to their balances
    verify_books
        recomputes everything, and names what is wrong
"""

from oauth_app.ledger.accounts import AccountKind, AccountName, find_account, get_balance, get_wallets
from oauth_app.ledger.errors import (
    CaptureTooLargeError,
    HoldClosedError,
    LedgerError,
    OverdraftError,
    OverReversalError,
    TransferMismatchError,
    UnknownAssetError,
    UnknownHoldError,
    UnknownTransferError,
)
from oauth_app.ledger.fees import Split, share_out, split_amount, split_refund, take_back
from oauth_app.ledger.holds import (
    Capture,
    HoldReceipt,
    HoldStatus,
    HoldWish,
    capture_hold,
    expire_due_holds,
    place_hold,
    void_hold,
)
from oauth_app.ledger.movements import Movement, Receipt, TransferKind, TransferWish
from oauth_app.ledger.rolling_up import find_waiting_accounts, roll_up
from oauth_app.ledger.transfers import WalletCharge, charge_wallet, record_transfer
from oauth_app.ledger.verifying import Finding, verify_books

__all__ = [
    "AccountKind",
    "AccountName",
    "Capture",
    "CaptureTooLargeError",
    "Finding",
    "HoldClosedError",
    "HoldReceipt",
    "HoldStatus",
    "HoldWish",
    "LedgerError",
    "Movement",
    "OverReversalError",
    "OverdraftError",
    "Receipt",
    "Split",
    "TransferKind",
    "TransferMismatchError",
    "TransferWish",
    "UnknownAssetError",
    "UnknownHoldError",
    "UnknownTransferError",
    "WalletCharge",
    "capture_hold",
    "charge_wallet",
    "expire_due_holds",
    "find_account",
    "find_waiting_accounts",
    "get_balance",
    "get_wallets",
    "place_hold",
    "record_transfer",
    "roll_up",
    "share_out",
    "split_amount",
    "split_refund",
    "take_back",
    "verify_books",
    "void_hold",
]
