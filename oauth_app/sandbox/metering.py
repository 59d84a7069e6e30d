"""Paying for AI calls: the whole price is held first, what was not produced is given back.

The answer is known before it is sent, so the hold is exact, and calls running side
by side can never spend more than there is.
"""

from dataclasses import dataclass

from starlette.responses import ContentStream, StreamingResponse
from starlette.types import Receive, Scope, Send

from oauth_app.sandbox import funds, pricing
from oauth_app.sandbox.funds import Funds, FundsError
from oauth_app.sandbox.pricing import Model, Tokens
from oauth_app.sandbox.store import Store


@dataclass(frozen=True, kw_only=True)
class Hold:
    """Money set aside for one call of a model that is paid by the token."""

    store: Store
    model: Model
    prompt_tokens: int
    funds: Funds

    def settle(self, completion_tokens: int) -> None:
        """Keep the price of what was produced, give back the rest, and write the statement."""
        cost = pricing.cost_cents(self.model, Tokens(prompt=self.prompt_tokens, completion=completion_tokens))
        funds.keep(self.store, self.funds, cost, f"{self.prompt_tokens} + {completion_tokens} tokens")


def hold(store: Store, account_id: int, model: Model, used: Tokens) -> Hold:
    """Set the price of a call aside.

    Raises:
        VendorError: 401, the API key may not use the model; 402, there is not enough money.
    """
    try:
        held = funds.set_aside(store, account_id, model.id, pricing.cost_cents(model, used))
    except FundsError as error:
        raise error.on_vendor() from error
    return Hold(store=store, model=model, prompt_tokens=used.prompt, funds=held)


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
