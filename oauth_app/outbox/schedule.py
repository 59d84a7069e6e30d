"""When a message that was not taken is sent again: soon at first, then for more than a day."""

from datetime import timedelta
from secrets import SystemRandom

#: Between two attempts; after the last one the message is given up. 27 h 35 min in all.
PAUSES = (
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
    timedelta(hours=10),
)
#: A pause is up to this part longer, so that what failed together does not come back together.
_JITTER = 0.2

_random = SystemRandom()


def pause_after(attempts: int) -> timedelta | None:
    """Return how long to wait after so many failed attempts; None when it is time to give up."""
    if attempts > len(PAUSES):
        return None
    return PAUSES[attempts - 1] * (1 + _random.uniform(0, _JITTER))
