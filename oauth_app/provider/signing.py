"""Keys that sign id_tokens and logout tokens, an algorithm each: ECDSA on P-256, RSA, Ed25519."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from joserfc import jwt
from joserfc.jwk import ECKey, JWKRegistry, Key, KeyParameters, KeySet, OKPKey, RSAKey

from oauth_app.errors import HubError
from oauth_app.provider.jws import EDDSA, REGISTRY

_RSA_BITS = 2048

_MAKERS: dict[str, Callable[[KeyParameters], Key]] = {
    "ES256": lambda parameters: ECKey.generate_key("P-256", parameters, auto_kid=True),
    "RS256": lambda parameters: RSAKey.generate_key(_RSA_BITS, parameters, auto_kid=True),
    EDDSA: lambda parameters: OKPKey.generate_key("Ed25519", parameters, auto_kid=True),
}
#: What a partner may have its id_tokens signed with.
ALGORITHMS = tuple(_MAKERS)
#: Small and quick; OpenID Connect names RS256, which some libraries insist on, so partners can ask for it.
DEFAULT_ALGORITHM = ALGORITHMS[0]


class NoSigningKeyError(HubError):
    """There is no key for the algorithm yet: a partner took it a moment ago. Load the keys anew."""


@dataclass(frozen=True, kw_only=True)
class PrivateKey:
    """A fresh private key on its way into the vault."""

    #: The thumbprint of its public half (RFC 7638).
    key_id: str
    algorithm: str
    jwk: str = field(repr=False)


class SigningKeys:
    """The keys of the moment: one of each algorithm signs, all are published."""

    def __init__(self, private_jwks: Sequence[str], *, signers: Mapping[str, str]) -> None:
        keys = [JWKRegistry.import_key(json.loads(jwk)) for jwk in private_jwks]
        by_id = {key.kid: key for key in keys}
        self._signers = {algorithm: by_id[key_id] for algorithm, key_id in signers.items()}
        self._published = KeySet(keys)

    def sign(self, claims: dict[str, Any], algorithm: str = DEFAULT_ALGORITHM, *, token_type: str | None = None) -> str:
        """Return the claims as a signed JWT, of a type if it has one (RFC 8725 3.11).

        Raises:
            NoSigningKeyError: there is no key for the algorithm among those that were loaded.
        """
        signer = self._signers.get(algorithm)
        if signer is None:
            raise NoSigningKeyError(algorithm)
        header = {"alg": algorithm, "kid": signer.kid} | ({"typ": token_type} if token_type else {})
        return jwt.encode(header, claims, signer, registry=REGISTRY)

    def public_jwks(self) -> dict[str, Any]:
        """Return the public halves as a JWK Set (RFC 7517 5)."""
        return dict(self._published.as_dict(private=False))


def make_private_key(algorithm: str = DEFAULT_ALGORITHM) -> PrivateKey:
    """Return a fresh key. One for RS256 takes a good part of a second: make it before a transaction begins."""
    key = _MAKERS[algorithm]({"use": "sig", "alg": algorithm})
    return PrivateKey(key_id=str(key.kid), algorithm=algorithm, jwk=json.dumps(key.as_dict(private=True)))
