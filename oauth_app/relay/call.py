"""What is known about one call while it runs, and what remains of it in the usage log."""

import time
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from urllib.parse import quote

from oauth_app import clock
from oauth_app.identifiers import Kind, new_id
from oauth_app.relay.asgi_types import RawHeaders, Scope
from oauth_app.relay.callers import Caller
from oauth_app.relay.meter import Meter
from oauth_app.relay.prices import PriceBook
from oauth_app.relay.routes import Dialect, dialect_of
from oauth_app.relay.usage_log import UsageRecord

#: What servers write in their logs for a caller who did not wait for an answer.
CLIENT_CLOSED_REQUEST = 499
_PATH_CHARS = 255


class Outcome(StrEnum):
    """How a call ended."""

    COMPLETE = "complete"
    CLIENT_LEFT = "client_left"
    UPSTREAM_FAILED = "upstream_failed"
    #: By the hub: over a limit, not relayed, or the server was stopped.
    REFUSED = "refused"


@dataclass(kw_only=True, slots=True)
class Call:
    """One request, from its first byte to its record."""

    request_id: str
    method: str
    #: As it was written by the caller, nothing decoded.
    raw_path: bytes
    query: bytes
    headers: RawHeaders
    dialect: Dialect
    started_at: datetime
    started_s: float
    caller: Caller | None = None
    #: Whether the caller's program proves a key, and so needs our nonces.
    speaks_dpop: bool = False
    model: str | None = None
    status: int = CLIENT_CLOSED_REQUEST
    outcome: Outcome = Outcome.REFUSED
    content_type: bytes = b""
    bytes_in: int = 0
    meter: Meter = field(default_factory=Meter)
    first_byte_s: float | None = None

    @classmethod
    def begin(cls, scope: Scope) -> "Call":
        """Return the call of an ASGI scope."""
        raw_path: bytes = scope.get("raw_path") or quote(scope["path"]).encode()
        return cls(
            request_id=new_id(Kind.REQUEST),
            method=scope["method"],
            raw_path=raw_path,
            query=scope["query_string"],
            headers=scope["headers"],
            dialect=dialect_of(scope["path"]),
            started_at=clock.now(),
            started_s=time.monotonic(),
        )

    def header(self, wanted: bytes) -> bytes:
        """Return the first header of this lower-case name, or nothing."""
        return next((value for name, value in self.headers if name == wanted), b"")

    def see(self, chunk: bytes) -> None:
        """Note a piece of the answer on its way."""
        if self.first_byte_s is None:
            self.first_byte_s = time.monotonic()
        self.meter.feed(chunk)

    def record(self, prices: PriceBook) -> UsageRecord | None:
        """Return what is written down; None for a call that belongs to nobody."""
        if self.caller is None:
            return None
        tokens = self.meter.read(self.content_type)
        return UsageRecord(
            request_id=self.request_id,
            consent_id=self.caller.consent_id,
            user_id=self.caller.user_id,
            partner_id=self.caller.partner_id,
            method=self.method,
            path=self.raw_path.decode("latin-1")[:_PATH_CHARS],
            model=self.model,
            status=self.status,
            outcome=self.outcome.value,
            input_tokens=tokens.input,
            output_tokens=tokens.output,
            bytes_in=self.bytes_in,
            bytes_out=self.meter.bytes,
            estimated_cost=prices.estimate(self.model, tokens),
            started_at=self.started_at,
            duration_ms=_ms(time.monotonic() - self.started_s),
            first_byte_ms=None if self.first_byte_s is None else _ms(self.first_byte_s - self.started_s),
        )


def _ms(seconds: float) -> int:
    return round(seconds * 1000)
