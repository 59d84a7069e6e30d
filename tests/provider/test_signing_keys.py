"""Signing keys in the database."""

from oauth_app.db import reading
from oauth_app.hub import Hub
from oauth_app.services.signing_keys import list_signing_keys, load_signing_keys


def test_a_private_key_is_kept_sealed(hub: Hub) -> None:
    """Who reads the database cannot sign in our name."""
    load_signing_keys(hub)

    with reading(hub.engine) as session:
        key = list_signing_keys(session)[0]
    assert b'"d"' not in key.sealed_private_key
    assert '"d"' in hub.vault.open(
        key.sealed_private_key, place=f"signing_key:{key.key_id}:sealed_private_key", reason="test"
    )
