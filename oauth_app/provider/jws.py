"""Signed texts (RFC 7515): which algorithms are used here, and under which names.

The allow-list is ours and never the token's word. joserfc warns about the name ``EdDSA`` since RFC 9864 prefers
``Ed25519``; client libraries know the old one, so it stands here, for that one curve and without the warning.
"""

from joserfc.jwa import JWSAlgModel
from joserfc.jws import JWSRegistry


class _Registry(JWSRegistry):
    max_header_length = 2048  # a key's certificate digest beside its name still fits
    algorithms = {  # noqa: RUF012 - joserfc's own name
        name: JWSRegistry.algorithms[name] for name in ("ES256", "RS256", "PS256", "Ed25519")
    }


def _make_eddsa() -> JWSAlgModel:
    model = type(JWSRegistry.algorithms["Ed25519"])("Ed25519")  # type: ignore[call-arg]
    model.name = EDDSA
    return model


EDDSA = "EdDSA"
_Registry.algorithms[EDDSA] = _make_eddsa()

#: What partners may sign with.
ACCEPTED = tuple(_Registry.algorithms)
REGISTRY = _Registry(algorithms=ACCEPTED)
