"""A DPoP proof as it was signed (RFC 9449 4.2): read, and held against the request it came with."""

import base64
import hashlib
from copy import copy
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_to_bytes, urlsplit

from cryptography.exceptions import UnsupportedAlgorithm
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import GuestProtocol, Key, import_key

from oauth_app.errors import HubError
from oauth_app.provider.jws import ACCEPTED, REGISTRY

ALGORITHMS = ACCEPTED
TYPE = "dpop+jwt"
#: A key of 4 096 bits with its signature still fits.
_MAX_CHARS = 4096
_MAX_JTI_CHARS = 256
_PRIVATE_MEMBERS = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
_DEFAULT_PORTS = {"http": 80, "https": 443}
#: joserfc's own limit of 512 bytes is too few for an RSA key in the header.
_REGISTRY = copy(REGISTRY)
_REGISTRY.max_header_length = _MAX_CHARS
#: Whatever is wrong with a key or a signature; a stranger has written both.
_UNREADABLE = (JoseError, UnsupportedAlgorithm, ValueError, TypeError, KeyError)


class InvalidProofError(HubError):
    """The proof does not prove what it should (RFC 9449 4.3); the text says why, for the client's developer."""


@dataclass(frozen=True, kw_only=True)
class Act:
    """The request that a proof must be about."""

    method: str
    #: Under our own issuer, never under the host that the request names.
    url: str
    #: The token that comes along, at a protected resource.
    access_token: str | None = None


@dataclass(frozen=True, kw_only=True)
class Proof:
    """A proof with a good signature; whether it fits the request is still to be seen."""

    #: Of the key that signed it (RFC 7638).
    thumbprint: str
    claims: dict[str, Any]

    @property
    def id(self) -> str:
        """The ``jti``."""
        return str(self.claims["jti"])


def read_proof(text: str) -> Proof:
    """Return the proof, signed by the key that it carries itself.

    Raises:
        InvalidProofError: it is no such proof.
    """
    if len(text) > _MAX_CHARS or not text.isascii():
        _refuse("it is not one JWT")
    try:
        token = jwt.decode(text, _public_key, registry=_REGISTRY)
        thumbprint = _public_key_of(token.header).thumbprint()
    except _UNREADABLE:
        msg = "its key or signature cannot be accepted"
        raise InvalidProofError(msg) from None
    if token.header.get("typ") != TYPE:
        _refuse(f"typ must be {TYPE}")
    return Proof(thumbprint=thumbprint, claims=dict(token.claims))


def check_act(proof: Proof, act: Act) -> None:
    """Refuse a proof that was made for another request, or for another token.

    Raises:
        InvalidProofError: it was.
    """
    jti = proof.claims.get("jti")
    if not isinstance(jti, str) or not jti.isprintable() or not 0 < len(jti) <= _MAX_JTI_CHARS:
        _refuse("jti must be a text of its own")
    if proof.claims.get("htm") != act.method:
        _refuse("htm is not the method of this request")
    htu = proof.claims.get("htu")
    if not isinstance(htu, str) or _plain(htu) != _plain(act.url):
        _refuse("htu is not the address of this request")
    if act.access_token is not None and proof.claims.get("ath") != _digest(act.access_token):
        _refuse("ath is not the hash of the access token")


def _public_key(signature: GuestProtocol) -> Key:
    return _public_key_of(signature.headers())


def _public_key_of(header: dict[str, Any]) -> Key:
    jwk: Any = header.get("jwk")
    if not isinstance(jwk, dict) or _PRIVATE_MEMBERS & jwk.keys():
        _refuse("jwk must be a public key")
    return import_key(jwk)


def _plain(url: str) -> tuple[str | bytes, ...]:
    """RFC 9449 4.3: without query and fragment, and written in one way (RFC 3986 6.2.2 and 6.2.3)."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return ()
    shown = "" if port in {None, _DEFAULT_PORTS.get(parts.scheme)} else str(port)
    return parts.scheme, parts.hostname or "", shown, unquote_to_bytes(parts.path or "/")


def _digest(token: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(token.encode()).digest()).rstrip(b"=").decode()


def _refuse(why: str) -> None:
    raise InvalidProofError(why)
