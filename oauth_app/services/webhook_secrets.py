"""The secrets by which a partner knows that a webhook is ours: sealed, for they must be used.

Both are columns of the endpoint. While a partner rotates, the one before signs, too.
"""

from datetime import timedelta

from oauth_app import clock
from oauth_app.identifiers import TokenKind, new_token
from oauth_app.models import WebhookEndpoint
from oauth_app.vault import Vault

#: While a partner rolls out a new secret, the old one still signs.
OVERLAP = timedelta(hours=24)


def seal_first(vault: Vault, endpoint_id: str) -> tuple[str, bytes]:
    """Return a fresh secret, and how it is kept."""
    secret = new_token(TokenKind.WEBHOOK_SECRET)
    return secret, vault.seal(secret, place=_place(endpoint_id))


def replace_secret(vault: Vault, endpoint: WebhookEndpoint) -> str:
    """Give the endpoint a fresh secret and return it; the one until now signs for another 24 hours."""
    # Sealed again: a sealed value does not open in another column.
    endpoint.sealed_previous_secret = vault.seal(
        open_secret(vault, endpoint, reason="rotate_webhook_secret"), place=_place_of_previous(endpoint.id)
    )
    endpoint.previous_until = clock.now() + OVERLAP
    secret, endpoint.sealed_secret = seal_first(vault, endpoint.id)
    return secret


def open_secret(vault: Vault, endpoint: WebhookEndpoint, *, reason: str) -> str:
    """Return the present secret; ``reason`` is counted."""
    return vault.open(endpoint.sealed_secret, place=_place(endpoint.id), reason=reason)


def open_secrets(vault: Vault, endpoint: WebhookEndpoint) -> list[str]:
    """Return every secret that signs now, the present one first."""
    secrets = [open_secret(vault, endpoint, reason="sign_webhook")]
    until = endpoint.previous_until
    if endpoint.sealed_previous_secret is not None and until is not None and clock.now() < until:
        place = _place_of_previous(endpoint.id)
        secrets.append(vault.open(endpoint.sealed_previous_secret, place=place, reason="sign_webhook"))
    return secrets


def _place(endpoint_id: str) -> str:
    return f"webhook_endpoint:{endpoint_id}:sealed_secret"


def _place_of_previous(endpoint_id: str) -> str:
    return f"webhook_endpoint:{endpoint_id}:sealed_previous_secret"
