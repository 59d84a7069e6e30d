"""The books: every movement of money is a transfer of postings between accounts."""

from oauth_app.ledger.accounts import AccountKind, AccountName
from oauth_app.ledger.transfers import Movement, TransferKind, record_transfer

__all__ = ["AccountKind", "AccountName", "Movement", "TransferKind", "record_transfer"]
