"""Making requests go wrong on purpose, down to the socket."""

import asyncio
import contextlib
from typing import Final

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from oauth_app.sandbox import envelope, fault_answers, fault_reading, refusals
from oauth_app.sandbox.config import HttpStatus
from oauth_app.sandbox.connection import drop
from oauth_app.sandbox.fault_list import Fault, FaultKind, FaultList

#: Tests steer by the first and look at the page of the second; neither is ever struck.
_SPARED: Final = ("/_sandbox/", "/sandbox/developer", "/static/", "/healthz")

_MODES: Final = {FaultKind.ENVELOPE: HttpStatus.ENVELOPE, FaultKind.MIRROR: HttpStatus.MIRROR}


class FaultMiddleware:
    """Strike the requests that a waiting fault matches, or that ask for one; let all others pass."""

    def __init__(self, app: ASGIApp, faults: FaultList) -> None:
        self._app = app
        self._faults = faults

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or let its fault happen."""
        if scope["type"] != "http" or scope["path"] == "/" or scope["path"].startswith(_SPARED):
            await self._app(scope, receive, send)
            return
        request = Request(scope, receive)
        try:
            fault = _own_fault(request) or self._faults.take(scope["method"], scope["path"])
            answer = await fault_answers.find_answer(request, fault) if fault else None
        except fault_reading.FaultError as error:
            fault, answer = None, refusals.shaped(request, 400, f"X-Sandbox-Fault: {error}")
        if answer:
            await answer(scope, receive, send)
        elif fault:
            await self._strike(fault, scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _strike(self, fault: Fault, scope: Scope, receive: Receive, send: Send) -> None:
        match fault.kind:
            case FaultKind.SLOW:
                await asyncio.sleep(fault.seconds)
                await self._app(scope, receive, send)
            case FaultKind.HANG:
                await _hang(fault.seconds, scope, receive)
            case FaultKind.RESET_BEFORE:
                await drop(scope, receive, hard=True)
            case FaultKind.RESET_AFTER:
                await self._app(scope, receive, _swallow)
                await drop(scope, receive, hard=True)
            case FaultKind.ENVELOPE | FaultKind.MIRROR:
                await self._app({**scope, envelope.MODE: _MODES[fault.kind]}, receive, send)
            case _:
                await self._app(scope, receive, _cutting(fault, scope, receive, send))


def _own_fault(request: Request) -> Fault | None:
    """Return the fault that a request asks for itself.

    Raises:
        FaultError: it asks for something that makes no sense.
    """
    header = request.headers.get(fault_reading.HEADER)
    return fault_reading.from_header(header) if header else None


async def _hang(seconds: int, scope: Scope, receive: Receive) -> None:
    """Wait until the client leaves, or for as long as asked; then the connection ends."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            while (await receive())["type"] != "http.disconnect":
                pass
        return
    await drop(scope, receive, hard=False)


async def _swallow(_message: Message) -> None:
    """Take an answer and send nothing of it."""


def _cutting(fault: Fault, scope: Scope, receive: Receive, send: Send) -> Send:
    """Return a `send` that breaks the connection in the middle of an answer."""
    left = fault.after_chunks
    is_cut = False

    async def cut(message: Message) -> None:
        nonlocal left, is_cut
        if is_cut:
            return
        if message["type"] == "http.response.start" or (left > 0 and message.get("more_body")):
            left -= message["type"] == "http.response.body"
            await send(message)
            return
        is_cut = True
        body = message.get("body", b"")
        await send({"type": "http.response.body", "body": body[: len(body) // 2], "more_body": True})
        await drop(scope, receive, hard=False)

    return cut
