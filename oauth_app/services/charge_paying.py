"""Where the money of a charge comes from, and how a wallet pays: in the transaction of the charge itself."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from oauth_app.ledger import AccountKind, OverdraftError, WalletCharge, charge_wallet
from oauth_app.models import Account, Charge
from oauth_app.services.charge_states import ChargeStatus, FailureCode, Funding, Verdict, settle, split_of
from oauth_app.services.exchange import OMG
from oauth_app.services.wallet_freeze import is_frozen


def choose_funding(session: Session, user_id: str, amount: int, asset: str) -> Funding:
    """Return who pays: for OMG the wallet if it covers the whole amount, and else OhMyGPT; for others the wallet."""
    if asset != OMG:
        return Funding.WALLET
    # Locked, so that what covers the amount now still does when it is taken.
    wallet = (Account.kind == AccountKind.USER_WALLET, Account.owner == user_id, Account.asset == OMG)
    available = session.scalar(select(Account.balance).where(*wallet).with_for_update(key_share=True))
    return Funding.WALLET if (available or 0) >= amount else Funding.UPSTREAM


def pay_from_wallet(session: Session, pending: Charge) -> Charge:
    """Take the money out of the user's wallet; return the charge, ``succeeded`` or ``declined``. The caller commits."""
    if is_frozen(session, pending.user_id):
        return settle(session, pending.id, Verdict.of_failure(FailureCode.WALLET_FROZEN))
    wish = WalletCharge(
        reference=pending.id,
        partner_id=pending.partner_id,
        user_id=pending.user_id,
        asset=pending.asset,
        split=split_of(pending),
    )
    try:
        charge_wallet(session, wish)
    except OverdraftError:
        return settle(session, pending.id, Verdict.of_failure(FailureCode.INSUFFICIENT_FUNDS))
    return settle(session, pending.id, Verdict(status=ChargeStatus.SUCCEEDED))
