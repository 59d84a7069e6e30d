"""What is left to do about spending limits when the process that spent is gone, and when a period is over."""

from datetime import timedelta

from oauth_app import clock
from oauth_app.db import transaction
from oauth_app.hub import Hub
from oauth_app.limits.counters import forget_periods, settle_the_dead
from oauth_app.limits.pace_database import forget_tallies

#: For whoever wants to see what was spent; nobody's limit asks for it any more.
_KEPT = timedelta(days=62)


def settle_dead_allotments(hub: Hub) -> int:
    """Count what dead processes held as spent, forget old counters; return how many allotments that were."""
    with transaction(hub.engine) as session:
        forget_periods(session, clock.now() - _KEPT)
        forget_tallies(session)
        return settle_the_dead(session)
