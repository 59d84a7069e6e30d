"""`events`: what partners are told of, and telling them once more."""

import json
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import click

from oauth_app import clock
from oauth_app.cli.answers import Row, json_option, show_many
from oauth_app.cli.opening import open_ready_hub
from oauth_app.db import reading, transaction
from oauth_app.hub import Hub
from oauth_app.models import Event
from oauth_app.services.event_lists import EventFilter, list_events, read_event, read_events, resend_event, resend_range
from oauth_app.services.paging import PageWish
from oauth_app.services.partners import get_partner

_PAUSE_S = 1.0
_WINDOW = timedelta(minutes=1)
_MOMENT = click.DateTime(formats=["%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%d"])


@click.group()
def events() -> None:
    """See what partners are told of, and tell them once more."""


@events.command()
@click.option("--partner", "partner_id", help="Events of this client id only.")
@click.option("--lines", default=20, show_default=True, type=click.IntRange(1, 1000), help="How many to begin with.")
@click.option("--follow", is_flag=True, help="Go on, and print each new event; end with Ctrl-C.")
@json_option
def tail(partner_id: str | None, *, lines: int, follow: bool, as_json: bool) -> None:
    """Print the latest events, oldest first."""
    wanted = EventFilter(partner_id=partner_id)
    with open_ready_hub() as hub:
        _check_partner(hub, partner_id)
        with reading(hub.engine) as session:
            found = list_events(session, wanted, PageWish(limit=lines)).rows[::-1]
        if not follow:
            show_many([_row(event) for event in found], as_json=as_json, nothing="There are no events yet.")
            return
        _follow(hub, wanted, found, as_json=as_json)


@events.command()
@click.argument("event_id", required=False)
@click.option("--since", type=_MOMENT, help="Instead of one event: all since this moment (UTC).")
@click.option("--partner", "partner_id", help="With --since: events of this client id only.")
def resend(event_id: str | None, since: datetime | None, partner_id: str | None) -> None:
    """Send an event, or all since a moment, once more to every endpoint that wants it."""
    if (event_id is None) == (since is None):
        msg = "give an event's id, or --since"
        raise click.UsageError(msg)
    with open_ready_hub() as hub:
        _check_partner(hub, partner_id)
        count = _resend_one(hub, event_id) if since is None else _resend_all(hub, since, partner_id)
    click.echo(f"{count} {'delivery waits' if count == 1 else 'deliveries wait'} to be sent.")


def _check_partner(hub: Hub, partner_id: str | None) -> None:
    if partner_id is not None:
        with reading(hub.engine) as session:
            get_partner(session, partner_id)


def _follow(hub: Hub, wanted: EventFilter, found: Sequence[Event], *, as_json: bool) -> None:
    """Print the new ones for ever. What commits late has an older id, so the last minute is read again each time."""
    seen = {event.id for event in (*found, *_latest(hub, wanted))}
    _print(found, as_json=as_json)
    while True:
        time.sleep(_PAUSE_S)
        latest = _latest(hub, wanted)
        _print([event for event in latest if event.id not in seen], as_json=as_json)
        seen = {event.id for event in latest}


def _latest(hub: Hub, wanted: EventFilter) -> Sequence[Event]:
    with reading(hub.engine) as session:
        return read_events(session, replace(wanted, since=clock.now() - _WINDOW))


def _print(found: Sequence[Event], *, as_json: bool) -> None:
    for event in found:
        row = _row(event)
        click.echo(json.dumps(row) if as_json else "  ".join(map(str, row.values())))


def _resend_one(hub: Hub, event_id: str | None) -> int:
    with transaction(hub.engine) as session:
        return resend_event(session, read_event(session, event_id or ""))


def _resend_all(hub: Hub, since: datetime, partner_id: str | None) -> int:
    wanted = EventFilter(partner_id=partner_id, since=since.replace(tzinfo=UTC), until=clock.now())
    count, after = 0, None
    while True:
        with transaction(hub.engine) as session:
            resent = resend_range(session, wanted, after=after)
        count, after = count + resent.deliveries, resent.next_after
        if after is None:
            return count


def _row(event: Event) -> Row:
    return {
        "id": event.id,
        "created_at": clock.rfc3339(event.created_at),
        "partner": event.partner_id,
        "type": event.type,
        "object": event.object_id,
    }
