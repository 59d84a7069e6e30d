"""Whoever takes a connection and does not send: heads that never end and bodies that trickle (slowloris).

uvicorn ends only connections that are silent between two requests. Everything else is looked at here, once a second for
all connections together: no call has a timer of its own, and a call that comes whole is never looked at.

A sender has so many seconds. While a body comes, each :data:`BYTES_PER_S` of it buy another one, so a slow line is no
trouble, and a byte now and then does not help. A head buys nothing. Seconds in which the hub itself does not read (it
waits for OhMyGPT, or for a page) are not the sender's.
"""

from typing import Protocol

from uvicorn.protocols.http.flow_control import FlowControl

from oauth_app.relay.client import Client
from oauth_app.relay.errors import IdleClientError

#: As Kestrel has it, a server of Microsoft's; a voice on the telephone has a thousand.
BYTES_PER_S = 240
#: A machine that slept, or a loop that stood still, is not the sender's fault.
_LONGEST_STEP_S = 2.0


class Cycle(Protocol):
    """What a door answers: a page or a relayed call. The newest may have been answered already."""

    response_complete: bool
    #: Whether the rest of the body is for the hub to ask for, by ``100 Continue``.
    waiting_for_100_continue: bool
    #: Whether some of the body is missing that a page is made of; False for relayed calls, which the relay looks after.
    more_body: bool


class Door(Protocol):
    """The connection of a sender."""

    flow: FlowControl
    #: Of the page whose request is coming in.
    body_bytes: int

    @property
    def newest(self) -> Cycle | None:
        """Return what is answered for the newest request whose head has come."""

    @property
    def is_resting(self) -> bool:
        """Whether nothing has come since the last answer, which the server looks after itself."""

    def give_up_on_sender(self) -> None:
        """Say that it took too long, if that can be said, and hang up."""


class Patience:
    """How long one sender is still waited for."""

    __slots__ = ("_bytes", "_left_s", "_most_s")

    def __init__(self, first_s: float, most_s: float, so_far: int = 0) -> None:
        self._left_s = first_s
        self._most_s = most_s
        self._bytes = so_far

    def is_over(self, seconds: float, so_far: int) -> bool:
        """Count seconds of waiting, in which a body has grown to so many bytes; tell whether it was too long."""
        bought_s = (so_far - self._bytes) / BYTES_PER_S
        self._bytes = so_far
        self._left_s = min(self._left_s + bought_s, self._most_s) - seconds
        return self._left_s < 0


class SlowSenders:
    """All senders of this process.

    Args:
        patience_s: for a head as a whole, and for the beginning of a body.
        most_s: how much a sender can buy.
    """

    def __init__(self, *, patience_s: float, most_s: float) -> None:
        self._patience_s = patience_s
        self._most_s = max(patience_s, most_s)
        #: What each door is waited for since when: after its newest request, for the next head or for this one's body.
        self._doors: dict[Door, tuple[Cycle | None, bool, Patience] | None] = {}
        self._looked_s: float | None = None

    def add(self, door: Door) -> None:
        """Look after a connection."""
        self._doors[door] = None

    def discard(self, door: Door) -> None:
        """Leave a connection alone."""
        self._doors.pop(door, None)

    def step(self, now_s: float) -> float:
        """Return how long it is since the last look; to be called once for each."""
        before_s, self._looked_s = self._looked_s, now_s
        return 0.0 if before_s is None else min(now_s - before_s, _LONGEST_STEP_S)

    def look_at_doors(self, seconds: float) -> None:
        """Give up on those whose request does not come."""
        for door in list(self._doors):
            cycle = door.newest
            awaits_head = cycle is None or cycle.response_complete
            if door.is_resting or not (awaits_head or (cycle is not None and cycle.more_body)):
                self._doors[door] = None
                continue
            so_far = 0 if awaits_head else door.body_bytes
            wait = self._doors[door]
            if wait is None or wait[0] is not cycle or wait[1] is not awaits_head:
                self._doors[door] = wait = (cycle, awaits_head, Patience(self._patience_s, self._most_s, so_far))
            if _is_up_to_sender(door, cycle, awaits_head=awaits_head) and wait[2].is_over(seconds, so_far):
                self.discard(door)
                door.give_up_on_sender()

    def look_at_call(self, client: Client, seconds: float) -> None:
        """Give up on a caller whose body does not come."""
        if client.is_whole or client.is_answered or not client.is_up_to_sender:
            return
        if client.patience is None:
            client.patience = Patience(self._patience_s, self._most_s)
        if client.patience.is_over(seconds, client.bytes_in):
            client.end(IdleClientError())


def _is_up_to_sender(door: Door, cycle: Cycle | None, *, awaits_head: bool) -> bool:
    return awaits_head or not (door.flow.read_paused or (cycle is not None and cycle.waiting_for_100_continue))
