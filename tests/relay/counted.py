"""A caller of the sandbox that counts as the relay does, beside what the sandbox itself has charged."""

import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import requests

from oauth_app.relay.meter import Meter
from oauth_app.relay.prices import PriceBook
from oauth_app.relay.request_body import read_body
from oauth_app.relay.settlement import Ending, Settled, Settlement
from oauth_app.relay.usage_filter import UsageFilter
from oauth_app.relay.usage_wish import ask, may_ask, must_ask
from oauth_app.relay.wishes import Wish
from tests.fixtures.hub import Sandbox

EMAIL = "alice@example.com"


@dataclass(frozen=True, kw_only=True)
class Counted:
    """One call, counted on both sides."""

    wish: Wish
    ceiling: int
    settled: Settled
    #: By the sandbox, in hundredths of a unit.
    charged: int
    #: What reached the caller.
    seen: bytes
    status: int


class CountingCaller:
    """Calls the sandbox as alice, and reads her balance before and after."""

    def __init__(self, sandbox: Sandbox, prices: PriceBook | None = None) -> None:
        self._sandbox = sandbox
        self._token = sandbox.token_of(EMAIL)[1]
        rates = self._send(requests.Request("GET", f"{sandbox.url}/api/v1/pay/model-rates")).json()["data"]
        self.prices = prices or PriceBook.load().with_multipliers(rates)

    def call(self, method: str, path: str, *, leave_after: int | None = None, **sent: Any) -> Counted:  # noqa: ANN401 - passed on
        """Call, and leave after so many bytes, or at the end."""
        request = requests.Request(method, self._sandbox.url + path, **sent).prepare()
        body = request.body if isinstance(request.body, bytes) else (request.body or "").encode()
        kind, plain = request.headers.get("Content-Type", "").encode(), urlsplit(path).path
        wish = read_body(kind, body)
        is_asked = may_ask(plain, kind) and must_ask(wish)
        sent_body = ask(body, wish) if is_asked else body
        before = self.balance()
        answer = self._send(self._again(request, sent_body))
        meter, events, seen = Meter(), UsageFilter(), b""
        for chunk in answer.iter_content(None if leave_after is None else 64):
            meter.feed(chunk)
            seen += events.clean(chunk) if is_asked else chunk
            if leave_after is not None and meter.bytes >= leave_after:
                break
        answer.close()
        ending = Ending(
            was_sent=True, status=answer.status_code, content_type=answer.headers.get("Content-Type", "").encode()
        )
        return Counted(
            wish=wish,
            ceiling=self.prices.ceiling(plain, wish, len(body)),
            settled=Settlement(self.prices).settle(plain, wish, len(body), ending, meter),
            charged=before - self.balance(settled=leave_after is not None),
            seen=seen + events.rest(),
            status=answer.status_code,
        )

    def balance(self, *, settled: bool = False) -> int:
        """Return what alice has, in hundredths of a unit; once the sandbox has noticed that she left."""
        if settled:
            self._wait_until_still()
        account = self._sandbox.account(EMAIL)
        return sum(int(account[name].replace(".", "")) for name in ("balance", "free_balance"))

    def _wait_until_still(self) -> None:
        calls, still_since = -1, time.monotonic()
        while time.monotonic() - still_since < 0.3:
            if (now := self._sandbox.account(EMAIL)["calls"]) != calls:
                calls, still_since = now, time.monotonic()
            time.sleep(0.02)

    def _again(self, request: requests.PreparedRequest, body: bytes) -> requests.Request:
        headers = {name: value for name, value in request.headers.items() if name != "Content-Length"}
        return requests.Request(request.method, request.url, headers=headers, data=body)

    def _send(self, request: requests.Request) -> requests.Response:
        request.headers = {**(request.headers or {}), "Authorization": f"Bearer {self._token}"}
        with requests.Session() as session:
            return session.send(request.prepare(), stream=True, timeout=20)
