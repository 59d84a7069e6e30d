"""The one place that asks what time it is, so that a test can move it."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

_NONE = timedelta()
_offset = _NONE


def now() -> datetime:
    """Return the present moment in UTC, with its zone."""
    return datetime.now(UTC) + _offset if _offset is not _NONE else datetime.now(UTC)


def rfc3339(moment: datetime) -> str:
    """Write a moment as the partner API shows it: UTC, milliseconds, ``Z`` (RFC 3339)."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


@contextmanager
def moved(by: timedelta) -> Iterator[None]:
    """Let the clock run ahead by ``by`` inside the block; for tests of expiry."""
    global _offset  # noqa: PLW0603 - the clock is the one thing that is global by nature
    before, _offset = _offset, _offset + by
    try:
        yield
    finally:
        _offset = before
