"""Sealing by AES-256-GCM, bound to a place (NIST SP 800-38D).

A sealed value is: length of the key's name (1 byte), the name, a random nonce (12 bytes), and the
ciphertext with its tag. The name and the place are authenticated: bytes moved to another row, or
relabelled with another key, do not open.
"""

import secrets
from collections import Counter
from collections.abc import Mapping
from types import MappingProxyType

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from oauth_app.errors import HubError
from oauth_app.vault.key_ring import KeyRing

_NONCE_BYTES = 12


class VaultError(HubError):
    """A sealed value does not open: wrong place, unknown key, or changed bytes."""


class Vault:
    """Seals and opens; counts every opening by its reason."""

    def __init__(self, ring: KeyRing) -> None:
        self._current = ring.current
        self._ciphers = {name: AESGCM(key) for name, key in ring.keys.items()}
        self._openings: Counter[str] = Counter()

    @property
    def openings(self) -> Mapping[str, int]:
        """How often a value was opened since the start, by reason."""
        return MappingProxyType(self._openings)

    def seal(self, plain: str, *, place: str) -> bytes:
        """Return ``plain`` sealed to ``place``, such as ``upstream_connection:usr_1:sealed_token``."""
        name = self._current.encode()
        header = bytes([len(name)]) + name
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return header + nonce + self._ciphers[self._current].encrypt(nonce, plain.encode(), header + place.encode())

    def open(self, sealed: bytes, *, place: str, reason: str) -> str:
        """Return what was sealed at ``place``.

        Raises:
            VaultError: it was sealed elsewhere, by a key not in the ring, or was changed.
        """
        self._openings[reason] += 1
        header = sealed[: 1 + sealed[0]] if sealed else b"\0"
        cipher = self._ciphers.get(header[1:].decode(errors="replace"))
        if cipher is None:
            msg = f"{place} was sealed by a key that is not in HUB_VAULT_KEYS"
            raise VaultError(msg)
        nonce, ciphertext = sealed[len(header) :][:_NONCE_BYTES], sealed[len(header) + _NONCE_BYTES :]
        try:
            return cipher.decrypt(nonce, ciphertext, header + place.encode()).decode()
        except (InvalidTag, ValueError):
            msg = f"{place} does not open: it was changed, or belongs elsewhere"
            raise VaultError(msg) from None
