"""How many AI calls a minute the user allows a site: counted, and kept to."""

import pytest

from oauth_app.db import transaction
from oauth_app.models import Consent
from tests.relay.conftest import Relayed


def allow(relayed: Relayed, calls: int) -> None:
    """Let the user allow so many calls a minute."""
    with transaction(relayed.hub.engine) as session:
        consent = session.query(Consent).one()
        consent.calls_per_minute = calls
    relayed.hub.callers.forget_consent(consent.id)


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("/v1/chat/completions", ("error", "code")),
        ("/v1/messages", ("error", "type")),
        ("/api/v1/model/list", ("errorType",)),
    ],
)
def test_the_relay_keeps_to_it(relayed: Relayed, path: str, place: tuple[str, ...]) -> None:
    """Over the limit each dialect hears 429 in its own words, with the seconds to wait, and OhMyGPT hears nothing."""
    allow(relayed, 1)
    relayed.chat()
    answer = relayed.call(path, json={"model": "gpt-4o-mini", "messages": []})
    body = answer.json()
    for key in place:
        body = body[key]

    assert answer.status_code == 429
    assert 1 <= int(answer.headers["Retry-After"]) <= 61
    assert "rate_limit" in body


def test_a_refused_call_leaves_its_record(relayed: Relayed) -> None:
    """The user sees that a site wanted more than it may."""
    allow(relayed, 1)
    for _ in range(2):
        relayed.chat()

    assert [record.status for record in relayed.usage(2)] == [200, 429]
