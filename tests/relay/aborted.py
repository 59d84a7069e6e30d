"""A caller who hangs up at a certain point of a call, and what the call then cost on both sides of the hub."""

import time
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

import pytest
import requests

from oauth_app.models import Usage
from tests.fixtures.hub import Sandbox
from tests.relay.conftest import Relayed

ALICE = "alice@example.com"
#: So long OhMyGPT seems to think, where the caller leaves before it answers, and so long the caller waits.
THINKS_S, WAITS_S = 1, 0.5
_STILL_S = 0.4


class Point(Enum):
    """Where the caller hangs up."""

    SENT = "sent, no answer"
    HEAD = "after the head"
    AMID = "amid the answer"
    USAGE = "after the usage"
    END = "at the end"


@dataclass(frozen=True, kw_only=True)
class Call:
    """One question in the dialect of a vendor."""

    path: str
    body: dict[str, Any]
    #: What the body of a stream has besides.
    streamed: dict[str, Any] = field(default_factory=dict)
    #: Stands in the event that tells the usage, and nowhere before it.
    usage_mark: bytes = b""


@dataclass(frozen=True, kw_only=True)
class Cost:
    """What one call cost; money in hundredths of a unit."""

    row: Usage
    #: What the sandbox took from the balance.
    charged: int

    @property
    def told(self) -> tuple[int | None, int | None]:
        """The tokens in the hub's record, of input and of output."""
        return self.row.input_tokens, self.row.output_tokens


def call(relayed: Relayed, sandbox: Sandbox, asked: Call, point: Point, *, is_stream: bool) -> Cost:
    """Ask through the hub, hang up there, and return what both sides say once they are still."""
    rows, before = len(relayed.usage(0)), balance(sandbox)
    body = asked.body | ({"stream": True} | asked.streamed if is_stream else {})
    if point is Point.SENT:
        sandbox.fail(asked.path, "slow", seconds=THINKS_S)
        with pytest.raises(requests.ReadTimeout):
            _send(relayed, asked.path, body, timeout_s=WAITS_S)
    else:
        with _send(relayed, asked.path, body, timeout_s=20) as answer:
            assert answer.status_code == 200
            _read(answer, point, asked.usage_mark)
    return _cost(relayed, sandbox, rows, before, THINKS_S if point is Point.SENT else 0)


def call_in_vain(relayed: Relayed, sandbox: Sandbox, asked: Call, *, is_stream: bool) -> Cost:
    """Ask through the hub for an answer that OhMyGPT breaks off, and return what both sides say of it."""
    rows, before = len(relayed.usage(0)), balance(sandbox)
    body = asked.body | ({"stream": True} | asked.streamed if is_stream else {})
    with _send(relayed, asked.path, body, timeout_s=20) as answer:
        if answer.status_code == 200:
            with pytest.raises(requests.exceptions.ChunkedEncodingError):
                _read(answer, Point.END, b"")
    return _cost(relayed, sandbox, rows, before)


def balance(sandbox: Sandbox) -> int:
    """Return what Alice has at OhMyGPT."""
    account = sandbox.account(ALICE)
    return sum(int(account[name].replace(".", "")) for name in ("balance", "free_balance"))


def _cost(relayed: Relayed, sandbox: Sandbox, rows: int, before: int, thinks_s: float = 0) -> Cost:
    row = relayed.usage(rows + 1)[-1]
    _wait_until_still(sandbox, thinks_s)
    return Cost(row=row, charged=before - balance(sandbox))


def _send(relayed: Relayed, path: str, body: dict[str, Any], *, timeout_s: float) -> requests.Response:
    headers = {"Authorization": f"Bearer {relayed.token}"}
    return requests.post(relayed.url + path, json=body, headers=headers, stream=True, timeout=timeout_s)


def _read(answer: requests.Response, point: Point, usage_mark: bytes) -> None:
    """Read to the point; leaving the response closes the connection."""
    if point is Point.HEAD:
        return
    seen = b""
    for chunk in answer.iter_content(None):
        seen += chunk
        if point is Point.USAGE and usage_mark in seen:
            return
        if point is Point.AMID and b"word60" in seen.replace(b" ", b""):
            return
    assert point is Point.END, seen[-500:]


def _wait_until_still(sandbox: Sandbox, thinks_s: float) -> None:
    """Wait until the sandbox has noticed that the caller is gone, and given back what it did not produce."""
    time.sleep(thinks_s)
    last, since = balance(sandbox), time.monotonic()
    while time.monotonic() - since < _STILL_S:
        if (now := balance(sandbox)) != last:
            last, since = now, time.monotonic()
        time.sleep(0.02)
