"""What the relay asks of whoever keeps the limits: a place for each call, and money for it before it is spent."""

from dataclasses import dataclass
from typing import Protocol

from oauth_app.relay.callers import Caller


@dataclass(frozen=True, slots=True)
class Standing:
    """How a caller stands with the calls of this minute."""

    limit: int
    remaining: int
    #: Until the next call is free again.
    reset_s: int


class Deposit(Protocol):
    """Money that is set aside for a part of a call."""

    def settle(self, cost: int) -> None:
        """Count what was spent, and give back the rest. The first call counts, and it never waits."""


class Passage(Protocol):
    """The place of one call within all the limits of its caller."""

    @property
    def calls(self) -> Standing | None:
        """Return how the tightest limit of calls a minute stands; None without one."""

    @property
    def is_capped(self) -> bool:
        """Return whether some limit of money holds, so that there is something to reserve."""

    @property
    def remaining_spend(self) -> int | None:
        """Return what the tightest limit of money leaves, in hundredths of a unit; None without one."""

    async def reserve(self, ceiling: int) -> None:
        """Set money aside for the call.

        Raises:
            SpendLimitError: there is not so much left.
            LimitsAwayError: nobody can say at the moment.
        """

    async def set_aside(self, caller: Caller, ceiling: int) -> Deposit:
        """Set money aside beside that of the call, within what the caller is allowed now, for one of its many parts.

        Raises:
            SpendLimitError: there is not so much left.
            LimitsAwayError: nobody can say at the moment.
        """

    async def reserve_rest(self, ceiling: int, least: int) -> None:
        """Set aside what is left, for a call that may cost more; ``allowance`` says how much that was.

        Raises:
            SpendLimitError: less than the least is left, or such a call runs already.
            LimitsAwayError: nobody can say at the moment.
        """

    @property
    def allowance(self) -> int | None:
        """Return what a call was given that may cost more than that; None for any other."""

    def settle(self, cost: int) -> None:
        """Give the place back, and count what was spent. The first call counts, and it never waits."""


class Admission(Protocol):
    """The keeper of the limits."""

    async def start(self) -> None:
        """Begin, in the event loop that will ask."""

    async def stop(self) -> None:
        """End, with everything counted."""

    async def enter(self, caller: Caller) -> Passage:
        """Give a call its place.

        Raises:
            TooManyCallsError: so many calls a minute, or at once, are not allowed.
            LimitsAwayError: nobody can say at the moment.
        """
