"""OhMyGPT's side of a WebSocket: the handshake, at the first base that takes it, and the verdict on a refusal."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus, WebSocketException
from websockets.http11 import Response
from websockets.typing import Subprotocol

from oauth_app.relay.asgi_types import RawHeaders
from oauth_app.relay.bases import Base, Bases
from oauth_app.relay.errors import NoAnswerError, WrongAnswerError
from oauth_app.relay.headers import strip_tokens
from oauth_app.relay.realtime_door import MAX_MESSAGE_BYTES, PING_EVERY_S

#: What a base may take for the whole handshake.
_HANDSHAKE_S = 10.0
#: How long the other side may take to answer our good-bye, before the connection is cut.
_GOODBYE_S = 0.3
#: Reading stops when so many frames wait.
_MOST_WAITING = 4
_WRITE_BYTES = 65_536
#: Headers that describe a talk. What is about the connection is the library's, and the token is ours.
_PASSING = frozenset({b"accept-language"})
_PASSING_PREFIXES = (b"openai-", b"anthropic-")


@dataclass(frozen=True, kw_only=True, slots=True)
class Handshake:
    """What OhMyGPT is asked."""

    raw_path: bytes
    query: bytes
    headers: RawHeaders = field(repr=False)
    subprotocols: Sequence[str]
    upstream_token: str = field(repr=False)

    def url(self, base: Base) -> str:
        """Return the address at a base."""
        address, query = base.address, strip_tokens(self.query)
        written = b"%b%b%b" % (address.authority, address.prefix, self.raw_path) + (b"?" + query if query else b"")
        return ("wss://" if address.is_tls else "ws://") + written.decode("ascii")

    def passing_headers(self) -> list[tuple[str, str]]:
        """Return what OhMyGPT gets to see, with its own token."""
        passing = [
            (name.decode("ascii"), value.decode("ascii"))
            for name, value in self.headers
            if (name in _PASSING or name.startswith(_PASSING_PREFIXES)) and _is_plain(value)
        ]
        return [*passing, ("authorization", f"Bearer {self.upstream_token}")]


class RefusedError(Exception):
    """OhMyGPT answered the handshake by something else than a WebSocket."""

    def __init__(self, refusal: "Refusal") -> None:
        super().__init__(refusal.status)
        self.refusal = refusal


class Refusal:
    """OhMyGPT's answer to a handshake that it does not take, as verdicts read it."""

    is_at_end = True

    def __init__(self, response: Response) -> None:
        self.status = response.status_code
        self.body = bytes(response.body or b"")
        self.headers = [
            (name.lower().encode("ascii"), value.encode("latin-1", "replace"))
            for name, value in response.headers.raw_items()
        ]
        kind = next((value for name, value in self.headers if name == b"content-type"), b"")
        self.media_type = kind.partition(b";")[0].strip().lower()
        self._rest = self.body

    async def read(self) -> bytes:
        """Return the body, the first time."""
        piece, self._rest = self._rest, b""
        return piece


@asynccontextmanager
async def dialled(bases: Bases, handshake: Handshake) -> AsyncIterator[ClientConnection]:
    """Give a connection to the first base that answers. A handshake costs nothing, so the next one may be asked, too.

    Raises:
        NoAnswerError: no base answered.
        WrongAnswerError: the answer is neither a WebSocket nor a refusal.
        RefusedError: it is a refusal.
    """
    async with AsyncExitStack() as stack:
        yield await _dial(bases, handshake, stack)


async def _dial(bases: Bases, handshake: Handshake, stack: AsyncExitStack) -> ClientConnection:
    loop = asyncio.get_running_loop()
    for base in bases.in_order(loop.time(), is_streamed=True):
        try:
            connection = await stack.enter_async_context(_connector(base, handshake))
        except InvalidStatus as error:
            base.circuit.succeed()
            raise RefusedError(Refusal(error.response)) from None
        except (OSError, TimeoutError, EOFError, ConnectionClosed):  # the last by uvloop, where a base hangs up early
            base.circuit.fail(loop.time())
        except InvalidHandshake as error:
            base.circuit.fail(loop.time())
            if not isinstance(error.__cause__, EOFError | OSError):
                raise WrongAnswerError from error
        except WebSocketException as error:
            raise WrongAnswerError from error
        else:
            base.circuit.succeed()
            return connection
    raise NoAnswerError


class _Connector(connect):
    """The library's, without its redirects: they would take the user's token elsewhere."""

    def process_redirect(self, exc: Exception) -> Exception:
        """Follow nothing."""
        return exc


def _connector(base: Base, handshake: Handshake) -> _Connector:
    return _Connector(
        handshake.url(base),
        additional_headers=handshake.passing_headers(),
        subprotocols=[Subprotocol(name) for name in handshake.subprotocols] or None,
        user_agent_header="OhMyGPT-Connect",
        compression=None,
        proxy=None,
        ssl=base.tls,
        open_timeout=_HANDSHAKE_S,
        close_timeout=_GOODBYE_S,
        ping_interval=PING_EVERY_S,
        ping_timeout=PING_EVERY_S,
        max_size=MAX_MESSAGE_BYTES,
        max_queue=_MOST_WAITING,
        write_limit=_WRITE_BYTES,
    )


def _is_plain(value: bytes) -> bool:
    return all(32 <= byte < 127 or byte == 9 for byte in value)
