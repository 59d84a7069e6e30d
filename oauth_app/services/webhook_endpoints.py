"""Where partners want to be told: registered, changed, switched off and on, with a new secret, deleted."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from oauth_app import clock
from oauth_app.db import insert_into
from oauth_app.guarded_http import ForbiddenAddressError, GuardedHttp, OutboundFailedError
from oauth_app.identifiers import Kind, new_id
from oauth_app.models import Delivery, EventDelivery, WebhookEndpoint
from oauth_app.services.events import EventType
from oauth_app.services.idempotency import check_key, check_same, digest_of
from oauth_app.services.paging import Page, PageWish, read_page
from oauth_app.services.webhook_errors import InvalidEndpointError, TooManyEndpointsError, UnknownEndpointError
from oauth_app.services.webhook_secrets import open_secret, replace_secret, seal_first
from oauth_app.vault import Vault

#: Each event is kept once for each of them.
MAX_ENDPOINTS = 16
_MAX_URL_CHARS = 2048


@dataclass(frozen=True, kw_only=True)
class EndpointWish:
    """Where a partner wants to be told, and of what; no event types are all of them.

    Raises:
        InvalidEndpointError: a type is not known.
    """

    partner_id: str
    url: str
    event_types: Sequence[str] = ()
    #: None when an operator registers it.
    idempotency_key: str | None = None

    def __post_init__(self) -> None:
        _check_types(self.event_types)
        if self.idempotency_key is not None:
            check_key(self.idempotency_key)

    def digest(self) -> str:
        """Return what a repeat of the request must have in common with it."""
        return digest_of({"url": self.url, "event_types": list(self.event_types)})


@dataclass(frozen=True, kw_only=True)
class Receipt:
    """The endpoint and its secret, which is shown only now."""

    endpoint: WebhookEndpoint
    #: None when an equal request had registered it, and the secret was replaced since.
    secret: str | None = field(repr=False)
    replayed: bool = False


def check_url(outside: GuardedHttp, url: str) -> None:
    """Refuse an address that the hub would not go to. Asks the name server, so not within a transaction.

    Raises:
        InvalidEndpointError: not https, not public, not there, or too long.
    """
    if len(url) > _MAX_URL_CHARS or "#" in url:
        reason = f"at most {_MAX_URL_CHARS} characters, without a fragment"
        raise InvalidEndpointError(field="url", reason=reason)
    try:
        outside.check(url)
    except ForbiddenAddressError:
        reason = "it must begin with https:// and lead to a public address"
        raise InvalidEndpointError(field="url", reason=reason) from None
    except OutboundFailedError:
        reason = "its host has no address"
        raise InvalidEndpointError(field="url", reason=reason) from None


def register_endpoint(session: Session, vault: Vault, wish: EndpointWish) -> Receipt:
    """Register an endpoint whose address was checked (``check_url``). The caller commits.

    Raises:
        IdempotencyMismatchError: the key was used for another wish.
        TooManyEndpointsError: there are 16 already.
    """
    if earlier := _find_by_key(session, wish):
        return _repeat(vault, earlier, wish)
    own = select(func.count()).where(WebhookEndpoint.partner_id == wish.partner_id)
    if session.scalars(own).one() >= MAX_ENDPOINTS:
        raise TooManyEndpointsError(MAX_ENDPOINTS)
    endpoint_id = new_id(Kind.WEBHOOK_ENDPOINT)
    secret, sealed_secret = seal_first(vault, endpoint_id)
    if created := _insert(session, wish, endpoint_id, sealed_secret):
        return Receipt(endpoint=created, secret=secret)
    # An equal request came in between; it has committed by now, for the insert waited for it.
    return register_endpoint(session, vault, wish)


def list_endpoints(session: Session, partner_id: str, wish: PageWish) -> Page[WebhookEndpoint]:
    """Return the partner's endpoints, newest first."""
    own = select(WebhookEndpoint).where(WebhookEndpoint.partner_id == partner_id)
    return read_page(session, own, WebhookEndpoint.id, wish)


def get_endpoint(session: Session, partner_id: str, endpoint_id: str, *, is_locked: bool = False) -> WebhookEndpoint:
    """Return an endpoint of the partner; locked, nobody else can change it until the transaction ends.

    Raises:
        UnknownEndpointError: there is none; one of another partner is none, too.
    """
    endpoint = session.get(WebhookEndpoint, endpoint_id, with_for_update=True if is_locked else None)
    if endpoint is None or endpoint.partner_id != partner_id:
        raise UnknownEndpointError(endpoint_id)
    return endpoint


def change_event_types(endpoint: WebhookEndpoint, event_types: Sequence[str]) -> None:
    """Let the endpoint be told of these from now on; none are all. The caller commits.

    Raises:
        InvalidEndpointError: a type is not known.
    """
    _check_types(event_types)
    endpoint.event_types = list(event_types)


def switch_endpoint(endpoint: WebhookEndpoint, *, is_enabled: bool) -> None:
    """Switch it on or off; off, it is told nothing, and what happens meanwhile can be resent. The caller commits."""
    if is_enabled:
        endpoint.disabled_at = None
    else:
        endpoint.disabled_at = endpoint.disabled_at or clock.now()


def disable_gone(session: Session, endpoint_id: str) -> None:
    """Switch off an endpoint that said it is gone. The caller commits."""
    session.execute(
        update(WebhookEndpoint)
        .where(WebhookEndpoint.id == endpoint_id, WebhookEndpoint.disabled_at.is_(None))
        .values(disabled_at=clock.now())
    )


def rotate_endpoint_secret(session: Session, vault: Vault, partner_id: str, endpoint_id: str) -> Receipt:
    """Give the endpoint a new secret; the old one signs, too, for another 24 hours. The caller commits.

    Raises:
        UnknownEndpointError: the partner has none of this id.
    """
    # Locked: of two new secrets at once, both shown, none may be lost.
    endpoint = get_endpoint(session, partner_id, endpoint_id, is_locked=True)
    return Receipt(endpoint=endpoint, secret=replace_secret(vault, endpoint))


def delete_endpoint(session: Session, partner_id: str, endpoint_id: str) -> None:
    """Delete it; what still waits for it is given up. The caller commits.

    Raises:
        UnknownEndpointError: the partner has none of this id.
    """
    session.delete(get_endpoint(session, partner_id, endpoint_id))
    its_own = select(EventDelivery.delivery_id).where(EventDelivery.endpoint_id == endpoint_id)
    session.execute(
        update(Delivery)
        .where(Delivery.id.in_(its_own), Delivery.done_at.is_(None))
        .values(done_at=clock.now(), last_error="the endpoint was deleted")
    )


def _check_types(event_types: Sequence[str]) -> None:
    for given in event_types:
        if given not in set(EventType):
            raise InvalidEndpointError(field="event_types", reason="one of them is not known")


def _find_by_key(session: Session, wish: EndpointWish) -> WebhookEndpoint | None:
    if wish.idempotency_key is None:
        return None
    by_key = select(WebhookEndpoint).where(
        WebhookEndpoint.partner_id == wish.partner_id, WebhookEndpoint.idempotency_key == wish.idempotency_key
    )
    return session.scalar(by_key)


def _repeat(vault: Vault, earlier: WebhookEndpoint, wish: EndpointWish) -> Receipt:
    """The first answer may be lost, so the repeat shows the secret of it, while it is still that one."""
    check_same(earlier.request_digest, wish.digest())
    is_first = earlier.sealed_previous_secret is None
    secret = open_secret(vault, earlier, reason="repeat_webhook_secret") if is_first else None
    return Receipt(endpoint=earlier, secret=secret, replayed=True)


def _insert(session: Session, wish: EndpointWish, endpoint_id: str, sealed_secret: bytes) -> WebhookEndpoint | None:
    values = {
        "id": endpoint_id,
        "partner_id": wish.partner_id,
        "idempotency_key": wish.idempotency_key,
        "request_digest": wish.digest() if wish.idempotency_key is not None else None,
        "url": wish.url,
        "event_types": list(wish.event_types),
        "sealed_secret": sealed_secret,
        "created_at": clock.now(),
    }
    by_key = [WebhookEndpoint.partner_id, WebhookEndpoint.idempotency_key]
    insert = insert_into(session, WebhookEndpoint).values(**values).on_conflict_do_nothing(index_elements=by_key)
    return session.scalar(insert.returning(WebhookEndpoint))
