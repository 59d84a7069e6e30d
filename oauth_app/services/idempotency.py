"""Idempotency keys: a partner's own name for one act of money, so that a repeat is told from a second wish."""

import json
import re
from collections.abc import Mapping
from typing import Any

from oauth_app.errors import HubError
from oauth_app.identifiers import digest

_KEY = re.compile(r"[!-~]{1,255}")


class IdempotencyError(HubError):
    """Something about an idempotency key."""


class IdempotencyKeyRequiredError(IdempotencyError):
    """There is none."""


class IdempotencyKeyInvalidError(IdempotencyError):
    """It is not 1 to 255 visible ASCII characters."""


class IdempotencyMismatchError(IdempotencyError):
    """The partner used the key before, for another wish."""


class IdempotencyInFlightError(IdempotencyError):
    """The first request of this key is still being carried out."""

    def __init__(self, *, retry_after_s: int) -> None:
        super().__init__("in flight")
        self.retry_after_s = retry_after_s


def check_key(key: str | None) -> str:
    """Return the key.

    Raises:
        IdempotencyKeyRequiredError: none was given.
        IdempotencyKeyInvalidError: not 1 to 255 visible ASCII characters.
    """
    if not key:
        raise IdempotencyKeyRequiredError
    if not _KEY.fullmatch(key):
        raise IdempotencyKeyInvalidError
    return key


def digest_of(wish: Mapping[str, Any]) -> str:
    """Return what two requests of one key must have in common; the order of names does not count."""
    return digest(json.dumps(wish, sort_keys=True, separators=(",", ":")))


def check_same(stored_digest: str | None, wish_digest: str) -> None:
    """Refuse a key that was used for another wish.

    Raises:
        IdempotencyMismatchError: it was.
    """
    if stored_digest != wish_digest:
        raise IdempotencyMismatchError
