"""Requests to addresses that others chose: logos, keys, logout and webhook receivers.

A partner could give an address inside our own network (server-side request forgery, OWASP SSRF). So the
name is resolved once, every address it has must be public, and the connection goes to the very address
that was checked: a second answer of the name server changes nothing. No redirect is followed, no proxy of
the environment used, and both size and time are bounded.
"""

import ipaddress
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Final, cast
from urllib.parse import SplitResult, urlsplit

import urllib3
from urllib3 import exceptions as http_errors
from urllib3.connection import HTTPConnection

from oauth_app.errors import HubError

_CONNECT_TIMEOUT_S: Final = 3
_READ_TIMEOUT_S: Final = 5
#: For a whole exchange: who sends a byte every four seconds is cut off, too.
_TOTAL_S: Final = 10
_MAX_ANSWER_BYTES: Final = 65_536
_PORTS = {"https": 443, "http": 80}
#: IPv6 addresses in which an IPv4 address is packed (RFC 6052 2.1, RFC 3056 2, RFC 4380 2.6): the network
#: behind them is whatever the IPv4 part says, so they are refused as a whole.
_PACKED = tuple(ipaddress.ip_network(text) for text in ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32"))

IpAddress = ipaddress.IPv4Address | ipaddress.IPv6Address


class OutboundError(HubError):
    """Something about a request to an address that somebody else chose."""


class ForbiddenAddressError(OutboundError):
    """The address is not one that the hub goes to: not https, not public, or not an address at all."""


class OutboundFailedError(OutboundError):
    """No usable answer came: refused, cut, too slow or too large."""


@dataclass(frozen=True, kw_only=True)
class Fetched:
    """What came back."""

    status: int
    content_type: str
    body: bytes = field(repr=False)


class GuardedHttp:
    """Goes to public https addresses only; in the sandbox to this machine as well, by http."""

    def __init__(self, *, allow_loopback: bool) -> None:
        self._allow_loopback = allow_loopback

    def get(self, url: str, *, max_bytes: int, accept: str = "*/*") -> Fetched:
        """Fetch a document.

        Raises:
            ForbiddenAddressError: the address is not one that the hub goes to.
            OutboundFailedError: no usable answer came, or one longer than ``max_bytes``.
        """
        return self._exchange(url, "GET", {"Accept": accept}, b"", max_bytes)

    def post(self, url: str, *, body: bytes, headers: Mapping[str, str]) -> int:
        """Send a message and return the status; what the other side says beside it is of no interest.

        Raises:
            ForbiddenAddressError: the address is not one that the hub goes to.
            OutboundFailedError: no answer came; whether the message arrived is not known.
        """
        return self._exchange(url, "POST", headers, body, _MAX_ANSWER_BYTES).status

    def check(self, url: str) -> None:
        """Tell whether the hub would go there now.

        Raises:
            ForbiddenAddressError: it would not.
            OutboundFailedError: the name has no address.
        """
        self._resolve(_split(url))

    def _exchange(self, url: str, method: str, headers: Mapping[str, str], body: bytes, max_bytes: int) -> Fetched:
        parts = _split(url)
        address = self._resolve(parts)
        try:
            with self._pool(parts, address) as pool, _cut_off_in_time(pool):
                response = pool.urlopen(
                    method,
                    _path(parts),
                    body=body or None,
                    headers={"Host": parts.netloc, "User-Agent": "OhMyGPT-Connect", **headers},
                    redirect=False,
                    preload_content=False,
                    decode_content=False,  # a packed answer could grow without end
                )
                return Fetched(
                    status=response.status,
                    content_type=response.headers.get("Content-Type", ""),
                    body=_read(response, max_bytes),
                )
        except (http_errors.HTTPError, OSError) as error:
            raise OutboundFailedError(type(error).__name__) from None

    def _pool(self, parts: SplitResult, address: IpAddress) -> urllib3.HTTPConnectionPool:
        timeout = urllib3.Timeout(connect=_CONNECT_TIMEOUT_S, read=_READ_TIMEOUT_S)
        port = parts.port or _PORTS[parts.scheme]
        if parts.scheme == "http":
            return urllib3.HTTPConnectionPool(str(address), port, timeout=timeout, retries=False)
        # The certificate is checked against the name, though the connection goes to the number.
        return urllib3.HTTPSConnectionPool(
            str(address),
            port,
            timeout=timeout,
            retries=False,
            server_hostname=parts.hostname,
            assert_hostname=parts.hostname,
        )

    def _resolve(self, parts: SplitResult) -> IpAddress:
        """Return the address to connect to, after all addresses of the name were judged."""
        port = parts.port or _PORTS[parts.scheme]
        try:
            found = socket.getaddrinfo(parts.hostname, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            raise OutboundFailedError(type(error).__name__) from None
        addresses = [ipaddress.ip_address(str(entry[4][0]).partition("%")[0]) for entry in found]
        if not addresses or not all(self._may_go_to(address, parts.scheme) for address in addresses):
            raise ForbiddenAddressError(parts.hostname)
        return addresses[0]

    def _may_go_to(self, address: IpAddress, scheme: str) -> bool:
        if address.is_loopback:
            return self._allow_loopback
        return scheme == "https" and _is_public(address)


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        usable = parts.scheme in _PORTS and parts.hostname and parts.username is None and parts.port != 0
    except ValueError:
        raise ForbiddenAddressError(url) from None
    if not usable or not url.isascii() or any(char <= " " for char in url):
        raise ForbiddenAddressError(url)
    return parts


def _is_public(address: IpAddress) -> bool:
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return _is_public(address.ipv4_mapped)
        if any(address in network for network in _PACKED):
            return False
    return address.is_global and not address.is_multicast


def _path(parts: SplitResult) -> str:
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


def _read(response: urllib3.BaseHTTPResponse, max_bytes: int) -> bytes:
    body = response.read(max_bytes + 1, decode_content=False)
    if len(body) > max_bytes:
        msg = f"more than {max_bytes} bytes"
        raise OutboundFailedError(msg)
    return body


@contextmanager
def _cut_off_in_time(pool: urllib3.HTTPConnectionPool) -> Iterator[None]:
    """Shut the connection when the whole exchange takes too long; a timeout for each read does not see that.

    Raises:
        OutboundFailedError: it took too long; what was read until then looks like a whole answer and is none.
    """
    connection = cast("HTTPConnection", pool._get_conn())  # noqa: SLF001
    pool._put_conn(connection)  # noqa: SLF001 - the pool hands out this very one next
    connection.connect()
    is_too_late = threading.Event()
    timer = threading.Timer(_TOTAL_S, _shut, [connection.sock, is_too_late])
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
    if is_too_late.is_set():
        msg = f"more than {_TOTAL_S} s"
        raise OutboundFailedError(msg)


def _shut(connected: socket.socket, is_too_late: threading.Event) -> None:
    is_too_late.set()
    with suppress(OSError):
        connected.shutdown(socket.SHUT_RDWR)
