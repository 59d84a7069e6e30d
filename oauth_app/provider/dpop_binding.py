"""DPoP at the endpoints for clients (RFC 9449 5): whose key the tokens are to be bound to."""

from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749 import InvalidGrantError, InvalidRequestError
from sqlalchemy.orm import Session

from oauth_app.provider.clients import Client
from oauth_app.provider.dpop import NonceRequiredError, check_proof
from oauth_app.provider.dpop_proofs import Act, InvalidProofError
from oauth_app.provider.issuer import Issuer
from oauth_app.provider.requests import ProtocolRequest

PROOF_HEADER = "DPoP"
#: The thumbprint of the key that a code is to be bound to (RFC 9449 10).
JKT = "dpop_jkt"


def find_proven_key(session: Session, issuer: Issuer, request: ProtocolRequest) -> str | None:
    """Return the thumbprint of the key that the request proves; None if it brings no proof.

    Raises:
        OAuth2Error: ``invalid_dpop_proof``, or ``use_dpop_nonce`` (RFC 9449 5 and 8).
    """
    if PROOF_HEADER not in request.headers:
        return None
    act = Act(method=request.method, url=issuer.url + request.path)
    try:
        return check_proof(session, request.headers[PROOF_HEADER], act, issuer.nonces)
    except InvalidProofError as error:
        raise OAuth2Error(error="invalid_dpop_proof", description=str(error)) from None
    except NonceRequiredError:
        raise OAuth2Error(error="use_dpop_nonce", description="the proof needs the nonce in DPoP-Nonce") from None


def bind_to_key(pushed: ProtocolRequest, thumbprint: str | None) -> None:
    """RFC 9449 10.1: a proof beside a pushed request says the same as ``dpop_jkt`` in it.

    Raises:
        OAuth2Error: they speak of two keys.
    """
    if thumbprint is None:
        return
    if pushed.payload.data.get(JKT, thumbprint) != thumbprint:
        raise OAuth2Error(error="invalid_dpop_proof", description="dpop_jkt names another key")
    pushed.payload.data[JKT] = thumbprint


def check_key_is_given(client: Client, thumbprint: str | None) -> None:
    """RFC 9449 5.2: some clients never get a bearer token."""
    if client.partner.requires_dpop and thumbprint is None:
        raise InvalidRequestError(description="this client must send a DPoP proof")


def check_is_holder(bound_to: str | None, request: ProtocolRequest) -> None:
    """RFC 9449 5 and 10: what is bound to a key is good only with a proof by that key."""
    if bound_to is not None and bound_to != request.proven_key:
        raise InvalidGrantError(description="it is bound to a key, and the request does not prove that one")
