"""Demonstrating Proof of Possession (RFC 9449): a token is worth nothing without the key it is bound to."""

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from oauth_app import clock
from oauth_app.errors import HubError
from oauth_app.provider.dpop_nonces import Nonces
from oauth_app.provider.dpop_proofs import Act, InvalidProofError, Proof, check_act, read_proof
from oauth_app.provider.used_proofs import use_up

TOKEN_TYPE = "DPoP"  # noqa: S105 - the name of a scheme
NONCE_HEADER = "DPoP-Nonce"
#: How old a proof may be. The nonce says more exactly when it was made; this is for clocks that are wrong.
PROOF_LIFE = timedelta(minutes=5)
#: How far ahead a client's clock may be.
_AHEAD = timedelta(minutes=1)


class NonceRequiredError(HubError):
    """The proof is good, but for its nonce: none, or one that is not ours or too old (RFC 9449 8)."""


def check_proof(session: Session, text: str, act: Act, nonces: Nonces) -> str:
    """RFC 9449 4.3: return the thumbprint of the key that the caller holds, and use the proof up.

    The caller commits, whatever comes of the request: a proof counts once. Nothing is asked of the database
    before everything else is checked.

    Raises:
        InvalidProofError: it proves nothing, or was used before.
        NonceRequiredError: it must be made once more, with a nonce of ours.
    """
    proof = read_proof(text)
    check_act(proof, act)
    made_at = _made_at(proof)
    if not nonces.is_fresh(str(proof.claims.get("nonce", ""))):
        raise NonceRequiredError
    if not use_up(session, f"dpop {proof.thumbprint} {proof.id}", until=made_at + PROOF_LIFE):
        msg = "it was used before"
        raise InvalidProofError(msg)
    return proof.thumbprint


def _made_at(proof: Proof) -> datetime:
    """Return when the proof was made, if that is about now."""
    iat: Any = proof.claims.get("iat")
    now = clock.now()
    is_number = isinstance(iat, int | float) and not isinstance(iat, bool)
    if not is_number or not (now - PROOF_LIFE).timestamp() <= iat <= (now + _AHEAD).timestamp():
        msg = "iat must be the present moment"
        raise InvalidProofError(msg)
    return datetime.fromtimestamp(iat, UTC)
