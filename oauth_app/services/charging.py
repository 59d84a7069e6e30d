"""Take money from a user for a partner: once, whatever breaks on the way.

From the user's wallet here it is one transaction. From their balance at OhMyGPT it cannot be, and OhMyGPT has no
idempotency of its own, so the hub keeps it: a row is committed before anything is sent, the charge is sent once,
outside any transaction, and the answer settles the row. The balance that was read just before is committed too; a
row without it was surely never sent.

USD and CNY come from the wallet. OMG comes from the wallet when that covers the whole amount (it holds refunds), and
else from OhMyGPT; never in part from both.

What is refused before the row is written (a limit, no connection) leaves the key free. Once the row is there
its outcome is final for the key: a charge that was surely not sent is answered the same again, and the
partner tries anew with a new key.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from oauth_app import clock
from oauth_app.db import insert_into, reading, transaction
from oauth_app.hub import Hub
from oauth_app.identifiers import Kind, new_id
from oauth_app.ledger import split_amount
from oauth_app.models import Charge
from oauth_app.services.access import Access
from oauth_app.services.charge_limits import check_limits, lock_consent, needs_approval
from oauth_app.services.charge_paying import choose_funding, pay_from_wallet
from oauth_app.services.charge_sending import send_charge
from oauth_app.services.charge_states import ChargeStatus, Funding, begun_at, check_outcome, settle
from oauth_app.services.charge_telling import approval_url, tell_of_charge
from oauth_app.services.connections import open_token
from oauth_app.services.exchange import check_asset, rates_of
from oauth_app.services.fees import current_fee
from oauth_app.services.idempotency import IdempotencyInFlightError, check_key, check_same, digest_of
from oauth_app.services.scopes import Scope
from oauth_app.services.upstream_calls import lease

_RETRY_AFTER_S = 2
#: How long a charge above the step-up limit waits for the user's word.
APPROVAL_LIFE = timedelta(hours=24)


@dataclass(frozen=True, kw_only=True)
class ChargeWish:
    """What a partner wants to take; ``amount`` in hundredths of the asset."""

    amount: int
    asset: str
    description: str
    idempotency_key: str
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
                "metadata": dict(self.metadata),
            }
        )


@dataclass(frozen=True, kw_only=True)
class Receipt:
    """The charge, and whether an earlier request had made it."""

    charge: Charge
    replayed: bool


@dataclass(frozen=True, kw_only=True)
class _Opened:
    charge: Charge
    is_new: bool
    #: The user's OhMyGPT token, where the charge is sent there now.
    token: str | None = field(default=None, repr=False)


def charge(hub: Hub, access: Access, wish: ChargeWish) -> Receipt:
    """Charge the user, at most once for each (partner, idempotency key). Owns its transactions.

    The charge comes back ``succeeded``, ``unknown``, ``approval_required`` if the user must be asked first, or
    ``pending`` if whoever made it seems to have died.

    Raises:
        InsufficientScopeError: the user did not allow charges.
        InvalidTokenError: the user has disconnected the partner in the meantime.
        IdempotencyMismatchError: the key was used for another wish.
        IdempotencyInFlightError: the first request of this key is still under way.
        LimitExceededError: more than the user allowed.
        ConnectionLostError: the user must sign in at the hub again.
        UnsettledError: it was tried, and took nothing.
    """
    access.require(Scope.CHARGES_WRITE)
    opened = _open(hub, access, wish)
    if not opened.is_new:
        _check_repeat(hub, opened.charge, wish.digest(access.user_id))
    if opened.token is None:
        return Receipt(charge=check_outcome(opened.charge), replayed=not opened.is_new)
    return Receipt(charge=check_outcome(send_and_settle(hub, opened.charge, opened.token)), replayed=False)


def send_and_settle(hub: Hub, pending: Charge, token: str) -> Charge:
    """Send the charge that is written down, and return what became of it. Owns its transactions."""
    verdict = send_charge(hub, pending, token)
    with transaction(hub.engine) as session:
        return settle(session, pending.id, verdict)


def _open(hub: Hub, access: Access, wish: ChargeWish) -> _Opened:
    rates = rates_of(hub)
    weight = rates.weigh(wish.amount, wish.asset)
    with transaction(hub.engine) as session:
        consent = lock_consent(session, access.consent_id)
        if earlier := _find(session, access.partner_id, wish.idempotency_key):
            return _Opened(charge=earlier, is_new=False)
        check_limits(session, consent, weight, rates)
        funding = choose_funding(session, access.user_id, wish.amount, wish.asset)
        # Also for one that waits: a user who must sign in again is better told before being asked.
        token = _token(session, hub, access.user_id) if funding is Funding.UPSTREAM else None
        waits = needs_approval(consent, weight)
        if created := _insert(session, access, wish, {"funding": funding} | _beginning(waits=waits)):
            return _begin(session, hub, created, token)
    # Two users' requests with one key passed the look-up together, for they hold different locks; the
    # second landed on the first one's row.
    with reading(hub.engine) as session:
        return _Opened(charge=_get(session, access.partner_id, wish.idempotency_key), is_new=False)


def _begin(session: Session, hub: Hub, created: Charge, token: str | None) -> _Opened:
    if created.status == ChargeStatus.APPROVAL_REQUIRED:
        tell_of_charge(session, created, approval_url=approval_url(created, hub.settings.hub_issuer))
        return _Opened(charge=created, is_new=True)
    if created.funding == Funding.WALLET:
        return _Opened(charge=pay_from_wallet(session, created), is_new=True)
    return _Opened(charge=created, is_new=True, token=token)


def _token(session: Session, hub: Hub, user_id: str) -> str:
    return open_token(session, hub.vault, user_id, reason="charge")


def _beginning(*, waits: bool) -> dict[str, Any]:
    if not waits:
        return {"status": ChargeStatus.PENDING}
    return {"status": ChargeStatus.APPROVAL_REQUIRED, "approval_ends_at": clock.now() + APPROVAL_LIFE}


def _find(session: Session, partner_id: str, key: str) -> Charge | None:
    return session.scalar(select(Charge).where(Charge.partner_id == partner_id, Charge.idempotency_key == key))


def _get(session: Session, partner_id: str, key: str) -> Charge:
    return session.scalars(select(Charge).where(Charge.partner_id == partner_id, Charge.idempotency_key == key)).one()


def _insert(session: Session, access: Access, wish: ChargeWish, beginning: dict[str, Any]) -> Charge | None:
    fee = current_fee(session, access.partner_id)
    values = {
        "id": new_id(Kind.CHARGE),
        "partner_id": access.partner_id,
        "user_id": access.user_id,
        "consent_id": access.consent_id,
        "idempotency_key": wish.idempotency_key,
        "request_digest": wish.digest(access.user_id),
        "amount": wish.amount,
        "asset": wish.asset,
        "fee": split_amount(wish.amount, fee.basis_points).fee,
        "fee_version_id": fee.id,
        "description": wish.description,
        "details": dict(wish.metadata),
        "created_at": clock.now(),
        **beginning,
    }
    by_key = [Charge.partner_id, Charge.idempotency_key]
    insert = insert_into(session, Charge).values(**values).on_conflict_do_nothing(index_elements=by_key)
    return session.scalar(insert.returning(Charge))


def _check_repeat(hub: Hub, earlier: Charge, wish_digest: str) -> None:
    check_same(earlier.request_digest, wish_digest)
    is_young = clock.now() - begun_at(earlier) < lease(hub.settings)
    if earlier.status == ChargeStatus.PENDING and is_young:
        raise IdempotencyInFlightError(retry_after_s=_RETRY_AFTER_S)
