"""The time, in the two forms the sandbox needs."""

import time
from datetime import UTC, datetime


def now_s() -> int:
    """Return the present time in whole seconds since 1970."""
    return int(time.time())


def iso(moment_s: int) -> str:
    """Return a moment as the provider writes it: UTC, ISO 8601, milliseconds."""
    return datetime.fromtimestamp(moment_s, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
