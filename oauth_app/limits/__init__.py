"""How much AI calls may spend: shared by all processes, kept by the database."""

from oauth_app.limits.counters import Cap, OverLimitError
from oauth_app.limits.purse import Purse, Reservation

__all__ = ["Cap", "OverLimitError", "Purse", "Reservation"]
