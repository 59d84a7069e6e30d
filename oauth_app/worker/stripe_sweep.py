"""Find out what Stripe has told nobody: the job remembers how far it has looked."""

from datetime import datetime, timedelta

from oauth_app import clock
from oauth_app.hub import Hub
from oauth_app.services.stripe_polling import sweep_stripe

#: As long as Stripe itself tries to deliver an event (https://docs.stripe.com/webhooks#retries).
_FIRST = timedelta(days=3)
#: Events may stand in Stripe's list a little late.
_OVERLAP = timedelta(minutes=10)


class StripeSweep:
    """The job."""

    def __init__(self) -> None:
        self._since: datetime | None = None

    def __call__(self, hub: Hub) -> int:
        """Look at what happened since the last sweep that came to its end; return how much was news."""
        if hub.payments is None:
            return 0
        now = clock.now()
        found = sweep_stripe(hub, self._since or now - _FIRST)
        self._since = now - _OVERLAP
        return found
