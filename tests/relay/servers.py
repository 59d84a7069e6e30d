"""Servers in threads: the relay under test, and a stub of OhMyGPT that a test can tell how to misbehave."""

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from aiohttp import web

from oauth_app.relay import Relay
from oauth_app.relay.asgi_types import AsgiApplication, Receive, Scope, Send
from oauth_app.relay.door import RelayDoor
from oauth_app.relay.realtime_door import SERVER_OPTIONS

Script = Callable[[web.Request], Awaitable[web.StreamResponse]]

CHAT = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "created": 1,
    "model": "gpt-4o-mini",
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "Hi"}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 12, "completion_tokens": 34, "total_tokens": 46},
}


@dataclass(frozen=True)
class Seen:
    """A request as it reached the stub."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Stub:
    """What stands where OhMyGPT would. ``script`` answers; a test puts its own in place."""

    url: str = ""
    seen: list[Seen] = field(default_factory=list)
    script: Script | None = None
    begun: threading.Event = field(default_factory=threading.Event)
    #: Set when the relay hung up before the answer was complete.
    left: threading.Event = field(default_factory=threading.Event)
    #: What a script waits for until the test lets it go on.
    gate: threading.Event = field(default_factory=threading.Event)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Answer one request."""
        self.begun.set()
        try:
            return await (self.script or self._chat)(request)
        except asyncio.CancelledError:
            self.left.set()
            raise

    async def note(self, request: web.Request) -> Seen:
        """Read a request to its end and keep it."""
        headers = {name.lower(): value for name, value in request.headers.items()}
        seen = Seen(request.method, request.raw_path, headers, await request.read())
        self.seen.append(seen)
        return seen

    async def passed(self) -> None:
        """Wait until the test opens the gate."""
        await asyncio.to_thread(self.gate.wait)

    async def _chat(self, request: web.Request) -> web.StreamResponse:
        await self.note(request)
        return web.json_response(CHAT)


@contextmanager
def running_stub() -> Iterator[Stub]:
    """Run a stub on a free port."""
    stub, loop = Stub(), asyncio.new_event_loop()

    async def start() -> web.AppRunner:
        app = web.Application(client_max_size=0)
        app.router.add_route("*", "/{path:.*}", stub.answer)
        runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        stub.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        return runner

    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    runner = asyncio.run_coroutine_threadsafe(start(), loop).result(10)
    try:
        yield stub
    finally:
        stub.gate.set()
        asyncio.run_coroutine_threadsafe(runner.cleanup(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def with_lifespan(relay: Relay) -> AsgiApplication:
    """Return the relay as an application of its own, which starts and stops with its server."""

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "lifespan":
            await relay(scope, receive, send)
            return
        if "state" in scope:
            scope["state"]["relay"] = relay
        for phase, action in (("startup", relay.start), ("shutdown", relay.stop)):
            await receive()
            await action()
            await send({"type": f"lifespan.{phase}.complete"})

    return application


@contextmanager
def running(application: AsgiApplication, **options: Any) -> Iterator[str]:  # noqa: ANN401 - options of uvicorn
    """Serve an application on a free port, and yield its address."""
    known = {
        "http": RelayDoor,
        "port": 0,
        "lifespan": "on",
        "log_level": "critical",
        "timeout_graceful_shutdown": 2,
        **SERVER_OPTIONS,
    }
    server = uvicorn.Server(uvicorn.Config(application, **(known | options)))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive(), "the server did not start"
        time.sleep(0.005)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()
