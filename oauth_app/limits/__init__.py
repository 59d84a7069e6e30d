"""What AI calls may do: spend so much, which the database keeps for all processes, and be so many."""

from oauth_app.limits.counters import Cap, OverLimitError
from oauth_app.limits.pace import Most, Pace, PaceAwayError, PaceKeeper, Place, TooManyError
from oauth_app.limits.pace_database import DatabasePace
from oauth_app.limits.pace_redis import RedisPace
from oauth_app.limits.purse import Purse, Reservation

__all__ = [
    "Cap",
    "DatabasePace",
    "Most",
    "OverLimitError",
    "Pace",
    "PaceAwayError",
    "PaceKeeper",
    "Place",
    "Purse",
    "RedisPace",
    "Reservation",
    "TooManyError",
]
