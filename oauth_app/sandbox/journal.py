"""The most recent requests, for the developer page."""

import re
from collections import deque
from dataclasses import dataclass
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from oauth_app.sandbox.clock import iso, now_s

#: The identifier in a payment page's address is what opens it, so it is not shown.
_PAY_PAGE: Final = re.compile(r"^(/sandbox/pay/[a-z]+/)[^/]+")

_QUIET: Final = ("/healthz", "/static/", "/favicon.ico")


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One answered request: no query, no header and no body, so no secret."""

    at: str
    method: str
    path: str
    status: int


class Journal:
    """The last hundred requests, newest first."""

    def __init__(self) -> None:
        self._entries: deque[Entry] = deque(maxlen=100)

    def add(self, method: str, path: str, status: int) -> None:
        """Remember a request, unless it is of no interest to a developer."""
        if not path.startswith(_QUIET):
            shown = _PAY_PAGE.sub(r"\1…", path)[:120]
            self._entries.appendleft(Entry(at=iso(now_s())[11:19], method=method, path=shown, status=status))

    def entries(self) -> list[Entry]:
        """Return the remembered requests, newest first."""
        return list(self._entries)


class JournalMiddleware:
    """Note the outcome of every request; 0 stands for a connection that was dropped."""

    def __init__(self, app: ASGIApp, journal: Journal) -> None:
        self._app = app
        self._journal = journal

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on and look only at the status of the answer."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status = 0

        async def watch(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, watch)
        finally:
            self._journal.add(scope["method"], scope["path"], status)
