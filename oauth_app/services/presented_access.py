"""An access token as a request brings it: by its word alone, or with a proof of the key it is bound to (RFC 9449 7)."""

from dataclasses import dataclass, field

from oauth_app.db import reading, transaction
from oauth_app.hub import Hub
from oauth_app.provider.dpop import check_proof
from oauth_app.provider.dpop_proofs import Act, InvalidProofError
from oauth_app.services.access import Access, BoundTokenError, find_access
from oauth_app.services.issuer import make_nonces


@dataclass(frozen=True, kw_only=True)
class Presented:
    """What a request says about its caller."""

    token: str = field(repr=False)
    #: Whether it came as ``Authorization: DPoP`` and not as a bearer token.
    is_dpop: bool
    #: The ``DPoP`` header, if there is one.
    proof: str | None = field(default=None, repr=False)
    method: str
    #: As it was written; without the host, which a request can choose.
    path: str


def find_presented_access(hub: Hub, presented: Presented) -> Access:
    """Return what the token stands for, if its caller may present it. Uses a proof up, in a transaction of its own.

    Raises:
        InvalidTokenError: the token does not count.
        BoundTokenError: it counts, but not in this way.
        InvalidProofError: there is no good proof with it.
        NonceRequiredError: the proof must be made once more, with a nonce of ours.
    """
    with reading(hub.engine) as session:
        access = find_access(session, presented.token)
    check_scheme(access.dpop_thumbprint, is_dpop=presented.is_dpop)
    if access.dpop_thumbprint is not None:
        prove_holder(hub, presented, access.dpop_thumbprint)
    return access


def check_scheme(bound_to: str | None, *, is_dpop: bool) -> None:
    """RFC 9449 7.1 and 7.2: a bound token is no bearer token, and a bearer token proves no key.

    Raises:
        BoundTokenError: the one came as the other.
    """
    if is_dpop != (bound_to is not None):
        raise BoundTokenError


def prove_holder(hub: Hub, presented: Presented, bound_to: str) -> None:
    """Let the caller prove that they hold the key.

    Raises:
        InvalidProofError: there is no good proof, or it is by another key.
        NonceRequiredError: the proof must be made once more, with a nonce of ours.
    """
    if presented.proof is None:
        msg = "there is none"
        raise InvalidProofError(msg)
    act = Act(method=presented.method, url=hub.settings.hub_issuer + presented.path, access_token=presented.token)
    with transaction(hub.engine) as session:
        thumbprint = check_proof(session, presented.proof, act, make_nonces(hub))
    if thumbprint != bound_to:
        msg = "it is by another key than the token is bound to"
        raise InvalidProofError(msg)
