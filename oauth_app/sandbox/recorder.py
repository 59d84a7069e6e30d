"""Writing every request into the journal, as it passes."""

import time
from typing import Final

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from oauth_app.sandbox.clock import now_s
from oauth_app.sandbox.journal import Excerpt, Journal, Record

#: The page itself and its parts are of no interest to a developer.
_QUIET: Final = ("/healthz", "/static/", "/favicon.ico", "/sandbox/developer")


class JournalMiddleware:
    """Note every request with its outcome."""

    def __init__(self, app: ASGIApp, journal: Journal) -> None:
        self._app = app
        self._journal = journal

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on and keep the beginning of what is said."""
        if scope["type"] != "http" or scope["path"] == "/" or scope["path"].startswith(_QUIET):
            await self._app(scope, receive, send)
            return
        recorder = _Recorder(receive, send)
        try:
            await self._app(scope, recorder.receive, recorder.send)
        finally:
            self._journal.add(recorder.record(scope))


class _Recorder:
    """Listens to one request."""

    def __init__(self, receive: Receive, send: Send) -> None:
        self._began_s = time.monotonic()
        self._receive = receive
        self._send = send
        self._status = 0
        self._answer_headers = Headers(raw=[])
        self._sent = Excerpt()
        self._received = Excerpt()

    async def receive(self) -> Message:
        """Pass on what the client sends."""
        message = await self._receive()
        if message["type"] == "http.request":
            self._sent.add(message.get("body", b""))
        return message

    async def send(self, message: Message) -> None:
        """Pass on what the client gets."""
        if message["type"] == "http.response.start":
            self._status = message["status"]
            self._answer_headers = Headers(raw=message.get("headers", []))
        elif message["type"] == "http.response.body":
            self._received.add(message.get("body", b""))
        await self._send(message)

    def record(self, scope: Scope) -> Record:
        """Return what is to be remembered."""
        return Record(
            at_s=now_s(),
            method=scope["method"],
            path=scope["path"],
            query=scope["query_string"],
            headers=Headers(raw=scope["headers"]),
            sent=self._sent,
            status=self._status,
            answer_headers=self._answer_headers,
            received=self._received,
            duration_ms=round((time.monotonic() - self._began_s) * 1000),
        )
