"""Secrets that must be used again, sealed to the place where they are kept."""

from oauth_app.vault.key_ring import KeyRing
from oauth_app.vault.seal import Vault, VaultError

__all__ = ["KeyRing", "Vault", "VaultError"]
