"""Holds: money of a user's wallet reserved for a partner, and captured as a charge, let go, or expired.

The ledger moves the money and decides which end a hold comes to; here are the partner's wishes, keys and limits. A
capture makes a charge, so that refunds, statements and limits have one story. Each act is one transaction: a repeat
of a request waits for the first, and is answered the same.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from oauth_app import clock, ledger
from oauth_app.db import insert_into, transaction
from oauth_app.hub import Hub
from oauth_app.models import Consent, Hold, HoldRequest
from oauth_app.services.access import Access
from oauth_app.services.charge_errors import WalletFrozenError
from oauth_app.services.charge_limits import check_limits, lock_consent, needs_approval
from oauth_app.services.events import EventType, record_event
from oauth_app.services.exchange import check_asset, rates_of
from oauth_app.services.hold_errors import HoldNeedsApprovalError, UncoveredHoldError, UnknownHoldError
from oauth_app.services.hold_views import HoldView, view_hold
from oauth_app.services.idempotency import IdempotencyMismatchError, check_key, check_same, digest_of
from oauth_app.services.partner_sight import Sight
from oauth_app.services.scopes import Scope
from oauth_app.services.wallet_freeze import is_frozen
from oauth_app.services.wire_objects import hold_object

MIN_LIFE, MAX_LIFE, DEFAULT_LIFE = timedelta(minutes=1), timedelta(days=30), timedelta(days=7)
_BATCH = 100


@dataclass(frozen=True, kw_only=True)
class Reservation:
    """What a partner wants to be held; ``amount`` in hundredths of the asset."""

    amount: int
    asset: str
    description: str
    idempotency_key: str
    life: timedelta = DEFAULT_LIFE
    metadata: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        check_key(self.idempotency_key)
        check_asset(self.asset)

    def digest(self, user_id: str) -> str:
        """Return what a repeat of the request must have in common with it."""
        return digest_of(
            {
                "user": user_id,
                "amount": self.amount,
                "asset": self.asset,
                "description": self.description,
                "life": self.life // timedelta(seconds=1),
                "metadata": dict(self.metadata),
            }
        )


@dataclass(frozen=True, kw_only=True)
class HoldReceipt:
    """The hold, and whether an earlier request had done what was asked."""

    view: HoldView
    replayed: bool


def place(hub: Hub, access: Access, wish: Reservation) -> HoldReceipt:
    """Reserve money of the user's wallet, at most once for each (partner, idempotency key). Owns its transaction.

    What is refused writes nothing and leaves the key free.

    Raises:
        InsufficientScopeError: the user did not allow charges.
        InvalidTokenError: the user has disconnected the partner in the meantime.
        IdempotencyMismatchError: the key was used for another wish.
        LimitExceededError: more than the user allowed.
        HoldNeedsApprovalError: more than the user lets be taken without being asked.
        WalletFrozenError: a payment into the wallet is disputed, or money is owed.
        UncoveredHoldError: the wallet has less.
    """
    access.require(Scope.CHARGES_WRITE)
    rates = rates_of(hub)
    weight = rates.weigh(wish.amount, wish.asset)
    with transaction(hub.engine) as session:
        consent = lock_consent(session, access.consent_id)
        if earlier := _find(session, access.partner_id, wish.idempotency_key):
            check_same(earlier.request_digest, wish.digest(access.user_id))
            return HoldReceipt(view=view_hold(session, earlier.hold_id), replayed=True)
        check_limits(session, consent, weight, rates)
        if needs_approval(consent, weight):
            raise HoldNeedsApprovalError
        if is_frozen(session, access.user_id):
            raise WalletFrozenError(access.user_id)
        hold_id = _reserve(session, consent, wish)
        _insert(session, consent, wish, hold_id)
        return HoldReceipt(view=tell_of_hold(session, hold_id, EventType.HOLD_CREATED), replayed=False)


def void(session: Session, sight: Sight, hold_id: str, key: str) -> HoldReceipt:
    """Let the whole hold go, at most once for each (partner, idempotency key). The caller commits.

    The user need not be connected any more.

    Raises:
        UnknownHoldError: the partner has no such hold, or the named user has not.
        IdempotencyMismatchError: the key voided another hold.
        HoldClosedError: it was captured or voided before, or has expired.
    """
    hold = get_hold(session, sight, hold_id)
    if _is_voided_by(session, hold, key):
        return HoldReceipt(view=view_hold(session, hold.id), replayed=True)
    try:
        ledger.void_hold(session, hold.id)
    except ledger.HoldClosedError:
        # An equal request may have been the one that this one waited for.
        if _is_voided_by(session, hold, key):
            return HoldReceipt(view=view_hold(session, hold.id), replayed=True)
        raise
    _note_void(session, hold, key)
    return HoldReceipt(view=tell_of_hold(session, hold.id, EventType.HOLD_VOIDED), replayed=False)


def expire_holds(hub: Hub) -> int:
    """Give back what was held too long; return how many holds."""
    with transaction(hub.engine) as session:
        expired = ledger.expire_due_holds(session, limit=_BATCH)
        for receipt in expired:
            tell_of_hold(session, receipt.hold_id, EventType.HOLD_EXPIRED)
    return len(expired)


def get_hold(session: Session, sight: Sight, hold_id: str) -> Hold:
    """Return a hold of this partner, and of this user if one is named.

    Raises:
        UnknownHoldError: there is none; one of another partner or user is none, too.
    """
    hold = session.get(Hold, hold_id)
    if hold is None or not sight.covers(hold):
        raise UnknownHoldError(hold_id)
    return hold


def tell_of_hold(session: Session, hold_id: str, event_type: EventType) -> HoldView:
    """Write the event of what happened to the hold, and return how it is now. The caller commits."""
    view = view_hold(session, hold_id)
    subject = session.scalars(select(Consent.subject).where(Consent.id == view.request.consent_id)).one()
    told = hold_object(view.hold, view.request, subject, charge_id=view.charge_id)
    record_event(session, view.hold.partner_id, event_type, hold_id, told)
    return view


def _reserve(session: Session, consent: Consent, wish: Reservation) -> str:
    order = ledger.HoldWish(
        partner_id=consent.partner_id,
        user_id=consent.user_id,
        asset=wish.asset,
        amount=wish.amount,
        expires_at=clock.now() + wish.life,
    )
    try:
        return ledger.place_hold(session, order).hold_id
    except ledger.OverdraftError as error:
        raise UncoveredHoldError from error


def _find(session: Session, partner_id: str, key: str) -> HoldRequest | None:
    by_key = (HoldRequest.partner_id == partner_id, HoldRequest.idempotency_key == key)
    return session.scalar(select(HoldRequest).where(*by_key))


def _insert(session: Session, consent: Consent, wish: Reservation, hold_id: str) -> None:
    values: dict[str, Any] = {
        "hold_id": hold_id,
        "partner_id": consent.partner_id,
        "consent_id": consent.id,
        "idempotency_key": wish.idempotency_key,
        "request_digest": wish.digest(consent.user_id),
        "description": wish.description,
        "details": dict(wish.metadata),
    }
    by_key = [HoldRequest.partner_id, HoldRequest.idempotency_key]
    insert = insert_into(session, HoldRequest).values(**values).on_conflict_do_nothing(index_elements=by_key)
    if session.scalar(insert.returning(HoldRequest.hold_id)) is None:
        # Equal requests wait for each other at the consent; this key has just held another user's money.
        raise IdempotencyMismatchError


def _note_void(session: Session, hold: Hold, key: str) -> None:
    session.get_one(HoldRequest, hold.id).void_key = key
    try:
        session.flush()
    except IntegrityError as error:
        raise IdempotencyMismatchError from error  # at this moment it has voided another hold


def _is_voided_by(session: Session, hold: Hold, key: str) -> bool:
    by_key = (HoldRequest.partner_id == hold.partner_id, HoldRequest.void_key == key)
    voided = session.scalar(select(HoldRequest.hold_id).where(*by_key))
    if voided not in {None, hold.id}:
        raise IdempotencyMismatchError
    return voided == hold.id
