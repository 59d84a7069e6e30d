"""Keys of partners: public ones, of the few kinds whose signatures are taken here."""

from collections.abc import Mapping
from typing import Any

from joserfc.errors import JoseError
from joserfc.jwk import JWKRegistry, Key, KeySet

_MAX_KEYS = 20
#: The length of the modulus in base64url, of RSA keys from 2048 to 4096 bits.
_RSA_CHARS = range(342, 684)
_CURVES = {("EC", "P-256"), ("OKP", "Ed25519")}
#: What stands only in private keys (RFC 7518 6.2.2 and 6.3.2, RFC 8037 2), and the secret of a symmetric one.
_PRIVATE = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})

Jwks = Mapping[str, Any]


def read_public_keys(jwks: Jwks) -> KeySet:
    """Return the keys of the set that can be used here; others are left out (RFC 7517 5).

    Raises:
        ValueError: no such key is in it, or one that should have stayed at the partner; the text says which.
    """
    given = jwks.get("keys")
    if not isinstance(given, list) or not all(isinstance(one, dict) for one in given) or len(given) > _MAX_KEYS:
        msg = f"a JWK Set with at most {_MAX_KEYS} keys is needed"
        raise ValueError(msg)
    if any(_PRIVATE & one.keys() for one in given):
        msg = "it holds a private or a symmetric key; give the public ones only, and replace that one"
        raise ValueError(msg)
    usable = [key for one in given if (key := _read_key(one)) is not None]
    if not usable:
        msg = "no usable key: RSA of 2048 to 4096 bits, EC on P-256, or Ed25519"
        raise ValueError(msg)
    return KeySet(usable)


def _read_key(given: dict[str, Any]) -> Key | None:
    if not _is_of_our_kind(given):
        return None
    try:
        return JWKRegistry.import_key(given)
    except (JoseError, ValueError, TypeError, KeyError):
        return None


def _is_of_our_kind(given: dict[str, Any]) -> bool:
    """Judge by what is written: a weak RSA key makes the library complain, a huge one takes seconds to check with."""
    if given.get("kty") == "RSA":
        return isinstance(given.get("n"), str) and len(given["n"]) in _RSA_CHARS
    return (given.get("kty"), given.get("crv")) in _CURVES
