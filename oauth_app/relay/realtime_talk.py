"""What is known about one talk, from its handshake to its last record."""

import time
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import quote, unquote

from oauth_app import clock
from oauth_app.endpoint_groups import EndpointGroup
from oauth_app.identifiers import Kind, new_id
from oauth_app.relay.admission import Passage
from oauth_app.relay.asgi_types import RawHeaders, Scope
from oauth_app.relay.call import CLIENT_CLOSED_REQUEST, Outcome
from oauth_app.relay.callers import Caller
from oauth_app.relay.credentials import Credential
from oauth_app.relay.realtime_meter import Spent
from oauth_app.relay.realtime_session import Session
from oauth_app.relay.routes import Dialect, dialect_of
from oauth_app.relay.usage_log import UsageRecord
from oauth_app.relay.wishes import UNCLEAR, Wish, wish_of_query

_METHOD = "GET"
_SWITCHING_PROTOCOLS = 101
_PATH_CHARS = 255
_MS_PER_S = 1000


@dataclass(kw_only=True, slots=True, eq=False)
class Talk:
    """One WebSocket of a caller."""

    request_id: str
    raw_path: bytes
    path: str
    query: bytes
    headers: RawHeaders = field(repr=False)
    subprotocols: list[str] = field(repr=False)
    dialect: Dialect
    wish: Wish
    started_at: datetime = field(default_factory=clock.now)
    started_s: float = field(default_factory=time.monotonic)
    group: EndpointGroup = EndpointGroup.OTHER
    #: By which the caller is looked up again.
    credential: Credential | None = field(default=None, repr=False)
    caller: Caller | None = None
    checked_s: float = 0.0
    speaks_dpop: bool = False
    passage: Passage | None = None
    session: Session | None = None
    #: Of the handshake.
    status: int = CLIENT_CLOSED_REQUEST
    outcome: Outcome = Outcome.REFUSED
    #: How many records were written, and how many bytes they account for.
    records: int = 0
    recorded_in: int = 0
    recorded_out: int = 0

    @classmethod
    def begin(cls, scope: Scope) -> "Talk":
        """Return the talk of a handshake."""
        raw_path: bytes = scope.get("raw_path") or quote(scope["path"]).encode()
        path = unquote(raw_path.decode("latin-1"))
        query: bytes = scope["query_string"]
        wish = wish_of_query(query)
        return cls(
            request_id=new_id(Kind.REQUEST),
            raw_path=raw_path,
            path=path,
            query=query,
            headers=[(name.lower(), value) for name, value in scope["headers"]],
            subprotocols=list(scope.get("subprotocols") or ()),
            dialect=dialect_of(path),
            # Without a model in its address it may still use one: it counts as the dearest.
            wish=UNCLEAR if wish.model is None else wish,
        )

    def accepted(self) -> None:
        """Note that the handshake is done."""
        self.status = _SWITCHING_PROTOCOLS

    def record(self, spent: Spent) -> UsageRecord | None:
        """Return what is written down about one answer; None for a talk that belongs to nobody."""
        first_ms = None if spent.first_said_s is None else _ms(spent.first_said_s - spent.started_s)
        return self._record(spent, duration_ms=_ms(time.monotonic() - spent.started_s), first_byte_ms=first_ms)

    def record_itself(self) -> UsageRecord | None:
        """Return what is written down about a talk in which nothing was answered."""
        if self.records:
            return None
        return self._record(None, duration_ms=_ms(time.monotonic() - self.started_s), first_byte_ms=None)

    def _record(self, spent: Spent | None, *, duration_ms: int, first_byte_ms: int | None) -> UsageRecord | None:
        if self.caller is None:
            return None
        bytes_in, bytes_out = self._new_bytes()
        self.records += 1
        return UsageRecord(
            # The first record has the id that the caller was told.
            request_id=self.request_id if self.records == 1 else new_id(Kind.REQUEST),
            consent_id=self.caller.consent_id,
            user_id=self.caller.user_id,
            partner_id=self.caller.partner_id,
            method=_METHOD,
            path=self.raw_path.decode("latin-1")[:_PATH_CHARS],
            endpoint=self.group,
            model=self.wish.model,
            status=self.status,
            outcome=(self.outcome if spent is None else spent.outcome).value,
            input_tokens=0 if spent is None else spent.tokens.input,
            output_tokens=0 if spent is None else spent.tokens.output,
            bytes_in=bytes_in,
            bytes_out=bytes_out,
            estimated_cost=0 if spent is None else spent.cost,
            started_at=self.started_at if spent is None else spent.started_at,
            duration_ms=duration_ms,
            first_byte_ms=first_byte_ms,
        )

    def _new_bytes(self) -> tuple[int, int]:
        """Return what has passed since the last record."""
        if self.session is None:
            return 0, 0
        before = self.recorded_in, self.recorded_out
        self.recorded_in, self.recorded_out = self.session.bytes_in, self.session.bytes_out
        return self.recorded_in - before[0], self.recorded_out - before[1]


def _ms(seconds: float) -> int:
    return round(seconds * _MS_PER_S)
