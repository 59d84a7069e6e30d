"""Transfers: recorded at most once, never overdrawing, never taking back more than there was."""

from collections import Counter
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session, aliased

from oauth_app import clock
from oauth_app.identifiers import Kind, new_id
from oauth_app.ledger.accounts import AccountKind, AccountName, find_account, get_balance, open_accounts
from oauth_app.ledger.errors import OverdraftError, OverReversalError, TransferMismatchError, UnknownTransferError
from oauth_app.ledger.fees import Split, share_out
from oauth_app.ledger.movements import Head, Movement, Receipt, TransferKind, TransferWish
from oauth_app.ledger.rolling_up import roll_up
from oauth_app.ledger.writing import write
from oauth_app.models import Account, Posting, Reversal, Transfer


@dataclass(frozen=True, kw_only=True, slots=True)
class WalletCharge:
    """A charge that a user's wallet pays; ``reference`` is the charge's id."""

    reference: str
    partner_id: str
    user_id: str
    asset: str
    split: Split


def charge_wallet(session: Session, wish: WalletCharge) -> Receipt:
    """Pay the charge from the wallet to partner and operator. On PostgreSQL it is one statement.

    Raises:
        OverdraftError: the wallet has less.
        TransferMismatchError: the charge was paid before, and was another.
    """
    wallet = AccountName.wallet(wish.user_id, wish.asset)
    movements = share_out(wallet, wish.partner_id, wish.split)
    return record_transfer(
        session, TransferWish(kind=TransferKind.CHARGE, reference=wish.reference, movements=movements)
    )


def record_transfer(session: Session, wish: TransferWish) -> Receipt:
    """Write the transfer, at most once for each kind and reference. The caller commits.

    The database moves the balances (see the migrations), and refuses by itself what is refused here with a name.

    Raises:
        OverdraftError: an account has less than should leave it.
        OverReversalError: more would be taken back than there was.
        UnknownTransferError: there is none to take back.
        TransferMismatchError: it was recorded before, with other movements.
        UnknownAssetError: nothing is counted in the asset.
    """
    if wish.reverses and (receipt := _prepare_reversal(session, wish, wish.reverses)):
        return receipt
    _gather_increments(session, wish)
    head = Head(id=new_id(Kind.TRANSFER), created_at=clock.now())
    for is_first_try in (True, False):
        if write(session, head, wish):
            return Receipt(transfer_id=head.id, replayed=False)
        # Seldom: done before (perhaps while this one waited), an account is new, or one has too little.
        if receipt := _find_receipt(session, wish):
            return receipt
        if is_first_try:
            open_accounts(session, wish.accounts)
    raise _overdraft(session, wish)


def _find_receipt(session: Session, wish: TransferWish) -> Receipt | None:
    by_name = (Transfer.kind == wish.kind, Transfer.reference == wish.reference)
    earlier = session.execute(select(Transfer.id, Transfer.reverses_id).where(*by_name)).one_or_none()
    if earlier is None:
        return None
    if earlier.reverses_id != wish.reverses or _read_movements(session, earlier.id) != Counter(wish.movements):
        raise TransferMismatchError(earlier.id)
    return Receipt(transfer_id=earlier.id, replayed=True)


def _read_movements(session: Session, transfer_id: str) -> Counter[Movement]:
    source, destination = aliased(Account), aliased(Account)
    rows = session.execute(
        select(source.kind, source.owner, destination.kind, destination.owner, Posting.asset, Posting.amount)
        .join(source, source.id == Posting.source_id)
        .join(destination, destination.id == Posting.destination_id)
        .where(Posting.transfer_id == transfer_id)
    )
    return Counter(
        Movement(
            source=AccountName(kind=AccountKind(from_kind), owner=from_owner, asset=asset),
            destination=AccountName(kind=AccountKind(to_kind), owner=to_owner, asset=asset),
            amount=amount,
        )
        for from_kind, from_owner, to_kind, to_owner, asset, amount in rows
    )


def _prepare_reversal(session: Session, wish: TransferWish, original_id: str) -> Receipt | None:
    """Lock what is taken back, so that its reversals come one after the other, and check what is left of it."""
    lock = select(Transfer.id).where(Transfer.id == original_id).with_for_update(key_share=True)
    if session.scalar(lock) is None:
        raise UnknownTransferError(original_id)
    if receipt := _find_receipt(session, wish):
        return receipt
    asset = wish.movements[0].source.asset
    wanted = sum(movement.amount for movement in wish.movements)
    left = get_reversible(session, original_id, asset)
    if wanted > left:
        raise OverReversalError(original_id, wanted=wanted, left=left)
    return None


def get_reversible(session: Session, transfer_id: str, asset: str) -> int:
    """Return how much of a transfer has not been taken back."""
    sums = select(func.coalesce(func.sum(Posting.amount), 0))
    moved = session.scalars(sums.where(Posting.transfer_id == transfer_id, Posting.asset == asset)).one()
    counted = (Reversal.transfer_id == transfer_id, Reversal.asset == asset)
    return int(moved) - (session.scalar(select(Reversal.reversed_amount).where(*counted)) or 0)


def _gather_increments(session: Session, wish: TransferWish) -> None:
    """Roll up hot accounts that this transfer debits, so that their whole balance counts; lowest id first."""
    hot = [name for name in wish.debits() if name.kind.is_hot and not name.kind.may_be_negative]
    for account_id in sorted(found for name in hot if (found := find_account(session, name)) is not None):
        roll_up(session, account_id)


def _overdraft(session: Session, wish: TransferWish) -> OverdraftError:
    debits = [(name, wanted) for name, wanted in wish.debits().items() if not name.kind.may_be_negative]
    short = [(name, wanted, get_balance(session, name)) for name, wanted in debits]
    # Another may have paid in between the refusal and this look; then the first debit is named.
    name, wanted, available = next((found for found in short if found[1] > found[2]), short[0])
    return OverdraftError(name, wanted=wanted, available=available)
