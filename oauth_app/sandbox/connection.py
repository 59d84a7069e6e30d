"""Dropping a client's connection without an answer, which ASGI itself cannot express."""

import asyncio
import contextlib
import socket
import struct
from typing import Any, Final

from starlette.types import Receive, Scope
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

#: Close at once and discard what is unsent, so that the peer sees a reset, not an end.
_LINGER: Final = struct.pack("ii", 1, 0)


class DroppableProtocol(HttpToolsProtocol):
    """The server's HTTP protocol; every request can reach the connection it came by."""

    def __init__(self, *, app_state: dict[str, Any], **others: Any) -> None:  # noqa: ANN401 - passed through
        # The state is copied into the scope of each request, so a copy per connection
        # is a way to it that uses no private name.
        super().__init__(app_state={**app_state, "connection": self}, **others)


async def drop(scope: Scope, receive: Receive, *, hard: bool) -> None:
    """Close the connection of a request and wait until the server has noticed.

    Args:
        scope: the request whose connection goes.
        receive: the request's channel, which reports the disconnect.
        hard: reset the connection; otherwise what was sent still arrives before the end.
    """
    transport: asyncio.Transport = scope["state"]["connection"].transport
    if hard:
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER)
        transport.abort()
    else:
        transport.close()
    # Returning earlier would make the server answer 500 for want of a response.
    with contextlib.suppress(asyncio.TimeoutError):
        async with asyncio.timeout(1):
            while (await receive())["type"] != "http.disconnect":
                pass
