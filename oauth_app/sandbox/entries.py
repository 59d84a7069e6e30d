"""What the developer page shows of a request: its text without its secrets."""

from dataclasses import dataclass
from typing import Final

from starlette.datastructures import Headers

from oauth_app.sandbox.clock import iso
from oauth_app.sandbox.journal import Excerpt, Record
from oauth_app.sandbox.masking import MARK, masked

_LONGEST_ADDRESS: Final = 300
_LONGEST_HEADER: Final = 200

#: What is worth reading as text. Pages are not: they hold the guards of their forms.
_READABLE: Final = ("application/json", "application/x-www-form-urlencoded", "text/event-stream", "text/plain")

_SECRET_HEADERS: Final = ("authorization", "x-api-key")
_SHOWN_HEADERS: Final = (*_SECRET_HEADERS, "content-type", "idempotency-key", "user-agent", "x-sandbox-fault")


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One request as it may be shown."""

    at: str
    method: str
    address: str
    status: int
    duration_ms: int
    headers: str
    sent: str
    received: str


def entry_of(record: Record) -> Entry:
    """Return a request without its secrets."""
    query = record.query.decode("latin-1")
    address = record.path + (f"?{query}" if query else "")
    return Entry(
        at=iso(record.at_s)[11:19],
        method=record.method,
        address=masked(address[:_LONGEST_ADDRESS]),
        status=record.status,
        duration_ms=record.duration_ms,
        headers="\n".join(
            f"{name}: {_value(name, record.headers)}" for name in _SHOWN_HEADERS if name in record.headers
        ),
        sent=_text(record.sent, record.headers),
        received=_text(record.received, record.answer_headers),
    )


def _text(body: Excerpt, headers: Headers) -> str:
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()[:80]
    if not body.length_bytes:
        return ""
    if kind not in _READABLE:
        return f"{kind or 'no type'}, {body.length_bytes} bytes"
    text = masked(body.beginning.decode(errors="replace"))
    return text if body.is_whole else f"{text}… ({body.length_bytes} bytes in all)"


def _value(name: str, headers: Headers) -> str:
    value = headers[name]
    if name in _SECRET_HEADERS:
        scheme, _, credential = value.partition(" ")
        return f"{scheme} {MARK}" if credential and scheme.lower() in {"bearer", "basic"} else MARK
    return masked(value[:_LONGEST_HEADER])
