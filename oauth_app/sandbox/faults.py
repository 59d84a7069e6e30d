"""Making requests go wrong on purpose, down to the socket."""

import asyncio
from collections.abc import Callable
from typing import Final

from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from oauth_app.sandbox.connection import drop
from oauth_app.sandbox.errors import VendorError, bad_token
from oauth_app.sandbox.fault_list import Fault, FaultKind, FaultList
from oauth_app.sandbox.vendor_errors import vendor_failure

_PAGE: Final = "<!doctype html><title>Please wait</title><h1>Checking your browser</h1><p>Injected by the sandbox.</p>"

_BROKEN_JSON: Final = '{"statusCode": 200, "data": {"bal'


class FaultMiddleware:
    """Strike the requests that a waiting fault matches; let all others pass."""

    def __init__(self, app: ASGIApp, faults: FaultList) -> None:
        self._app = app
        self._faults = faults

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or let its fault happen; the control interface is never struck."""
        is_ours = scope["type"] == "http" and not scope["path"].startswith("/_sandbox/")
        fault = self._faults.take(scope["method"], scope["path"]) if is_ours else None
        if fault is None:
            await self._app(scope, receive, send)
        elif answer := _answer(fault, scope["path"]):
            await answer(scope, receive, send)
        else:
            await self._strike(fault, scope, receive, send)

    async def _strike(self, fault: Fault, scope: Scope, receive: Receive, send: Send) -> None:
        match fault.kind:
            case FaultKind.SLOW:
                await asyncio.sleep(fault.seconds)
                await self._app(scope, receive, send)
            case FaultKind.RESET_BEFORE:
                await drop(scope, receive, hard=True)
            case FaultKind.RESET_AFTER:
                await self._app(scope, receive, _swallow)
                await drop(scope, receive, hard=True)
            case _:
                await self._app(scope, receive, _cutting(fault, scope, receive, send))


def _answer(fault: Fault, path: str) -> Response | None:
    """Return the false answer that a fault consists of, or None for the other kinds."""
    answers: dict[FaultKind, Callable[[], Response]] = {
        FaultKind.HTML: lambda: HTMLResponse(_PAGE),
        FaultKind.ENVELOPE_401: lambda: JSONResponse(_envelope(401, bad_token().error_type, bad_token().text)),
        FaultKind.MALFORMED_JSON: lambda: Response(_BROKEN_JSON, media_type="application/json"),
        FaultKind.STATUS: lambda: _status(fault.code, path),
    }
    return answers[fault.kind]() if fault.kind in answers else None


def _status(code: int, path: str) -> Response:
    if path.startswith("/v1/"):
        return vendor_failure(path, VendorError(code, "server_error", "Injected by the sandbox."))
    return JSONResponse(_envelope(code, "injected_error", "Injected by the sandbox."), code)


def _envelope(code: int, error_type: str, text: str) -> dict[str, object]:
    return {"statusCode": code, "message": text, "errorType": error_type, "data": None}


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
