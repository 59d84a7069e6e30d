"""Events of Stripe: bytes and a signature in, a verified event out, or nothing at all."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import stripe

from oauth_app.payments.errors import InvalidEventError

#: How old a signature may be (https://docs.stripe.com/webhooks#replay-attacks).
TOLERANCE_S = 300


@dataclass(frozen=True, kw_only=True)
class VerifiedEvent:
    """An event that Stripe signed for us. Made by ``read_event`` and by the gateway's own questions only.

    It says what to look at, not what is true: events come late, twice and in any order, so the object is
    asked for again before anything is booked.
    """

    id: str
    type: str
    object_kind: str
    object_id: str
    #: Of what a charge, a refund or a dispute is about.
    payment_intent_id: str | None
    livemode: bool
    created_at: datetime


def read_event(unverified_payload: bytes, signature: str, secrets: Sequence[str]) -> VerifiedEvent:
    """Return the event if one of the secrets signed these very bytes, and not long ago.

    Several secrets are good while one replaces another.

    Raises:
        InvalidEventError: no secret fits, the signature is too old, or the bytes are no event.
    """
    if not any(_is_signed(unverified_payload, signature, secret) for secret in secrets):
        raise InvalidEventError
    try:
        event = json.loads(unverified_payload)
    except ValueError:
        raise InvalidEventError from None
    if not isinstance(event, dict):
        raise InvalidEventError
    return verified(event)


def verified(event: dict[str, Any]) -> VerifiedEvent:
    """Return what the hub needs of an event whose origin is certain.

    Raises:
        InvalidEventError: it is another account's (Stripe Connect), or a "thin" one (v2): the hub asks for none.
    """
    about = event.get("data", {}).get("object", {})
    if event.get("object") != "event" or event.get("account") is not None:
        raise InvalidEventError
    return VerifiedEvent(
        id=str(event["id"]),
        type=str(event["type"]),
        object_kind=str(about.get("object", "")),
        object_id=str(about.get("id", "")),  # a balance, for one, has none; nothing is done about it
        payment_intent_id=about.get("payment_intent"),
        livemode=bool(event.get("livemode")),
        created_at=datetime.fromtimestamp(int(event["created"]), UTC),
    )


def _is_signed(payload: bytes, signature: str, secret: str) -> bool:
    """Tell whether the secret signed these bytes, by Stripe's own code. An empty secret signs nothing."""
    if not secret:
        return False
    try:
        text = payload.decode()
        return bool(stripe.WebhookSignature.verify_header(text, signature, secret, TOLERANCE_S))
    except (UnicodeDecodeError, stripe.SignatureVerificationError):
        return False
