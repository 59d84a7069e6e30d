"""Idempotency keys: the first answer to a key is the answer to it for a day.

As Stripe documents it, what fails before a request begins its work, a wrong
parameter or a key in use, is not kept.
"""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from oauth_app.sandbox.clock import now_s
from oauth_app.sandbox.store import Store
from oauth_app.sandbox.stripe_double.calls import Double
from oauth_app.sandbox.stripe_double.errors import ParameterError, StripeError

_LIFETIME_S: Final = 86_400
_LONGEST: Final = 255


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """A request that carries a key, and what tells it from another with the same key."""

    key: str
    path: str
    parameters: str
    request_id: str


@dataclass(frozen=True, kw_only=True)
class Answer:
    """The status and body that a call is answered with."""

    status: int
    body: str
    original_request_id: str | None = None
    """The request that really did the work; None means this one."""


def fingerprint(pairs: list[tuple[str, str]]) -> str:
    """Return a text that is equal for equal parameters."""
    return hashlib.sha256(repr(sorted(pairs)).encode()).hexdigest()


@contextmanager
def claim(double: Double, key: str | None) -> Iterator[None]:
    """Hold a key until the block ends.

    Raises:
        ParameterError: 400, the key is too long; 409, another request holds it.
    """
    if key is None:
        yield
        return
    if len(key) > _LONGEST:
        text = f"Idempotency keys can be at most {_LONGEST} characters long."
        raise ParameterError(text)
    if key in double.keys_in_use:
        text = f"There is currently another in-progress request using this Idempotent Key: {key}. Try again later."
        raise ParameterError(text, status=409, code="idempotency_key_in_use")
    double.keys_in_use.add(key)
    try:
        yield
    finally:
        double.keys_in_use.discard(key)


def find(store: Store, attempt: Attempt) -> Answer | None:
    """Return the answer that a key already has, or None.

    Raises:
        StripeError: 400 ``idempotency_error``, the key belongs to another request.
    """
    store.run("DELETE FROM stripe_answer WHERE created_at_s <= ?", now_s() - _LIFETIME_S)
    row = store.find("SELECT * FROM stripe_answer WHERE idempotency_key = ?", attempt.key)
    if row is None:
        return None
    if row["path"] != attempt.path:
        raise _mismatch(attempt, f"for the same endpoint they were first used for ('{row['path']}')")
    if row["parameters"] != attempt.parameters:
        raise _mismatch(attempt, "with the same parameters they were first used with")
    return Answer(status=row["status"], body=row["body"], original_request_id=row["request_id"])


def keep(store: Store, attempt: Attempt, answer: Answer) -> None:
    """Remember the answer to a key."""
    store.run(
        "INSERT INTO stripe_answer (idempotency_key, path, parameters, status, body, request_id, created_at_s) "
        "VALUES (?, ?, ?, ?, ?, ?, ?)",
        *(attempt.key, attempt.path, attempt.parameters, answer.status, answer.body, attempt.request_id),
        now_s(),
    )


def _mismatch(attempt: Attempt, rule: str) -> StripeError:
    text = f"Keys for idempotent requests can only be used {rule}. Try using a key other than '{attempt.key}'."
    return StripeError(400, text, kind="idempotency_error")
