"""The HTTP server: uvicorn with a protocol that can drop connections, and one ready line."""

import socket
import sys
from collections.abc import Callable

import uvicorn
from starlette.types import ASGIApp

from oauth_app.sandbox.connection import DroppableProtocol


class Server(uvicorn.Server):
    """A server that tells when it is ready."""

    def __init__(self, app: ASGIApp, on_ready: Callable[[], None]) -> None:
        config = uvicorn.Config(
            app,
            http=DroppableProtocol,
            ws="websockets-sansio",
            lifespan="on",
            log_level="warning",
            access_log=False,
            proxy_headers=False,
            server_header=False,
            timeout_graceful_shutdown=3,
        )
        super().__init__(config)
        self._on_ready = on_ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then call the ready function."""
        await super().startup(sockets)
        self._on_ready()


def serve(app: ASGIApp, listener: socket.socket, name: str) -> None:
    """Serve on a listening socket until SIGINT or SIGTERM."""
    host, port = listener.getsockname()[:2]

    def announce() -> None:
        sys.stdout.write(f"{name} ready at http://{host}:{port}\n")
        sys.stdout.flush()

    Server(app, announce).run(sockets=[listener])
