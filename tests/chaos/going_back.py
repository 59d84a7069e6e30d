"""Money that goes back at Stripe: the operator refunds in the dashboard, banks dispute, and both come to an end."""

import random
from contextlib import suppress

import requests

from oauth_app.db import reading
from oauth_app.models import TopUp
from tests.chaos.place import Place
from tests.services.stripe_orders import Stripe


class GoingBack:
    """What becomes of one user's payments; Stripe may fail here, too, and then its books tell whether it happened."""

    def __init__(self, place: Place, dice: random.Random) -> None:
        self._place, self._random = place, dice
        self._stripe = Stripe(place.sandbox)
        #: Orders whose payer has pressed the button.
        self.paid: list[str] = []
        self._open_disputes: list[str] = []

    def refund(self, amount: int | None = None) -> None:
        """Refund an order, in part or what is left; what goes by bank may come back."""
        with suppress(requests.RequestException):
            if intent := self._some_intent():
                made = self._stripe.refund(intent, amount or self._part())
                if made["status"] == "pending":
                    outcome = self._random.choice(("succeeded", "failed"))
                    self._stripe.control(f"refunds/{made['id']}", {"outcome": outcome})

    def dispute(self, amount: int | None = None) -> None:
        """Let a bank take the whole payment back, or a part; with refunds it may be more than came in."""
        with suppress(requests.RequestException):
            if intent := self._some_intent():
                self._open_disputes.append(self._stripe.dispute(intent, amount or self._part()))

    def decide(self) -> None:
        """End the oldest dispute that is open."""
        if self._open_disputes:
            with suppress(requests.RequestException):
                self._stripe.decide(self._open_disputes[0], self._random.choice(("won", "lost")))
                self._open_disputes.pop(0)

    def _part(self) -> int | None:
        return self._random.choice((None, self._random.randint(1, 3_00)))

    def _some_intent(self) -> str | None:
        """Return a payment as Stripe names it; it need not be credited here yet."""
        if not self.paid:
            return None
        with reading(self._place.hub.engine) as session:
            top_up = session.get_one(TopUp, self._random.choice(self.paid))
        return self._stripe.intent_of(top_up) if top_up.stripe_order_id else None
