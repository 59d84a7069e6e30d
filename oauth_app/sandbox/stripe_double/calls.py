"""What one call works on, and the transaction it works in."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, cast

from starlette.requests import Request

from oauth_app.sandbox.config import Config
from oauth_app.sandbox.context import origin_of
from oauth_app.sandbox.identifiers import alnum
from oauth_app.sandbox.store import Store

#: Learns of a session or an invoice that has been paid, in the transaction that says so.
PaidListener = Callable[[Store, dict[str, Any]], None]


def _nobody(_store: Store, _paid: dict[str, Any]) -> None:
    """Listen to nothing."""


@dataclass(frozen=True, kw_only=True)
class Double:
    """The long-lived parts of the double."""

    store: Store
    config: Config
    wake: Callable[[], None]
    """Tells the dispatcher that webhooks may have been queued."""
    on_paid: PaidListener
    """Credits the provider's top-up orders."""
    keys_in_use: set[str] = field(default_factory=set)
    """Idempotency keys whose request is not answered yet."""


@dataclass(frozen=True, kw_only=True)
class Call:
    """One API call, press of a button on a hosted page, or control of a test."""

    store: Store
    config: Config
    origin: str
    """Where people reach the hosted pages, without a slash at the end."""
    target: str = ""
    """The id in the address."""
    request_id: str | None = None
    """Only an API call has one, and its events name it."""
    idempotency_key: str | None = None
    account: str | None = None
    """Whose Stripe account gets the objects that the call makes; None is the operator's."""
    on_paid: PaidListener = _nobody


def double_of(request: Request) -> Double:
    """Return the double that handles a request."""
    return cast("Double", request.app.state.stripe)


def make_request_id() -> str:
    """Return an id for an API call, such as Stripe's support asks for."""
    return f"req_{alnum(14)}"


@contextmanager
def carrying_out(request: Request, request_id: str | None = None, *, account: str | None = None) -> Iterator[Call]:
    """Open a transaction for a call; once it is committed its webhooks leave."""
    double = double_of(request)
    with double.store.transaction():
        yield Call(
            store=double.store,
            config=double.config,
            origin=origin_of(request),
            target=request.path_params.get("id", ""),
            request_id=request_id,
            idempotency_key=request.headers.get("idempotency-key") if request_id else None,
            account=account,
            on_paid=double.on_paid,
        )
    double.wake()
