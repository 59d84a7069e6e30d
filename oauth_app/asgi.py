"""The whole hub for an ASGI server: the relay and the pages on one port, and what runs beside them."""

import asyncio
import gc
import logging
from typing import Any, cast
from urllib.parse import quote

from a2wsgi import WSGIMiddleware
from flask import Flask

from oauth_app import worker
from oauth_app.factory import create_app
from oauth_app.hub import Hub, make_hub
from oauth_app.relay import Relay
from oauth_app.relay.asgi_types import AsgiApplication, Message, Receive, Scope, Send
from oauth_app.relay.routes import is_relayed
from oauth_app.services.relaying import make_relay
from oauth_app.settings import load_settings

#: Pages mostly wait, for OhMyGPT or the database.
_PAGE_THREADS = 32

_log = logging.getLogger(__name__)


def create_asgi(hub: Hub | None = None) -> AsgiApplication:
    """Return the application; without a hub, one is made from the settings."""
    if hub is None:
        hub = make_hub(load_settings())
        _spare_the_collector()
    return HubApplication(hub, relay=make_relay(hub), pages=create_app(hub))


def _spare_the_collector() -> None:
    """Let the garbage collector pass over what was imported, and look less often: a relayed call leaves no cycles."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)


class HubApplication:
    """Sends each request to the relay or to the pages, and starts and stops what both need."""

    def __init__(self, hub: Hub, *, relay: Relay, pages: Flask) -> None:
        self._hub = hub
        self._relay = relay
        self._pages = cast("AsgiApplication", WSGIMiddleware(cast("Any", pages), workers=_PAGE_THREADS))
        self._worker: worker.Worker | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or follow the life of the server."""
        match scope["type"]:
            case "http" | "websocket" if is_relayed(scope.get("raw_path") or quote(scope["path"]).encode()):
                await self._relay(scope, receive, send)
            case "http":
                await self._pages(_for_wsgi(scope), receive, send)
            case "lifespan":
                await self._live(scope, receive, send)
            case _:
                await send({"type": "websocket.close", "code": 1000})

    async def _live(self, scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        if "state" in scope:
            scope["state"]["relay"] = self._relay  # for connections that lead to it directly
        try:
            await self._start()
        except Exception as error:  # noqa: BLE001 - whatever it is, the server must hear of it
            _log.exception("the hub cannot start")
            await send({"type": "lifespan.startup.failed", "message": str(error)})
            return
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self._stop()
        await send({"type": "lifespan.shutdown.complete"})

    async def _start(self) -> None:
        await self._relay.start()
        if self._hub.grapevine is not None:
            self._hub.grapevine.start()
        self._worker = worker.start(self._hub)

    async def _stop(self) -> None:
        if self._hub.grapevine is not None:
            await self._hub.grapevine.stop()
        await self._relay.stop()
        if self._worker is not None:
            await asyncio.to_thread(self._worker.stop)
        self._hub.close()


def _for_wsgi(scope: Scope) -> Message:
    """Return the scope as the bridge to WSGI can take it.

    WSGI knows no difference between ``X-Real-Ip`` and ``X_Real_Ip``: the second could be smuggled past a
    proxy that sets the first. And the bridge expects a query of plain ASCII.
    """
    headers = [(name, value) for name, value in scope["headers"] if b"_" not in name]
    query = quote(scope["query_string"], safe="%!$&'()*+,;=:@/?-._~[]|^`{}\"<>\\").encode()
    return {**scope, "headers": headers, "query_string": query}
