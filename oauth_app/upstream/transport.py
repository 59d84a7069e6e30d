"""One exchange with OhMyGPT: bytes out, envelope in, every failure one of the named errors."""

import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import urllib3
from urllib3 import exceptions as http_errors

from oauth_app.upstream.errors import (
    UpstreamError,
    UpstreamGrantLostError,
    UpstreamInsufficientFundsError,
    UpstreamProtocolError,
    UpstreamRefusedError,
    UpstreamUnavailableError,
)
from oauth_app.upstream.profile import WireErrors, WireOperation

#: An envelope is small; what is longer is not one, and is not read to its end.
_MAX_ENVELOPE_BYTES = 1_000_000
_CONNECT_TIMEOUT_S = 5

#: Nothing has left this machine when one of these is raised.
_NOT_SENT = (
    http_errors.NewConnectionError,
    http_errors.NameResolutionError,
    http_errors.ConnectTimeoutError,
    http_errors.LocationParseError,
)


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What came back: HTTP status and the whole body."""

    status: int
    content: bytes = field(repr=False)


class Transport:
    """A pool of connections to one API base. It never retries: a charge must not be sent twice."""

    def __init__(self, api_base: str, *, timeout_s: int) -> None:
        self._api_base = api_base.rstrip("/")
        timeout = urllib3.Timeout(connect=min(_CONNECT_TIMEOUT_S, timeout_s), read=timeout_s)
        self._pool = urllib3.PoolManager(maxsize=20, timeout=timeout, retries=False)

    def send(self, operation: WireOperation, values: dict[str, str], token: str | None) -> Answer:
        """Send one request and read the answer.

        Raises:
            UpstreamUnavailableError: no answer; ``surely_not_sent`` tells the two cases apart.
        """
        body, content_type = _encode(operation, values)
        headers = {"Content-Type": content_type, "Accept": "application/json"}
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        try:
            response = self._pool.request(
                operation.method,
                self._api_base + operation.path,
                body=body,
                headers=headers,
                redirect=False,
                preload_content=False,
            )
            try:
                return Answer(status=response.status, content=response.read(_MAX_ENVELOPE_BYTES))
            finally:
                response.release_conn()
        except _NOT_SENT as error:
            raise UpstreamUnavailableError(type(error).__name__, surely_not_sent=True) from None
        except (http_errors.HTTPError, OSError) as error:
            raise UpstreamUnavailableError(type(error).__name__, surely_not_sent=False) from None

    def close(self) -> None:
        """Close the idle connections."""
        self._pool.clear()


def read_envelope(answer: Answer, errors: WireErrors) -> dict[str, Any]:
    """Return ``data`` of a good envelope; HTTP status and ``statusCode`` must both say 200.

    Raises:
        UpstreamUnavailableError: 5xx in either place.
        UpstreamProtocolError: not an envelope.
        UpstreamGrantLostError: the token is void.
        UpstreamInsufficientFundsError: the balance is too small.
        UpstreamRefusedError: any other refusal.
    """
    if answer.status >= 500:
        msg = f"HTTP {answer.status}"
        raise UpstreamUnavailableError(msg, surely_not_sent=False)
    envelope = _parse(answer)
    status = envelope.get("statusCode")
    if not isinstance(status, int) or isinstance(status, bool):
        msg = f"HTTP {answer.status} without a statusCode"
        raise UpstreamProtocolError(msg)
    if status == 200 and answer.status < 300:
        data = envelope.get("data")
        return data if isinstance(data, dict) else {}
    raise _refusal(status if status != 200 else answer.status, envelope.get("errorType"), errors)


def _refusal(status: int, error_type: object, errors: WireErrors) -> UpstreamError:
    kind = error_type if isinstance(error_type, str) else None
    if kind in errors.grant_lost or (kind is None and status == 401):
        return UpstreamGrantLostError(kind or "401")
    if kind in errors.insufficient_funds or (kind is None and status == 402):
        return UpstreamInsufficientFundsError(kind or "402")
    if status >= 500:
        return UpstreamUnavailableError(f"statusCode {status}", surely_not_sent=False)
    return UpstreamRefusedError(status=status, error_type=kind)


def _parse(answer: Answer) -> dict[str, Any]:
    try:
        envelope = json.loads(answer.content)
    except ValueError:
        envelope = None
    if not isinstance(envelope, dict):
        msg = f"HTTP {answer.status} with a body that is not an envelope"
        raise UpstreamProtocolError(msg)
    return envelope


def _encode(operation: WireOperation, values: dict[str, str]) -> tuple[bytes, str]:
    fields = {operation.request[name]: value for name, value in values.items()}
    if operation.encoding == "form":
        return urlencode(fields).encode(), "application/x-www-form-urlencoded"
    return json.dumps(fields).encode(), "application/json"
