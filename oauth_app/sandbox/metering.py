"""Paying for AI calls: the whole price is held first, what was not produced is given back.

The answer is known before it is sent, so the hold is exact, and calls running side
by side can never spend more than there is.
"""

from dataclasses import dataclass

from starlette.responses import ContentStream, StreamingResponse
from starlette.types import Receive, Scope, Send

from oauth_app.sandbox import accounts, pricing
from oauth_app.sandbox.accounts import Movement
from oauth_app.sandbox.errors import VendorError
from oauth_app.sandbox.pricing import Model, Tokens
from oauth_app.sandbox.store import Store


@dataclass(frozen=True, kw_only=True)
class Hold:
    """Money set aside for one call: first from the free allowance, then from the paid balance."""

    store: Store
    account_id: int
    model: Model
    prompt_tokens: int
    free_cents: int
    paid_cents: int

    def settle(self, completion_tokens: int) -> None:
        """Keep the price of what was produced, give back the rest, and write the statement."""
        cost = pricing.cost_cents(self.model, Tokens(prompt=self.prompt_tokens, completion=completion_tokens))
        kept_free = min(cost, self.free_cents)
        kept_paid = min(cost - kept_free, self.paid_cents)
        with self.store.transaction():
            _add(self.store, self.account_id, self.free_cents - kept_free, self.paid_cents - kept_paid)
            accounts.note(self.store, self._movement(kept_free + kept_paid, completion_tokens))

    def _movement(self, cost: int, completion_tokens: int) -> Movement:
        remark = f"{self.prompt_tokens} + {completion_tokens} tokens"
        return Movement(account_id=self.account_id, kind="call", cents=-cost, reference=self.model.id, remark=remark)


def hold(store: Store, account_id: int, model: Model, used: Tokens) -> Hold:
    """Set the price of a call aside.

    Raises:
        VendorError: 402, free and paid balance together are smaller.
    """
    cost = pricing.cost_cents(model, used)
    with store.transaction():
        account = accounts.get_by_id(store, account_id)
        free = min(cost, account.free_cents)
        if account.paid_cents < cost - free:
            raise _no_money()
        _add(store, account_id, -free, free - cost)
    return Hold(
        store=store,
        account_id=account_id,
        model=model,
        prompt_tokens=used.prompt,
        free_cents=free,
        paid_cents=cost - free,
    )


class Meter:
    """How much of an answer has been produced so far."""

    def __init__(self, held: Hold) -> None:
        self._held = held
        self.completion_tokens = 0

    def settle(self) -> None:
        """Settle the hold at what was produced."""
        self._held.settle(self.completion_tokens)


class MeteredStream(StreamingResponse):
    """A stream of events that is settled however it ends.

    The end of a generator would not do: it is never reached when the reader leaves
    before the first event.
    """

    def __init__(self, events: ContentStream, meter: Meter) -> None:
        super().__init__(events, media_type="text/event-stream", headers={"Cache-Control": "no-cache"})
        self._meter = meter

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the events, then settle."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._meter.settle()


def _add(store: Store, account_id: int, free_cents: int, paid_cents: int) -> None:
    store.run(
        "UPDATE account SET free_cents = free_cents + ?, paid_cents = paid_cents + ? WHERE id = ?",
        free_cents,
        paid_cents,
        account_id,
    )


def _no_money() -> VendorError:
    text = (
        "Insufficient balance. Please recharge your account at "
        "https://www.ohmygpt.com/billing to continue using our API Service."
    )
    return VendorError(402, "insufficient_balance_error", text)
