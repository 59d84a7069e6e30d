"""What is known about one call while it runs, and what remains of it in the usage log."""

import time
from datetime import datetime
from enum import StrEnum
from urllib.parse import unquote

import msgspec

from oauth_app import clock
from oauth_app.endpoint_groups import EndpointGroup
from oauth_app.identifiers import Kind, Series
from oauth_app.relay.admission import Passage
from oauth_app.relay.answer import Answer
from oauth_app.relay.callers import Caller
from oauth_app.relay.errors import LateAnswerError, NoAnswerError, RelayError, WithdrawnError, WrongAnswerError
from oauth_app.relay.heads import Head
from oauth_app.relay.meter import Meter
from oauth_app.relay.routes import Dialect, dialect_of
from oauth_app.relay.settlement import Ending, Settled
from oauth_app.relay.usage_log import UsageRecord
from oauth_app.relay.wishes import NOTHING, Wish

#: What servers write in their logs for a caller who did not wait for an answer.
CLIENT_CLOSED_REQUEST = 499
_PATH_CHARS = 255
_MS_PER_S = 1000
_READING = frozenset({"GET", "HEAD"})
_IDS = Series(Kind.REQUEST)


class Outcome(StrEnum):
    """How a call ended."""

    COMPLETE = "complete"
    CLIENT_LEFT = "client_left"
    UPSTREAM_FAILED = "upstream_failed"
    #: By the hub: over a limit, not relayed, or the server was stopped.
    REFUSED = "refused"


#: How a call ended that ended by an error; the others were refused. Withdrawn is broken off, as by leaving.
_ENDED_BY = dict.fromkeys((NoAnswerError, WrongAnswerError, LateAnswerError), Outcome.UPSTREAM_FAILED) | {
    WithdrawnError: Outcome.CLIENT_LEFT
}


def outcome_of(error: RelayError) -> Outcome:
    """Return how a call has ended that an error ended."""
    return _ENDED_BY.get(type(error), Outcome.REFUSED)


class Call(msgspec.Struct, kw_only=True, eq=False):
    """One request, from its first byte to its record."""

    request_id: str
    method: str
    #: As it was written by the caller, nothing decoded.
    raw_path: bytes
    #: Decoded, for whoever has to know what is asked for.
    path: str
    query: bytes
    head: Head
    #: What ``Content-Length`` says of the body.
    announced: bytes
    dialect: Dialect
    started_at: datetime
    started_s: float
    caller: Caller | None = None
    #: Its place within the limits of its caller.
    passage: Passage | None = None
    #: Whether the caller's program proves a key, and so needs our nonces.
    speaks_dpop: bool = False
    group: EndpointGroup = EndpointGroup.OTHER
    wish: Wish = NOTHING
    #: How much of the body OhMyGPT was given.
    body_bytes: int = 0
    #: Whether OhMyGPT has all that it needs to do what was asked.
    was_sent: bool = False
    #: Whether the answer tells its usage only because the hub asked for it, and the caller must not see that.
    filters_usage: bool = False
    may_ask: bool = False
    answer: Answer | None = None
    #: Whether the answer is a stream of events whose last event has passed whole, so that a remark may follow.
    is_between_events: bool = False
    status: int = CLIENT_CLOSED_REQUEST
    outcome: Outcome = Outcome.REFUSED
    content_type: bytes = b""
    meter: Meter = msgspec.field(default_factory=Meter)
    first_byte_s: float | None = None
    #: What it used and cost, once that is known.
    settled: Settled | None = None

    @classmethod
    def begin(cls, method: str, raw_path: bytes, query: bytes, head: Head, announced: bytes) -> "Call":
        """Return the call of a request."""
        written = raw_path.decode("latin-1")
        path = unquote(written) if "%" in written else written
        return cls(
            request_id=_IDS.next(),
            method=method,
            raw_path=raw_path,
            path=path,
            query=query,
            head=head,
            announced=announced,
            dialect=dialect_of(path),
            started_at=clock.now(),
            started_s=time.monotonic(),
        )

    @property
    def is_reading(self) -> bool:
        """Whether the call asks for what is there, and makes nothing."""
        return self.method in _READING

    def see(self, chunk: bytes) -> None:
        """Note a piece of the answer on its way."""
        if self.first_byte_s is None:
            self.first_byte_s = time.monotonic()
        self.meter.feed(chunk)

    def ending(self) -> Ending:
        """Return how far the call came, for those who count what it cost."""
        has_answer = self.answer is not None and self.answer.has_head
        return Ending(
            was_sent=self.was_sent,
            status=self.status if has_answer and self.outcome is not Outcome.REFUSED else None,
            content_type=self.content_type,
            waited_ms=0 if has_answer else _ms(time.monotonic() - self.started_s),
        )

    def record(self, settled: Settled, bytes_in: int) -> UsageRecord | None:
        """Return what is written down; None for a call that belongs to nobody."""
        caller = self.caller
        if caller is None:
            return None
        return UsageRecord(
            request_id=self.request_id,
            consent_id=caller.consent_id,
            user_id=caller.user_id,
            partner_id=caller.partner_id,
            method=self.method,
            path=self.raw_path.decode("latin-1")[:_PATH_CHARS],
            endpoint=self.group,
            model=self.wish.model,
            status=self.status,
            outcome=self.outcome.value,
            input_tokens=settled.tokens.input,
            output_tokens=settled.tokens.output,
            bytes_in=bytes_in,
            bytes_out=self.meter.bytes,
            estimated_cost=settled.cost,
            started_at=self.started_at,
            duration_ms=_ms(time.monotonic() - self.started_s),
            first_byte_ms=None if self.first_byte_s is None else _ms(self.first_byte_s - self.started_s),
        )


def _ms(seconds: float) -> int:
    return int(seconds * _MS_PER_S + 0.5)
