"""Keys that sign id_tokens: ECDSA on P-256 (ES256)."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from joserfc import jwt
from joserfc.jwk import ECKey, KeySet

ALGORITHM = "ES256"
DEFAULT_ALGORITHM = ALGORITHM
ALGORITHMS = ("ES256", "RS256", "EdDSA")
_CURVE = "P-256"


@dataclass(frozen=True, kw_only=True)
class PrivateKey:
    """A fresh private key on its way into the vault."""

    #: The thumbprint of its public half (RFC 7638).
    key_id: str
    jwk: str = field(repr=False)


class SigningKeys:
    """The keys of the moment: one signs, all are published."""

    def __init__(self, private_jwks: Sequence[str], *, signer: str) -> None:
        keys = [ECKey.import_key(json.loads(jwk)) for jwk in private_jwks]
        self._signer = next(key for key in keys if key.kid == signer)
        self._published = KeySet(list(keys))

    def sign(self, claims: dict[str, Any]) -> str:
        """Return the claims as a signed JWT."""
        return jwt.encode({"alg": ALGORITHM, "kid": self._signer.kid}, claims, self._signer, [ALGORITHM])

    def public_jwks(self) -> dict[str, Any]:
        """Return the public halves as a JWK Set (RFC 7517 5)."""
        return dict(self._published.as_dict(private=False))


def make_private_key() -> PrivateKey:
    """Return a fresh key."""
    key = ECKey.generate_key(_CURVE, {"use": "sig", "alg": ALGORITHM}, auto_kid=True)
    return PrivateKey(key_id=str(key.kid), jwk=json.dumps(key.as_dict(private=True)))
