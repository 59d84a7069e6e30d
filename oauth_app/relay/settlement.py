"""What a call is counted as, however it ended. The table of endings stands in this package's README."""

import msgspec

from oauth_app.relay.meter import Meter
from oauth_app.relay.prices import PriceBook
from oauth_app.relay.quantities import NOTHING_USED, Tokens
from oauth_app.relay.wishes import Wish

#: How fast a model speaks while somebody waits for an answer in one piece.
_TOKENS_PER_SECOND = 50
_AS_LONG_AS_ALLOWED = 1 << 40


class Ending(msgspec.Struct, frozen=True, kw_only=True):
    """How far a call came."""

    #: The request was handed over, so that it may have been executed.
    was_sent: bool
    #: Of the answer; None: none came.
    status: int | None = None
    content_type: bytes = b""
    #: How long an answer was waited for that did not come.
    waited_ms: int = 0


class Settled(msgspec.Struct, frozen=True, kw_only=True):
    """What a call used and cost."""

    tokens: Tokens
    #: In hundredths of a unit; None: the book has no price.
    cost: int | None
    #: What counts against limits; without a price, the dearest one.
    counted: int
    #: It follows from lengths, and not from what OhMyGPT told.
    is_estimated: bool


class Settlement:
    """Counts calls by one book of prices."""

    def __init__(self, prices: PriceBook) -> None:
        self._prices = prices

    def use(self, prices: PriceBook) -> None:
        """Count by another book from now on."""
        self._prices = prices

    def settle(self, path: str, wish: Wish, body_bytes: int, ending: Ending, meter: Meter) -> Settled:
        """Return what a call used and cost.

        Args:
            path: of the request, without its query.
            wish: what its body asked for.
            body_bytes: how much of the body was handed over.
            ending: how far it came.
            meter: what has seen the answer.
        """
        if not ending.was_sent or _is_refused(ending, meter):
            return Settled(tokens=NOTHING_USED, cost=0, counted=0, is_estimated=False)
        told, is_final = meter.read_final(ending.content_type)
        price = self._prices.price_of(path, wish)
        # What is paid by the call, the picture or the character is paid when it is asked for.
        is_estimated = not is_final and (price is None or price.is_by_use)
        used = told
        if is_estimated:
            said = _said(wish, ending, meter)
            used = told.with_presumed(self._prices.presume(path, wish, body_bytes, said))
        counted = self._prices.counted(path, wish, used, body_bytes)
        if price is None:  # what is not known is counted, and not written down
            return Settled(tokens=told, cost=None, counted=counted, is_estimated=is_estimated)
        return Settled(tokens=used, cost=counted, counted=counted, is_estimated=is_estimated)


def _is_refused(ending: Ending, meter: Meter) -> bool:
    """Tell whether OhMyGPT said no: vendors take nothing for that."""
    if ending.status is None:
        return False
    return ending.status >= 400 or meter.tells_refusal(ending.content_type)


def _said(wish: Wish, ending: Ending, meter: Meter) -> int:
    """Return how much was probably said.

    An answer in one piece is made, and paid, while somebody waits for it: that it never comes, because the caller
    leaves or the connection breaks, does not make it cheaper.
    What is answered in the background is never seen here, so it is as long as it may be.
    """
    if wish.is_background:
        return _AS_LONG_AS_ALLOWED
    if ending.status is not None or wish.is_stream:
        return meter.estimate_output(ending.content_type)
    said = ending.waited_ms * _TOKENS_PER_SECOND // 1000
    return said if wish.output_limit is None else min(said, wish.output_limit * wish.choices)
