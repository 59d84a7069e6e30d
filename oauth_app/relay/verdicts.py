"""Looks at the beginning of an answer and decides whether it may pass."""

import json
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Protocol

from oauth_app.relay.errors import EmptyBalanceError, LateAnswerError, LostConnectionError, WrongAnswerError
from oauth_app.relay.routes import Dialect, Route

#: An error is small. What is longer is not read for errors.
_MAX_ERROR_BYTES = 4096
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_PAGES = frozenset({b"text/html", b"application/xhtml+xml"})
#: By which a CDN says that the server behind it took too long (504, and Cloudflare's own two).
_CDN_TIMEOUTS = frozenset({504, 522, 524})
#: The beginnings of a page; JSON cannot begin so.
_MARKUP = b"<"


@dataclass(frozen=True, kw_only=True)
class ErrorWords:
    """The provider's names for the two errors that concern the user: ``errorType`` or ``error.type``."""

    grant_lost: AbstractSet[str]
    insufficient_funds: AbstractSet[str]


class Readable(Protocol):
    """As much of an answer as a verdict needs."""

    @property
    def status(self) -> int:
        """Of the head."""

    @property
    def media_type(self) -> bytes:
        """Without parameters, in lower case."""

    @property
    def is_at_end(self) -> bool:
        """Whether everything was read."""

    async def read(self) -> bytes:
        """Return the next piece, or nothing at the end."""


async def read_beginning(answer: Readable, *, route: Route, dialect: Dialect, words: ErrorWords) -> bytes:
    """Return the first bytes of an answer that may pass, and none for a stream: that begins at once.

    Raises:
        WrongAnswerError: a page or a redirect where an API answers.
        LostConnectionError: OhMyGPT does not know the user's token.
        EmptyBalanceError: the user has no money left.
        NoAnswerError: the connection broke.
        LateAnswerError: silence.
    """
    kind = answer.media_type
    if answer.status in _CDN_TIMEOUTS and kind in _PAGES:
        raise LateAnswerError
    if answer.status in _REDIRECTS or (kind in _PAGES and not route.gives_files):
        raise WrongAnswerError
    if answer.status == 402:
        raise EmptyBalanceError
    is_json = kind.endswith(b"json")
    if answer.status >= 500 and not is_json:
        raise WrongAnswerError
    if not is_json and answer.status < 400:
        return b""
    beginning = await (_read_error(answer) if _may_be_error(answer, dialect) else answer.read())
    if answer.status >= 400 or not route.gives_files:  # a file may hold anything, also what looks like an error
        _check_content(answer, beginning, words)
    return beginning


def _may_be_error(answer: Readable, dialect: Dialect) -> bool:
    return answer.status >= 400 or dialect is Dialect.PLATFORM


async def _read_error(answer: Readable) -> bytes:
    """Read on until it is clear whether this is an error: at its end, or when it is too long for one."""
    beginning = b""
    while len(beginning) <= _MAX_ERROR_BYTES and (chunk := await answer.read()):
        beginning += chunk
    return beginning


def _check_content(answer: Readable, beginning: bytes, words: ErrorWords) -> None:
    if answer.media_type.endswith(b"json") and beginning.lstrip()[:1] == _MARKUP:
        raise WrongAnswerError
    if answer.status < 400 and b'"statusCode"' not in beginning:
        return
    if not answer.is_at_end or len(beginning) > _MAX_ERROR_BYTES:
        return
    status, kind = _read_envelope(answer.status, beginning)
    if status == 401 and kind in words.grant_lost:
        raise LostConnectionError
    if status == 402 or (status >= 400 and kind in words.insufficient_funds):
        raise EmptyBalanceError


def _read_envelope(http_status: int, content: bytes) -> tuple[int, str]:
    try:
        body = json.loads(content)
    except ValueError:
        return http_status, ""
    if not isinstance(body, dict):
        return http_status, ""
    error = body["error"] if isinstance(body.get("error"), dict) else {}
    status = body.get("statusCode")
    kind = body.get("errorType") or error.get("type") or error.get("code")
    return status if isinstance(status, int) else http_status, kind if isinstance(kind, str) else ""
