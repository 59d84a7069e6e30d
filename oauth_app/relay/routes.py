"""Which addresses are relayed, and in whose dialect their errors are written.

The decision is made on the raw path, before anybody has decoded it. A path that another server might
read differently (encoded dots or slashes, ``//``, ``..``, a backslash) is refused, not repaired.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from urllib.parse import unquote_to_bytes

from oauth_app.endpoint_groups import EndpointGroup, group_of
from oauth_app.relay.errors import MalformedTargetError, UnknownRouteError

#: What belongs to the relay at all.
PREFIXES = ("/v1/", "/api/v1/")
_PREFIXES = tuple(prefix.encode() for prefix in PREFIXES)
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"})
_READING = frozenset({"GET", "HEAD"})
#: RFC 3986 3.3 ``pchar``, but ``%`` (encoded twice) and ``;`` (some servers cut a segment there).
_PLAIN_PATH = re.compile(rb"[A-Za-z0-9._~!$&'()*+,=:@/-]+")
_ODD_SEGMENT = re.compile(rb"//|/\.+(/|$)")
#: No address of the API is nearly as long.
_MAX_PATH_BYTES = 2048
_FILE = re.compile(r"/api/v1/f/.+|/v1/files/[^/]+/content|/v1/containers/[^/]+/files/[^/]+/content")
#: Below it OhMyGPT serves the vendors' own paths once more, for command-line tools.
_VENDOR_GATEWAY = "/api/v1/ai/openai/"


class Dialect(StrEnum):
    """Who would have answered here; the SDKs know their own errors by it."""

    OPENAI = "openai"
    ANTHROPIC = "anthropic"
    PLATFORM = "platform"


@dataclass(frozen=True, slots=True)
class Rule:
    """What holds below a path; the first rule that fits decides."""

    path: str
    methods: frozenset[str] = frozenset()
    #: The path itself only, and nothing below it.
    is_exact: bool = False

    def covers(self, path: str) -> bool:
        """Tell whether the rule speaks about the path."""
        return path == self.path or (not self.is_exact and path.startswith(self.path + "/"))


#: The account itself (its OAuth app, keys, balance, payments) is the hub's business, never the caller's.
RULES: tuple[Rule, ...] = (
    Rule("/api/v1/user/files", _METHODS),
    Rule("/api/v1/user"),
    Rule("/api/v1/pay/model-rates", frozenset({"GET"}), is_exact=True),
    Rule("/api/v1/pay"),
    Rule("/v1", _METHODS),
    Rule("/api/v1", _METHODS),
)


@dataclass(frozen=True, slots=True)
class Route:
    """An address that is relayed."""

    #: Anybody may call it, without a token.
    is_public: bool
    #: It gives what people have uploaded, so any kind of content is right here.
    gives_files: bool
    #: What kind of calls it serves.
    group: EndpointGroup = EndpointGroup.OTHER


@lru_cache(maxsize=1024)
def find_route(method: str, raw_path: bytes) -> Route:
    """Return how to relay a request.

    Raises:
        MalformedTargetError: the path can be read in two ways.
        UnknownRouteError: this method and path are not relayed.
    """
    if len(raw_path) > _MAX_PATH_BYTES:
        raise MalformedTargetError
    path = _unambiguous(raw_path)
    if not raw_path.decode().startswith(PREFIXES):
        raise UnknownRouteError(path)
    # OhMyGPT may or may not mind the case and a slash at the end: the rules hold for every spelling.
    plain = path.lower().rstrip("/")
    rule = next(rule for rule in RULES if rule.covers(plain))
    if method not in rule.methods:
        raise UnknownRouteError(path)
    is_public = method in _READING and plain.startswith("/api/v1/f/pub/")
    return Route(is_public=is_public, gives_files=_FILE.fullmatch(plain) is not None, group=group_of(plain))


def is_relayed(target: bytes) -> bool:
    """Tell whether the relay answers; both spellings of a path count, so that none slips past its rules."""
    if target.startswith(_PREFIXES):
        return True
    return b"%" in target and unquote_to_bytes(target.partition(b"?")[0]).startswith(_PREFIXES)


def dialect_of(path: str) -> Dialect:
    """Return the dialect of a path; every path has one, also those that are refused."""
    if path.startswith(_VENDOR_GATEWAY):
        return Dialect.ANTHROPIC if "/v1/messages" in path else Dialect.OPENAI
    if path.startswith("/api/"):
        return Dialect.PLATFORM
    return (
        Dialect.ANTHROPIC
        if path.startswith(("/v1/messages", "/v1/complete/")) or path == "/v1/complete"
        else Dialect.OPENAI
    )


def _unambiguous(raw_path: bytes) -> str:
    decoded = unquote_to_bytes(raw_path)
    if decoded.count(b"/") != raw_path.count(b"/") or not raw_path.startswith(b"/"):
        raise MalformedTargetError
    if _PLAIN_PATH.fullmatch(decoded) is None or _ODD_SEGMENT.search(decoded):
        raise MalformedTargetError
    return decoded.decode()
