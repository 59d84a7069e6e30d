"""Nonces of ours in proofs (RFC 9449 8 and 9): a proof cannot be made before it is needed.

They are kept nowhere. A nonce is the moment it was made and a MAC over that, so every process knows each
other's; and there is one kind for all endpoints, for clients remember one nonce for an origin.
"""

import base64
import binascii
import hmac
from datetime import timedelta

from oauth_app import clock

NONCE_LIFE = timedelta(minutes=5)
#: A new nonce begins so often; within it, every answer gives the same.
_STEP_S = 30
_PURPOSE = b"oauth_app.provider.dpop_nonces"
_MOMENT_BYTES, _MAC_BYTES = 8, 16


class Nonces:
    """Makes nonces, and knows them again."""

    def __init__(self, secret_key: str) -> None:
        # A key for this purpose alone: no signature made elsewhere can pass as a nonce.
        self._key = hmac.digest(secret_key.encode(), _PURPOSE, "sha256")

    def make(self) -> str:
        """Return the nonce of the moment."""
        return self._write(_now_s() // _STEP_S * _STEP_S)

    def is_fresh(self, nonce: str) -> bool:
        """Tell whether it is one of ours, and not too old."""
        try:
            moment_s = int.from_bytes(base64.urlsafe_b64decode(nonce)[:_MOMENT_BYTES], "big")
        except (binascii.Error, ValueError):
            return False
        is_ours = hmac.compare_digest(nonce.encode(), self._write(moment_s).encode())
        return is_ours and 0 <= _now_s() - moment_s <= NONCE_LIFE.total_seconds()

    def _write(self, moment_s: int) -> str:
        moment = moment_s.to_bytes(_MOMENT_BYTES, "big")
        return base64.urlsafe_b64encode(moment + hmac.digest(self._key, moment, "sha256")[:_MAC_BYTES]).decode()


def _now_s() -> int:
    return int(clock.now().timestamp())
