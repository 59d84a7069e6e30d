"""Whether a user may spend from the wallet: not while money that came in by Stripe is contested, or owed."""

from sqlalchemy import exists, or_, select
from sqlalchemy.orm import Session

from oauth_app.ledger import AccountKind
from oauth_app.models import Account, TopUp
from oauth_app.services.top_up_states import TopUpStatus


def is_frozen(session: Session, user_id: str) -> bool:
    """Tell whether a dispute about a top-up is open, or money that went back had been spent already."""
    disputed = exists().where(TopUp.user_id == user_id, TopUp.status == TopUpStatus.DISPUTED)
    owed = exists().where(Account.kind == AccountKind.OPERATOR_LOSS, Account.owner == user_id, Account.balance < 0)
    return bool(session.scalar(select(or_(disputed, owed))))
