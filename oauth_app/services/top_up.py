"""Top-ups: an order that the user pays at OhMyGPT, or by Stripe into the wallet here.

The row is committed before anybody is asked. An order at OhMyGPT whose opening failed is never shown to
anybody, so nobody can pay it: the row is ``failed``, and final for its key. Stripe can be asked again
(``stripe_opening``).
"""

from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Select, select, update
from sqlalchemy.orm import Session

from oauth_app import clock
from oauth_app.db import insert_into, reading, transaction
from oauth_app.hub import Hub
from oauth_app.identifiers import Kind, new_id
from oauth_app.models import Partner, TopUp
from oauth_app.services.access import Access
from oauth_app.services.connections import ConnectionLostError, open_token
from oauth_app.services.events import EventType
from oauth_app.services.idempotency import IdempotencyInFlightError, check_same
from oauth_app.services.paging import Page, PageWish, read_page
from oauth_app.services.partner_sight import ALL, Filter
from oauth_app.services.stripe_looking import gateway_of
from oauth_app.services.stripe_opening import LEASE, open_at_stripe
from oauth_app.services.top_up_errors import TopUpFailedError, TopUpUnclearError, UnknownTopUpError
from oauth_app.services.top_up_news import tell_of_top_up
from oauth_app.services.top_up_states import TopUpStatus
from oauth_app.services.top_up_wishes import STRIPE, TopUpKind, TopUpWish, check_return_url
from oauth_app.services.upstream_calls import lease, noting_loss
from oauth_app.upstream import UpstreamError, UpstreamInsufficientFundsError, UpstreamOrder

_RETRY_AFTER_S = 2


@dataclass(frozen=True, kw_only=True)
class TopUpReceipt:
    """The top-up, and whether an earlier request had opened it."""

    top_up: TopUp
    replayed: bool


@dataclass(frozen=True, kw_only=True)
class _Written:
    top_up: TopUp
    is_new: bool
    #: The user's OhMyGPT token, for whoever must ask there.
    token: str = field(default="", repr=False)


def open_top_up(hub: Hub, wish: TopUpWish) -> TopUpReceipt:
    """Open an order that the user can pay at ``top_up.url``. Owns its transactions.

    Raises:
        InvalidTopUpError: ``return_url`` is not the partner's.
        IdempotencyMismatchError: the key was used for another wish.
        IdempotencyInFlightError: the first request of this key is still under way.
        ConnectionLostError: the user must sign in at the hub again.
        ProviderNotEnabledError: the operator has no account at Stripe.
        TopUpFailedError: OhMyGPT or Stripe opened no order.
        TopUpUnclearError: Stripe did not answer; a repeat finds out.
    """
    if wish.provider == STRIPE:
        gateway_of(hub)
    written = _write(hub, wish)
    if not written.is_new:
        _check_repeat(hub, written.top_up, wish)
    opened = _open(hub, written)
    return TopUpReceipt(top_up=_check_opened(opened), replayed=not written.is_new)


def get_top_up(session: Session, access: Access, top_up_id: str) -> TopUp:
    """Return an order that this partner opened for this user.

    Raises:
        UnknownTopUpError: there is none; one of another partner or user is none, too.
    """
    top_up = session.get(TopUp, top_up_id)
    if top_up is None or (top_up.partner_id, top_up.user_id) != (access.partner_id, access.user_id):
        raise UnknownTopUpError(top_up_id)
    return top_up


def list_top_ups(
    session: Session, access: Access, wish: PageWish, wanted: Filter = ALL, *, provider: str | None = None
) -> Page[TopUp]:
    """Return the orders that this partner opened for this user, newest first."""
    own = select(TopUp).where(TopUp.partner_id == access.partner_id, TopUp.user_id == access.user_id)
    if provider is not None:
        own = own.where(TopUp.provider == provider)
    return read_page(session, own.where(*wanted.condition(TopUp)), TopUp.id, wish)


def _write(hub: Hub, wish: TopUpWish) -> _Written:
    with transaction(hub.engine) as session:
        partner = session.get_one(Partner, wish.partner_id) if wish.partner_id else None
        check_return_url(wish.return_url, partner, hub.settings.hub_issuer)
        if earlier := _find(session, wish):
            return _Written(top_up=earlier, is_new=False)
        token = "" if wish.provider == STRIPE else open_token(session, hub.vault, wish.user_id, reason="top_up")
        if created := _insert(session, wish):
            return _Written(top_up=created, is_new=True, token=token)
    # Two requests with one key passed the look-up together; the second landed on the first one's row.
    with reading(hub.engine) as session:
        return _Written(top_up=session.scalars(_by_key(wish)).one(), is_new=False)


def _find(session: Session, wish: TopUpWish) -> TopUp | None:
    return session.scalar(_by_key(wish)) if wish.idempotency_key else None


def _by_key(wish: TopUpWish) -> Select[TopUp]:
    return select(TopUp).where(TopUp.partner_id == wish.partner_id, TopUp.idempotency_key == wish.idempotency_key)


def _insert(session: Session, wish: TopUpWish) -> TopUp | None:
    values = {
        "id": new_id(Kind.TOP_UP),
        "user_id": wish.user_id,
        "partner_id": wish.partner_id,
        "idempotency_key": wish.idempotency_key,
        "request_digest": wish.digest(),
        "provider": wish.provider,
        "kind": wish.kind,
        "amount": wish.amount,
        "asset": wish.asset,
        "status": TopUpStatus.CREATING,
        "return_url": wish.return_url,
        "keep_card": wish.keep_card,
        "created_at": clock.now(),
    }
    by_key = [TopUp.partner_id, TopUp.idempotency_key]
    insert = insert_into(session, TopUp).values(**values).on_conflict_do_nothing(index_elements=by_key)
    return session.scalar(insert.returning(TopUp))


def _check_repeat(hub: Hub, earlier: TopUp, wish: TopUpWish) -> None:
    check_same(earlier.request_digest, wish.digest())
    is_young = clock.now() - earlier.created_at < (LEASE if earlier.provider == STRIPE else lease(hub.settings))
    if earlier.status == TopUpStatus.CREATING and is_young:
        raise IdempotencyInFlightError(retry_after_s=_RETRY_AFTER_S)


def _open(hub: Hub, written: _Written) -> TopUp:
    if written.top_up.provider == STRIPE and written.top_up.status == TopUpStatus.CREATING:
        return open_at_stripe(hub, written.top_up.id)
    return _order(hub, written.top_up, written.token) if written.is_new else written.top_up


def _check_opened(top_up: TopUp) -> TopUp:
    if top_up.provider == STRIPE and top_up.status == TopUpStatus.CREATING:
        raise TopUpUnclearError(top_up.id)
    if top_up.status != TopUpStatus.FAILED:
        return top_up
    if top_up.failure_code == "connection_lost":
        raise ConnectionLostError(top_up.user_id)
    raise TopUpFailedError(top_up.id)


def _order(hub: Hub, created: TopUp, token: str) -> TopUp:
    try:
        with noting_loss(hub, created.user_id, token):
            # Before the order exists: a payment can only be seen as a rise above what was there.
            balance, seen_at = _balance(hub, token), clock.now()
            order = _ask(hub, created, token)
    except ConnectionLostError:
        return _finish(hub, created, _failed("connection_lost"))
    except UpstreamError:
        return _finish(hub, created, _failed("upstream_unavailable"))
    found = {"upstream_order_id": order.order_id, "url": order.url, "low_water_balance": balance, "looked_at": seen_at}
    return _finish(hub, created, {"status": TopUpStatus.OPEN, **found})


def _balance(hub: Hub, token: str) -> int:
    try:
        return hub.upstream.balance(token).paid
    except UpstreamInsufficientFundsError:
        return 0  # OhMyGPT refuses most calls of a user who has nothing; those are who tops up


def _failed(code: str) -> dict[str, Any]:
    return {"status": TopUpStatus.FAILED, "failure_code": code, "settled_at": clock.now()}


def _ask(hub: Hub, created: TopUp, token: str) -> UpstreamOrder:
    if created.kind == TopUpKind.INVOICE:
        return hub.upstream.invoice_order(token, amount=created.amount)
    page = f"{hub.settings.hub_issuer}/account/top-ups/{created.id}"
    return hub.upstream.checkout_order(token, amount=created.amount, success_url=page, cancel_url=f"{page}?cancelled=1")


def _finish(hub: Hub, created: TopUp, values: dict[str, Any]) -> TopUp:
    """Note how the opening went, unless the worker has given it up in the meantime."""
    with transaction(hub.engine) as session:
        changed = session.execute(
            update(TopUp)
            .where(TopUp.id == created.id, TopUp.status == TopUpStatus.CREATING)
            .values(**values)
            .returning(TopUp.id)
        ).first()
        top_up = session.get_one(TopUp, created.id, populate_existing=True)
        if changed:
            opened = top_up.status == TopUpStatus.OPEN
            tell_of_top_up(session, top_up, EventType.TOP_UP_OPENED if opened else EventType.TOP_UP_FAILED)
        return top_up
