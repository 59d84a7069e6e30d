"""`events` and the webhook secret of `partners create`, as operators type them."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import select

from oauth_app.cli.opening import open_hub
from oauth_app.db import reading
from oauth_app.hub import Hub
from oauth_app.identifiers import TokenKind, is_well_formed
from oauth_app.models import WebhookEndpoint
from tests.cli.conftest import Command
from tests.services.webhooks import happen, told

CREATE = ("partners", "create", "--name", "Shop", "--redirect-uri", "https://shop.example/callback", "--json")
LOCAL = "http://127.0.0.1:9/webhooks"


@contextmanager
def the_hub(instance: Path) -> Iterator[Hub]:
    """Open the hub that the commands act on."""
    assert instance.exists()
    with open_hub() as hub:
        yield hub


@pytest.fixture
def partner_id(ready: Command) -> str:
    """A partner with an endpoint."""
    answer = json.loads(ready(*CREATE, "--webhook-url", LOCAL).output)
    assert is_well_formed(answer["webhook_secret"], TokenKind.WEBHOOK_SECRET)
    return str(answer["client_id"])


def test_a_bad_webhook_address_registers_nothing(ready: Command) -> None:
    """The partner is not made either: the command can simply be typed again."""
    answer = ready(*CREATE, "--webhook-url", "http://8.8.8.8/x")
    assert answer.code == 1
    assert "https://" in answer.error
    assert json.loads(ready("partners", "list", "--json").output) == []


def test_events_are_shown_oldest_first(ready: Command, partner_id: str, instance: Path) -> None:
    """The latest of all, or of one partner."""
    with the_hub(instance) as hub:
        ids = sorted(happen(hub, partner_id) for _ in range(3))
    shown = json.loads(ready("events", "tail", "--lines", "2", "--json").output)
    assert [row["id"] for row in shown] == ids[1:]
    assert shown[0]["partner"] == partner_id
    assert ids[2] in ready("events", "tail", "--partner", partner_id).output
    assert ready("events", "tail", "--partner", "ptn_0").code == 1


def test_events_are_resent(ready: Command, partner_id: str, instance: Path) -> None:
    """One by its id, or all since a day; nothing else is understood."""
    with the_hub(instance) as hub:
        event_id = happen(hub, partner_id)
    assert "1 delivery" in ready("events", "resend", event_id).output
    assert "1 delivery" in ready("events", "resend", "--since", "2020-01-01").output
    assert ready("events", "resend", "evt_0").code == 1
    assert ready("events", "resend").code == 2
    with the_hub(instance) as hub:
        assert sum(len(told(hub, endpoint)) for endpoint in _endpoints(hub)) == 3


def _endpoints(hub: Hub) -> list[str]:
    with reading(hub.engine) as session:
        return list(session.scalars(select(WebhookEndpoint.id)))
