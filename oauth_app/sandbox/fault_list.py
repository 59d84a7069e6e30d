"""The faults a test has asked for, waiting for their requests."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

#: More waiting faults than that are a test that forgets to clear them.
_MOST_WAITING: Final = 1_000


class FaultKind(StrEnum):
    """What can be made to go wrong."""

    SLOW = "slow"
    """Wait `seconds`, then answer as usual."""
    HANG = "hang"
    """Never answer; after `seconds` the connection ends."""
    HTML = "html"
    """HTTP 200 with a page, as a proxy in between would answer."""
    ENVELOPE_401 = "envelope_401"
    """HTTP 200 with an envelope that refuses the OAuth token."""
    REVOKED = "revoked"
    """Refuse the caller's credential in the shape of the route; the next request has it back."""
    NO_MONEY = "no_money"
    """Refuse for lack of money in the shape of the route."""
    RATE_LIMIT = "rate_limit"
    """Refuse as one request too many in the shape of the route; ``Retry-After`` says `seconds`."""
    STATUS = "status"
    """HTTP status `code` with a small body in the shape of the route."""
    RESET_BEFORE = "reset_before"
    """Drop the connection; the request has no effect."""
    RESET_AFTER = "reset_after"
    """Carry the request out, then drop the connection without an answer."""
    MALFORMED_JSON = "malformed_json"
    """HTTP 200 with JSON that breaks off."""
    CUT_STREAM = "cut_stream"
    """Send `after_chunks` pieces of the answer and half of the next, then drop the connection."""
    ENVELOPE = "envelope"
    """The usual answer, an envelope always under HTTP 200."""
    MIRROR = "mirror"
    """The usual answer, an envelope under the HTTP status that is its ``statusCode``."""


@dataclass(kw_only=True)
class Fault:
    """One fault; it strikes the next `times` requests whose path starts with `match`."""

    match: str
    kind: FaultKind
    method: str = ""
    times: int = 1
    seconds: int = 1
    code: int = 500
    after_chunks: int = 3


class FaultList:
    """Faults in the order they were asked for; the first that matches strikes."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []

    @property
    def is_full(self) -> bool:
        """Whether no more can wait."""
        return len(self._faults) >= _MOST_WAITING

    def add(self, fault: Fault) -> None:
        """Put a fault behind those already waiting."""
        self._faults.append(fault)

    def clear(self) -> None:
        """Forget all faults."""
        self._faults.clear()

    def waiting(self) -> list[Fault]:
        """Return the faults that have not struck as often as they should."""
        return list(self._faults)

    def take(self, method: str, path: str) -> Fault | None:
        """Return the fault that strikes a request, counting it, or None."""
        for fault in self._faults:
            if path.startswith(fault.match) and fault.method in ("", method):
                fault.times -= 1
                if fault.times == 0:
                    self._faults.remove(fault)
                return fault
        return None
