"""The queue of webhooks: what is to be sent, what became of it, and what is to go wrong on the way."""

import json
import sqlite3
from enum import StrEnum
from typing import Final

from oauth_app.sandbox.clock import now_ms
from oauth_app.sandbox.config import Config
from oauth_app.sandbox.store import Store
from oauth_app.sandbox.stripe_double import endpoints
from oauth_app.sandbox.stripe_double.objects import Document

_LOG_LENGTH: Final = 200

_LOG: Final = (
    "SELECT delivery.id, delivery.status, delivery.attempts, delivery.outcome, delivery.event_id AS event, "
    "delivery.endpoint_id AS endpoint, json_extract(event.body, '$.type') AS type FROM stripe_delivery AS delivery "
    "LEFT JOIN stripe_object AS event ON event.id = delivery.event_id ORDER BY delivery.id DESC LIMIT ?"
)


class WebhookFault(StrEnum):
    """What can happen to a webhook on its way."""

    DUPLICATE = "duplicate"
    """It is sent twice."""
    DELAY = "delay"
    """It is sent later."""
    REORDER = "reorder"
    """It waits until as many as were asked for are there; then they leave, the last one first."""
    LOSE = "lose"
    """It is never sent."""


def schedule(store: Store, config: Config, event: Document) -> None:
    """Queue an event for every endpoint that wants it, letting the waiting faults happen."""
    for endpoint in endpoints.subscribed(store, config, event["type"]):
        fault = _take_fault(store)
        kind = WebhookFault(fault["kind"]) if fault else None
        status = {WebhookFault.LOSE: "lost", WebhookFault.REORDER: "held"}.get(kind, "waiting") if kind else "waiting"
        due_at_ms = now_ms() + (fault["delay_ms"] if fault and kind == WebhookFault.DELAY else 0)
        for _ in range(2 if kind == WebhookFault.DUPLICATE else 1):
            _put(store, event["id"], endpoint["id"], status, due_at_ms)
        if fault and kind == WebhookFault.REORDER and fault["times"] == 1:
            release_held(store)


def add_fault(store: Store, kind: WebhookFault, times: int, delay_ms: int) -> None:
    """Let something happen to the next `times` webhooks, once earlier faults are used up."""
    store.run("INSERT INTO stripe_webhook_fault (kind, times, delay_ms) VALUES (?, ?, ?)", kind, times, delay_ms)


def clear_faults(store: Store) -> None:
    """Forget all faults and send what they hold back."""
    store.run("DELETE FROM stripe_webhook_fault")
    release_held(store)


def release_held(store: Store) -> None:
    """Send the webhooks that were held back, the last one first."""
    for place, row in enumerate(store.rows("SELECT id FROM stripe_delivery WHERE status = 'held' ORDER BY id DESC")):
        due_at_ms = now_ms() + place
        store.run("UPDATE stripe_delivery SET status = 'waiting', due_at_ms = ? WHERE id = ?", due_at_ms, row["id"])


def due(store: Store) -> list[sqlite3.Row]:
    """Return the deliveries whose time has come, in their order."""
    query = "SELECT * FROM stripe_delivery WHERE status = 'waiting' AND due_at_ms <= ? ORDER BY due_at_ms, id"
    return store.rows(query, now_ms())


def pause_ms(store: Store) -> int | None:
    """Return how long it is until the next delivery is due, or None when none waits."""
    first = store.row("SELECT MIN(due_at_ms) FROM stripe_delivery WHERE status = 'waiting'")[0]
    return None if first is None else max(first - now_ms(), 0)


def note_success(store: Store, delivery: sqlite3.Row, outcome: str) -> None:
    """Record that an endpoint took a webhook."""
    _note(store, delivery, "delivered", outcome)


def note_failure(store: Store, delivery: sqlite3.Row, outcome: str, pauses_ms: tuple[int, ...]) -> None:
    """Record a failed attempt; the next one comes after a pause, until the pauses are used up."""
    if delivery["attempts"] >= len(pauses_ms):
        _note(store, delivery, "failed", outcome)
        return
    _note(store, delivery, "waiting", outcome)
    due_at_ms = now_ms() + pauses_ms[delivery["attempts"]]
    store.run("UPDATE stripe_delivery SET due_at_ms = ? WHERE id = ?", due_at_ms, delivery["id"])


def count_pending(store: Store, event_id: str) -> int:
    """Return how many webhooks of an event are still to arrive."""
    query = "SELECT COUNT(*) FROM stripe_delivery WHERE event_id = ? AND status IN ('waiting', 'held')"
    return int(store.row(query, event_id)[0])


def log(store: Store) -> list[dict[str, object]]:
    """Return the latest deliveries, newest first."""
    return [dict(row) for row in store.rows(_LOG, _LOG_LENGTH)]


def payload(event: Document, pending: int) -> str:
    """Return the bytes of a webhook as text, indented as Stripe's are."""
    return json.dumps(event | {"pending_webhooks": pending}, indent=2)


def _take_fault(store: Store) -> sqlite3.Row | None:
    """Return the fault of the next webhook, as it was before it is counted."""
    fault = store.find("SELECT * FROM stripe_webhook_fault WHERE times > 0 ORDER BY id LIMIT 1")
    if fault:
        store.run("UPDATE stripe_webhook_fault SET times = times - 1 WHERE id = ?", fault["id"])
    return fault


def _put(store: Store, event_id: str, endpoint_id: str, status: str, due_at_ms: int) -> None:
    store.run(
        "INSERT INTO stripe_delivery (event_id, endpoint_id, status, due_at_ms) VALUES (?, ?, ?, ?)",
        *(event_id, endpoint_id, status, due_at_ms),
    )


def _note(store: Store, delivery: sqlite3.Row, status: str, outcome: str) -> None:
    # The event is named, too: after a reset another delivery may have this number.
    store.run(
        "UPDATE stripe_delivery SET status = ?, outcome = ?, attempts = attempts + 1 WHERE id = ? AND event_id = ?",
        *(status, outcome, delivery["id"], delivery["event_id"]),
    )
