"""Take money from a user's OhMyGPT balance for a partner: once, whatever breaks on the way.

OhMyGPT has no idempotency of its own, so the hub keeps it: a row is committed before anything is sent, the
charge is sent once, outside any transaction, and the answer settles the row. The balance that was read just
before is committed too; a row without it was surely never sent.

What is refused before the row is written (a limit, no connection) leaves the key free. Once the row is there
its outcome is final for the key: a charge that was surely not sent is answered the same again, and the
partner tries anew with a new key.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlalchemy import select
from sqlalchemy.orm import Session

from oauth_app import clock
from oauth_app.db import insert_into, reading, transaction
from oauth_app.hub import Hub
from oauth_app.identifiers import Kind, new_id
from oauth_app.models import Charge, Partner
from oauth_app.services.access import Access
from oauth_app.services.charge_errors import UnsupportedAssetError
from oauth_app.services.charge_limits import check_limits, lock_consent
from oauth_app.services.charge_sending import send_charge
from oauth_app.services.charge_states import ChargeStatus, check_outcome, fee_of, settle
from oauth_app.services.connections import open_token
from oauth_app.services.idempotency import IdempotencyInFlightError, check_key, check_same, digest_of
from oauth_app.services.scopes import Scope
from oauth_app.services.upstream_calls import lease

#: The asset of OhMyGPT's own balance, and those that a wallet at the hub would hold.
OMG, WALLET_ASSETS = "OMG", ("USD", "CNY")
_RETRY_AFTER_S = 2


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
        if self.asset != OMG:
            raise UnsupportedAssetError(self.asset, is_known=self.asset in WALLET_ASSETS)

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
    #: The user's OhMyGPT token, for whoever wrote the row; None for a repeat.
    token: str | None = field(repr=False)


def charge(hub: Hub, access: Access, wish: ChargeWish) -> Receipt:
    """Charge the user, at most once for each (partner, idempotency key). Owns its transactions.

    The charge comes back ``succeeded``, ``unknown``, or ``pending`` if whoever made it seems to have died.

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
    if opened.token is None:
        _check_repeat(hub, opened.charge, wish.digest(access.user_id))
        return Receipt(charge=check_outcome(opened.charge), replayed=True)
    verdict = send_charge(hub, opened.charge, opened.token)
    with transaction(hub.engine) as session:
        settled = settle(session, opened.charge.id, verdict)
    return Receipt(charge=check_outcome(settled), replayed=False)


def _open(hub: Hub, access: Access, wish: ChargeWish) -> _Opened:
    with transaction(hub.engine) as session:
        consent = lock_consent(session, access.consent_id)
        if earlier := _find(session, access.partner_id, wish.idempotency_key):
            return _Opened(charge=earlier, token=None)
        token = open_token(session, hub.vault, access.user_id, reason="charge")
        check_limits(session, consent, wish.amount)
        if created := _insert(session, access, wish):
            return _Opened(charge=created, token=token)
    # Two users' requests with one key passed the look-up together, for they hold different locks; the
    # second landed on the first one's row.
    with reading(hub.engine) as session:
        return _Opened(charge=_get(session, access.partner_id, wish.idempotency_key), token=None)


def _find(session: Session, partner_id: str, key: str) -> Charge | None:
    return session.scalar(select(Charge).where(Charge.partner_id == partner_id, Charge.idempotency_key == key))


def _get(session: Session, partner_id: str, key: str) -> Charge:
    return session.scalars(select(Charge).where(Charge.partner_id == partner_id, Charge.idempotency_key == key)).one()


def _insert(session: Session, access: Access, wish: ChargeWish) -> Charge | None:
    values = {
        "id": new_id(Kind.CHARGE),
        "partner_id": access.partner_id,
        "user_id": access.user_id,
        "consent_id": access.consent_id,
        "idempotency_key": wish.idempotency_key,
        "request_digest": wish.digest(access.user_id),
        "amount": wish.amount,
        "asset": wish.asset,
        "fee": fee_of(wish.amount, session.get_one(Partner, access.partner_id).fee_basis_points),
        "description": wish.description,
        "details": dict(wish.metadata),
        "status": ChargeStatus.PENDING,
        "created_at": clock.now(),
    }
    by_key = [Charge.partner_id, Charge.idempotency_key]
    insert = insert_into(session, Charge).values(**values).on_conflict_do_nothing(index_elements=by_key)
    return session.scalar(insert.returning(Charge))


def _check_repeat(hub: Hub, earlier: Charge, wish_digest: str) -> None:
    check_same(earlier.request_digest, wish_digest)
    is_young = clock.now() - earlier.created_at < lease(hub.settings)
    if earlier.status == ChargeStatus.PENDING and is_young:
        raise IdempotencyInFlightError(retry_after_s=_RETRY_AFTER_S)
