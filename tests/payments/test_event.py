"""Events are believed only when Stripe signed these very bytes, not long ago, for this account."""

import hashlib
import hmac
import json
from datetime import timedelta
from typing import Any

import pytest

from oauth_app import clock
from oauth_app.payments import InvalidEventError, read_event

SECRETS = ("whsec_new_not_a_secret", "whsec_old_not_a_secret")


def event(**changes: Any) -> bytes:  # noqa: ANN401 - JSON
    """Return an event as Stripe sends it, but for the changes."""
    session = {"id": "cs_1", "object": "checkout.session"}
    known = {"id": "evt_1", "object": "event", "type": "checkout.session.completed", "created": 1_700_000_000}
    return json.dumps({**known, "livemode": False, "data": {"object": session}, **changes}).encode()


def signed(payload: bytes, secret: str, *, age_s: int = 0) -> str:
    """Return the header that Stripe would send (https://docs.stripe.com/webhooks#verify-manually)."""
    moment = int((clock.now() - timedelta(seconds=age_s)).timestamp())
    signature = hmac.new(secret.encode(), f"{moment}.".encode() + payload, hashlib.sha256).hexdigest()
    return f"t={moment},v1={signature}"


@pytest.mark.parametrize("secret", SECRETS)
def test_each_secret_is_good_while_one_replaces_another(secret: str) -> None:
    """An event signed by the old or the new secret is read."""
    payload = event()
    read = read_event(payload, signed(payload, secret), SECRETS)
    assert (read.id, read.type, read.object_kind, read.object_id) == (
        "evt_1",
        "checkout.session.completed",
        "checkout.session",
        "cs_1",
    )


def test_another_secret_is_refused() -> None:
    """Whoever does not know a secret can make no event."""
    payload = event()
    with pytest.raises(InvalidEventError):
        read_event(payload, signed(payload, "whsec_foreign_not_a_secret"), SECRETS)


def test_changed_bytes_are_refused() -> None:
    """The signature is over the raw bytes: one changed digit is another event."""
    payload = event()
    with pytest.raises(InvalidEventError):
        read_event(payload.replace(b"evt_1", b"evt_2"), signed(payload, SECRETS[0]), SECRETS)


@pytest.mark.parametrize("header", ["", "t=1", "v1=abc", "t=x,v1=y", "nonsense"])
def test_a_header_that_says_nothing_is_refused(header: str) -> None:
    """No signature, no event."""
    with pytest.raises(InvalidEventError):
        read_event(event(), header, SECRETS)


def test_an_old_signature_is_refused() -> None:
    """A recorded event cannot be played back after five minutes."""
    payload = event()
    read_event(payload, signed(payload, SECRETS[0], age_s=290), SECRETS)
    with pytest.raises(InvalidEventError):
        read_event(payload, signed(payload, SECRETS[0], age_s=310), SECRETS)


def test_without_secrets_nothing_is_believed() -> None:
    """A hub without a webhook secret believes nobody."""
    payload = event()
    with pytest.raises(InvalidEventError):
        read_event(payload, signed(payload, ""), ())


def test_an_event_that_is_not_ours_is_refused() -> None:
    """Another account's event is refused although it is signed."""
    payload = event(account="acct_other")
    with pytest.raises(InvalidEventError):
        read_event(payload, signed(payload, SECRETS[0]), SECRETS)


@pytest.mark.parametrize("data", [{}, {"object": {}}, {"object": {"object": "balance"}}])
def test_an_event_about_nothing_with_a_name_is_read(data: dict[str, Any]) -> None:
    """Stripe tells of things without an id, too; a refusal would have it switch the endpoint off."""
    payload = event(type="balance.available", data=data)
    assert read_event(payload, signed(payload, SECRETS[0]), SECRETS).object_id == ""


@pytest.mark.parametrize("payload", [b"", b"[]", b"{", b'{"object": "v2.core.event"}', b"null"])
def test_bytes_that_are_no_event_are_refused(payload: bytes) -> None:
    """Signed nonsense is nonsense."""
    with pytest.raises(InvalidEventError):
        read_event(payload, signed(payload, SECRETS[0]), SECRETS)
