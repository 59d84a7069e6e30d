"""Which headers pass, in which direction. What is not named here stops here."""

from collections.abc import Iterable

from multidict import CIMultiDict

from oauth_app.relay.asgi_types import RawHeaders
from oauth_app.relay.redaction import Redactor

_USER_AGENT = "OhMyGPT-Connect"

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
    }
)
_ANSWER_PREFIXES = (b"x-ratelimit-", b"anthropic-", b"openai-")

#: People upload what is given out here. A page among it must not run as a page of the hub.
_HARMLESS = (
    (b"x-content-type-options", b"nosniff"),
    (b"content-security-policy", b"default-src 'none'; sandbox"),
)


def request_headers(headers: RawHeaders, upstream_token: str | None) -> CIMultiDict[str]:
    """Return what OhMyGPT gets to see: what describes the call, and its own token."""
    passing = CIMultiDict[str]()
    for name, value in headers:
        if (name in _REQUEST or name.startswith(_REQUEST_PREFIXES)) and value.isascii():
            passing.add(name.decode(), value.decode())
    passing["User-Agent"] = _USER_AGENT
    # The meter reads along, so nothing may be compressed.
    passing["Accept-Encoding"] = "identity"
    if upstream_token is not None:
        passing["Authorization"] = f"Bearer {upstream_token}"
    return passing


def answer_headers(headers: Iterable[tuple[bytes, bytes]], redactor: Redactor) -> RawHeaders:
    """Return what the caller gets to see of an answer's headers."""
    passing = [
        (lower, redactor.clean_whole(value))
        for lower, value in ((name.lower(), value) for name, value in headers)
        if lower in _ANSWER or lower.startswith(_ANSWER_PREFIXES)
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
