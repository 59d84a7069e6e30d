"""Automatic top-ups: when the wallet falls below a threshold, a card on file pays more in, up to a monthly ceiling.

Single flight: the standing order names the one top-up that is under way, and only a conditional UPDATE sets it.
Whatever books the end of that top-up takes the name away again (``stripe_booking``).
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.orm import Session

from oauth_app import clock
from oauth_app.db import insert_into, reading, transaction
from oauth_app.errors import HubError
from oauth_app.hub import Hub
from oauth_app.identifiers import Kind, new_id
from oauth_app.ledger import AccountKind, AccountName, get_balance
from oauth_app.models import Account, AutoTopUp, TopUp
from oauth_app.services.stripe_customers import find_customer
from oauth_app.services.stripe_looking import gateway_of
from oauth_app.services.stripe_opening import open_at_stripe
from oauth_app.services.top_up_states import CREDITED, WAITING, TopUpStatus
from oauth_app.services.top_up_wishes import ASSETS, MAX_AMOUNT, MIN_AMOUNT, SAVED_CARD, STRIPE
from oauth_app.services.wallet_freeze import is_frozen

#: Why an order stands still that the user has stopped.
BY_USER = "by_user"


class AutoTopUpError(HubError):
    """A standing order that cannot be taken."""


class NoCardError(AutoTopUpError):
    """There is no card on file: the user keeps one with a payment first."""


class InvalidAutoTopUpError(AutoTopUpError):
    """The amounts make no sense together."""


@dataclass(frozen=True, kw_only=True)
class AutoTopUpWish:
    """What a user agrees to; amounts in hundredths."""

    user_id: str
    asset: str
    threshold: int
    amount: int
    monthly_ceiling: int

    def __post_init__(self) -> None:
        fits = MIN_AMOUNT <= self.amount <= self.monthly_ceiling <= MAX_AMOUNT and 0 <= self.threshold <= MAX_AMOUNT
        if not fits or self.asset not in ASSETS[STRIPE]:
            raise InvalidAutoTopUpError


@dataclass(frozen=True, kw_only=True)
class StandingOrder:
    """A standing order as its owner sees it."""

    order: AutoTopUp
    used_this_month: int

    @property
    def ceiling_is_reached(self) -> bool:
        """Whether nothing more is added this month."""
        return self.used_this_month + self.order.amount > self.order.monthly_ceiling


def agree(session: Session, wish: AutoTopUpWish, *, livemode: bool) -> None:
    """Set the standing order on the card that was kept last, and let it begin. The caller commits.

    Raises:
        NoCardError: the user has kept none.
    """
    customer = find_customer(session, wish.user_id, livemode=livemode)
    if customer is None or customer.payment_method_id is None:
        raise NoCardError(wish.user_id)
    terms = {
        "threshold": wish.threshold,
        "amount": wish.amount,
        "monthly_ceiling": wish.monthly_ceiling,
        "stopped_reason": None,
        "agreed_at": clock.now(),
    }
    name = {"user_id": wish.user_id, "asset": wish.asset}
    insert = insert_into(session, AutoTopUp).values(payment_method_id=customer.payment_method_id, **name, **terms)
    session.execute(insert.on_conflict_do_update(index_elements=[AutoTopUp.user_id, AutoTopUp.asset], set_=terms))
    # Not while the old card is being charged: a repeat of that call must say the same.
    idle = (AutoTopUp.user_id == wish.user_id, AutoTopUp.asset == wish.asset, AutoTopUp.top_up_id.is_(None))
    session.execute(update(AutoTopUp).where(*idle).values(payment_method_id=customer.payment_method_id))


def stop(session: Session, user_id: str, asset: str) -> None:
    """Stop the user's standing order; what is under way ends by itself. The caller commits."""
    mine = (AutoTopUp.user_id == user_id, AutoTopUp.asset == asset)
    session.execute(update(AutoTopUp).where(*mine).values(stopped_reason=BY_USER))


def list_standing_orders(session: Session, user_id: str) -> list[StandingOrder]:
    """Return the user's standing orders, with what they have added this month."""
    orders = session.scalars(select(AutoTopUp).where(AutoTopUp.user_id == user_id).order_by(AutoTopUp.asset))
    return [StandingOrder(order=order, used_this_month=_used(session, user_id, order.asset)) for order in orders]


def top_up_low_wallets(hub: Hub) -> int:
    """Begin a top-up for every wallet that is below its threshold; return how many. Owns its transactions."""
    if hub.payments is None:
        return 0
    with reading(hub.engine) as session:
        low = _find_low(session)
    return sum(top_up_if_low(hub, user_id, asset) is not None for user_id, asset in low)


def top_up_if_low(hub: Hub, user_id: str, asset: str) -> str | None:
    """Let the card on file pay if the wallet is low and nothing is under way; return the top-up's id.

    For whoever has just taken money from a wallet, after the commit: it asks Stripe. Owns its transactions.

    Raises:
        ProviderNotEnabledError: the hub has no key of Stripe's.
    """
    gateway_of(hub)
    with transaction(hub.engine) as session:
        top_up_id = _claim(session, user_id, asset)
    if top_up_id is not None:
        open_at_stripe(hub, top_up_id)
    return top_up_id


def _find_low(session: Session) -> list[tuple[str, str]]:
    wallet = (
        (Account.owner == AutoTopUp.user_id)
        & (Account.asset == AutoTopUp.asset)
        & (Account.kind == AccountKind.USER_WALLET)
    )
    rows = session.execute(
        select(AutoTopUp.user_id, AutoTopUp.asset)
        .outerjoin(Account, wallet)
        .where(_is_ready(), func.coalesce(Account.balance, 0) < AutoTopUp.threshold)
    )
    return [(user_id, asset) for user_id, asset in rows]


def _is_ready() -> ColumnElement[bool]:
    return AutoTopUp.top_up_id.is_(None) & AutoTopUp.stopped_reason.is_(None)


def _claim(session: Session, user_id: str, asset: str) -> str | None:
    """Write the top-up and make it the one under way; None if there is no need, or no leave."""
    mine = (AutoTopUp.user_id == user_id, AutoTopUp.asset == asset)
    order = session.scalar(select(AutoTopUp).where(*mine).with_for_update())
    if order is None or not _is_wanted(session, order):
        return None
    top_up_id = _insert(session, order)
    claim = update(AutoTopUp).where(*mine, _is_ready()).values(top_up_id=top_up_id).returning(AutoTopUp.user_id)
    if session.execute(claim).first() is None:
        session.rollback()
        return None
    return top_up_id


def _is_wanted(session: Session, order: AutoTopUp) -> bool:
    if order.top_up_id is not None or order.stopped_reason is not None:
        return False
    is_low = get_balance(session, AccountName.wallet(order.user_id, order.asset)) < order.threshold
    is_within = _used(session, order.user_id, order.asset) + order.amount <= order.monthly_ceiling
    return is_low and is_within and not is_frozen(session, order.user_id)


def _used(session: Session, user_id: str, asset: str) -> int:
    """Return what automatic top-ups have added since the month began, or may still add."""
    counted = (*CREDITED, *WAITING)
    mine = (TopUp.user_id == user_id, TopUp.asset == asset, TopUp.kind == SAVED_CARD, TopUp.status.in_(counted))
    return int(session.scalar(select(func.sum(TopUp.amount)).where(*mine, TopUp.created_at >= _month_start())) or 0)


def _insert(session: Session, order: AutoTopUp) -> str:
    top_up_id = new_id(Kind.TOP_UP)
    session.add(
        TopUp(
            id=top_up_id,
            user_id=order.user_id,
            provider=STRIPE,
            kind=SAVED_CARD,
            amount=order.amount,
            asset=order.asset,
            status=TopUpStatus.CREATING,
            created_at=clock.now(),
        )
    )
    session.flush()  # the standing order names it
    return top_up_id


def _month_start() -> datetime:
    return clock.now().replace(day=1, hour=0, minute=0, second=0, microsecond=0)
