"""The side towards OhMyGPT: a pool of connections, one exchange at a time on each, nothing buffered."""

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import aiohttp
from multidict import CIMultiDict
from yarl import URL

from oauth_app.relay.asgi_types import RawHeaders
from oauth_app.relay.errors import LateAnswerError, NoAnswerError

_CONNECT_TIMEOUT_S = 10
_DNS_CACHE_S = 60


@dataclass(frozen=True, kw_only=True, slots=True)
class Request:
    """What goes out. ``target`` is path and query, exactly as they were written."""

    method: str
    target: str
    headers: CIMultiDict[str]
    body: bytes | AsyncIterator[bytes]


class Answer:
    """An answer whose headers are here and whose body is still coming."""

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self._response = response
        self.status = response.status
        self.headers: RawHeaders = list(response.raw_headers)

    @property
    def media_type(self) -> bytes:
        """The kind of content in lower case, without parameters."""
        return self.header(b"content-type").partition(b";")[0].strip().lower()

    @property
    def is_at_end(self) -> bool:
        """Whether everything was read."""
        return self._response.content.at_eof()

    def header(self, wanted: bytes) -> bytes:
        """Return the first header of this lower-case name, or nothing."""
        return next((value for name, value in self.headers if name.lower() == wanted), b"")

    async def read(self) -> bytes:
        """Return the bytes that are here, waiting for at least one; nothing at the end.

        Raises:
            NoAnswerError: the connection broke before the end.
            LateAnswerError: silence.
        """
        with _named_errors():
            return await self._response.content.readany()

    def close(self) -> None:
        """Let go: an answer read to its end gives its connection back, any other breaks it off at once."""
        self._response.close()


class Exchange:
    """Sends requests to one API base. It never retries: a call costs money."""

    def __init__(self, api_base: str, *, idle_timeout_s: float) -> None:
        self._api_base = api_base.rstrip("/")
        self._timeout = aiohttp.ClientTimeout(total=None, sock_connect=_CONNECT_TIMEOUT_S, sock_read=idle_timeout_s)
        self._session: aiohttp.ClientSession | None = None

    async def start(self) -> None:
        """Open the pool, in the event loop that will use it."""
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, ttl_dns_cache=_DNS_CACHE_S),
            cookie_jar=aiohttp.DummyCookieJar(),  # one user's cookie must never travel with another's call
            timeout=self._timeout,
            auto_decompress=False,
            trust_env=False,
            skip_auto_headers=("Accept", "Content-Type", "User-Agent"),
        )

    async def stop(self) -> None:
        """Close all connections."""
        if self._session is not None:
            await self._session.close()

    async def send(self, request: Request) -> Answer:
        """Return the answer as soon as its headers are here.

        Raises:
            NoAnswerError: refused, unknown host, hung up, or not HTTP.
            LateAnswerError: no connection or no answer in time.
        """
        if self._session is None:
            raise NoAnswerError
        with _named_errors():
            response = await self._session.request(
                request.method,
                URL(self._api_base + request.target, encoded=True),
                headers=request.headers,
                data=request.body or None,
                allow_redirects=False,
            )
        return Answer(response)


@contextmanager
def _named_errors() -> Iterator[None]:
    try:
        yield
    except TimeoutError as error:  # aiohttp's timeouts are TimeoutError, too
        raise LateAnswerError from error
    except (aiohttp.ClientError, OSError) as error:
        raise NoAnswerError from error
