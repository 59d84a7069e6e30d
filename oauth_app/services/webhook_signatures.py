"""Signatures of webhooks, as Standard Webhooks 1.0 says: any of its libraries can check them.

The secret is ``omc_whsec_`` and 40 characters; the key is those 40, read as base64: 30 bytes. Without the
leading ``omc_`` the secret is in the form that the libraries of Standard Webhooks take.
"""

import base64
import hashlib
import hmac
from collections.abc import Mapping, Sequence

from oauth_app.identifiers import TokenKind


def signed_headers(secrets: Sequence[str], message_id: str, timestamp: int, body: bytes) -> Mapping[str, str]:
    """Return the headers that prove id, time and body; one signature for each secret.

    The id is the event's, the same at each attempt: a receiver knows by it what it has had before.
    """
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(sign(secret, message_id, timestamp, body) for secret in secrets),
    }


def sign(secret: str, message_id: str, timestamp: int, body: bytes) -> str:
    """Return one signature: version, comma, base64 of the HMAC-SHA256 of ``id.timestamp.body``."""
    key = base64.b64decode(secret.removeprefix(TokenKind.WEBHOOK_SECRET), validate=True)
    signed = f"{message_id}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
