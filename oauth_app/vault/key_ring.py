"""The keys of the vault: the first one seals, every one opens what it sealed."""

import base64
import binascii
from dataclasses import dataclass, field

_KEY_BYTES = 32
_MAX_NAME_BYTES = 32


@dataclass(frozen=True, kw_only=True)
class KeyRing:
    """AES-256 keys by name; ``current`` seals."""

    current: str
    keys: dict[str, bytes] = field(repr=False)

    @classmethod
    def parse(cls, text: str) -> "KeyRing":
        """Read ``name:base64,name:base64``; the first is current.

        Raises:
            ValueError: a name twice, a name too long, or a key that is not 32 bytes of base64.
        """
        keys: dict[str, bytes] = {}
        for entry in text.split(","):
            name, _, encoded = entry.strip().partition(":")
            _check_name(name, keys)
            keys[name] = _decode(name, encoded)
        return cls(current=next(iter(keys)), keys=keys)


def _check_name(name: str, known: dict[str, bytes]) -> None:
    if not name.isalnum() or len(name.encode()) > _MAX_NAME_BYTES:
        msg = "HUB_VAULT_KEYS: a key's name is 1 to 32 letters and digits, as in k1:<base64 of 32 bytes>"
        raise ValueError(msg)
    if name in known:
        msg = f"HUB_VAULT_KEYS: the name {name} stands twice"
        raise ValueError(msg)


def _decode(name: str, encoded: str) -> bytes:
    try:
        key = base64.b64decode(encoded, validate=True)
    except binascii.Error:
        key = b""
    if len(key) != _KEY_BYTES:
        msg = f"HUB_VAULT_KEYS: the key {name} must be base64 of {_KEY_BYTES} bytes"
        raise ValueError(msg)
    return key
