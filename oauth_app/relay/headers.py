"""Which headers pass, in which direction. What is not named here stops here."""

import re
from collections.abc import Iterable

from oauth_app.relay.admission import Passage
from oauth_app.relay.asgi_types import RawHeaders
from oauth_app.relay.redaction import Redactor

#: The meter reads along, so nothing may be compressed.
_OURS = b"user-agent: OhMyGPT-Connect\r\naccept-encoding: identity\r\n"
_QUERY = re.compile(rb"[\x21\x22\x24-\x7e]*")
#: RFC 9110 5.5, without what is not ASCII.
_PLAIN = re.compile(rb"[\t\x20-\x7e]*")
#: RFC 9110 5.5: no control characters, whatever the parser lets through.
_SAFE = re.compile(rb"[\t\x20-\x7e\x80-\xff]*")

_REQUEST = frozenset(
    {b"accept", b"accept-language", b"content-type", b"content-encoding", b"idempotency-key", b"range"}
)
_REQUEST_PREFIXES = (b"anthropic-", b"openai-", b"if-")

_ANSWER = frozenset(
    {
        b"content-type",
        b"content-length",
        b"content-encoding",
        b"content-disposition",
        b"content-range",
        b"accept-ranges",
        b"etag",
        b"last-modified",
        b"cache-control",
        b"retry-after",
        # By these the vendors steer their SDKs' own retries.
        b"retry-after-ms",
        b"x-should-retry",
    }
)
_ANSWER_PREFIXES = (b"x-ratelimit-", b"anthropic-", b"openai-")

#: People upload what is given out here. A page among it must not run as a page of the hub.
_HARMLESS = (
    (b"x-content-type-options", b"nosniff"),
    (b"content-security-policy", b"default-src 'none'; sandbox"),
)


def first_of_each(headers: RawHeaders) -> dict[bytes, bytes]:
    """Return the headers by name; of two with one name the first counts."""
    return dict(headers[::-1])


def request_lines(headers: RawHeaders) -> bytes:
    """Return the lines that OhMyGPT gets to see: what describes the call."""
    lines = [_OURS]
    for name, value in headers:
        # The parser lets no line end through; whatever it does, none leaves here.
        if (name in _REQUEST or name.startswith(_REQUEST_PREFIXES)) and _PLAIN.fullmatch(value):
            lines.append(b"%b: %b\r\n" % (name, value))
    return b"".join(lines)


def answer_headers(headers: Iterable[tuple[bytes, bytes]], redactor: Redactor) -> RawHeaders:
    """Return what the caller gets to see of an answer's headers."""
    passing = [
        (name, redactor.clean_whole(value))
        for name, value in headers
        if (name in _ANSWER or name.startswith(_ANSWER_PREFIXES)) and _SAFE.fullmatch(value)
    ]
    if not any(name == b"cache-control" for name, _ in passing):
        passing.append((b"cache-control", b"no-store"))
    passing.extend(_HARMLESS)
    return passing


def stamp(request_id: str) -> RawHeaders:
    """Return the request id under both names by which the SDKs look for it."""
    value = request_id.encode()
    return [(b"x-request-id", value), (b"request-id", value)]


def strip_tokens(query: bytes) -> bytes:
    """Take hub tokens out of a query: some clients repeat their key there, and it is not for OhMyGPT."""
    if b"omc_" not in query:
        return query
    return b"&".join(part for part in query.split(b"&") if b"omc_" not in part)


def is_plain_query(query: bytes) -> bool:
    """Tell whether a query can stand in a request line (RFC 3986 3.4, and what programs write beside it)."""
    return _QUERY.fullmatch(query) is not None


def standing_headers(passage: Passage) -> RawHeaders:
    """Return how the caller stands: calls of this minute, and money within the limits."""
    headers: RawHeaders = []
    if (calls := passage.calls) is not None:
        headers += [
            (b"ratelimit-limit", b"%d" % calls.limit),
            (b"ratelimit-remaining", b"%d" % calls.remaining),
            (b"ratelimit-reset", b"%d" % calls.reset_s),
        ]
    if (remaining := passage.remaining_spend) is not None:
        headers.append((b"x-hub-remaining", b"%d" % remaining))
    return headers
