"""Kinds of content, as headers name them."""

from functools import lru_cache

EVENTS = b"text/event-stream"


@lru_cache(maxsize=256)
def media_type(content_type: bytes) -> bytes:
    """Return the kind in a ``Content-Type``, in lower case and without parameters (RFC 9110 8.3.1)."""
    return content_type.partition(b";")[0].strip().lower()
