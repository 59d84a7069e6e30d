"""What a call shows of its caller: an access token, and perhaps a proof of the key that it is bound to (RFC 9449)."""

from dataclasses import dataclass, field
from functools import cached_property

from oauth_app.identifiers import digest
from oauth_app.relay.asgi_types import RawHeaders
from oauth_app.relay.errors import BoundTokenError, UnknownTokenError

_TOKEN_PREFIX = b"omc_at_"
_BEARER, _DPOP = b"bearer ", b"dpop "
_PLACES = frozenset({b"authorization", b"x-api-key"})
_USUAL = b"Bearer omc_at_"


@dataclass(frozen=True, kw_only=True)
class Credential:
    """A token as it came."""

    token: str = field(repr=False)
    #: What came as ``DPoP`` with ``Authorization: DPoP``, perhaps nothing; None with a bearer token.
    proof: str | None = field(default=None, repr=False)

    @cached_property
    def digest(self) -> str:
        """Under which the hub knows the token."""
        return digest(self.token)

    def check_scheme(self, bound_to: str | None) -> None:
        """RFC 9449 7.1 and 7.2: a bound token is no bearer token, and a bearer token proves no key.

        Raises:
            BoundTokenError: the one came as the other.
        """
        if (self.proof is None) != (bound_to is None):
            raise BoundTokenError


def find_credential(headers: RawHeaders) -> Credential:
    """Return the access token of a call: ``Authorization`` with DPoP, with or without Bearer, or ``x-api-key``.

    Raises:
        UnknownTokenError: none of them holds one.
    """
    for name, value in headers:
        if name in _PLACES:
            scheme, token = (_BEARER, value[7:]) if value.startswith(_USUAL) else _split(value.strip())
            if token.startswith(_TOKEN_PREFIX) and token.isascii():
                return Credential(token=token.decode(), proof=_proof(headers) if scheme == _DPOP else None)
    raise UnknownTokenError


def _split(value: bytes) -> tuple[bytes, bytes]:
    for scheme in (_BEARER, _DPOP):
        if value[: len(scheme)].lower() == scheme:
            return scheme, value[len(scheme) :].strip()
    return b"", value


def _proof(headers: RawHeaders) -> str:
    """RFC 9449 4.3: one header; two are joined, and so are no proof."""
    return b",".join(value for name, value in headers if name == b"dpop").decode("latin-1")
