"""Tables of the Stripe double."""

from typing import Final

TABLES: Final = """
CREATE TABLE stripe_object (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    body TEXT NOT NULL
);
CREATE INDEX stripe_object_by_kind ON stripe_object (kind, sequence);
CREATE TABLE stripe_answer (
    idempotency_key TEXT PRIMARY KEY,
    path TEXT NOT NULL,
    parameters TEXT NOT NULL,
    status INTEGER NOT NULL,
    body TEXT NOT NULL,
    request_id TEXT NOT NULL,
    created_at_s INTEGER NOT NULL
);
CREATE TABLE stripe_delivery (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    event_id TEXT NOT NULL,
    endpoint_id TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('waiting', 'held', 'lost', 'delivered', 'failed')),
    due_at_ms INTEGER NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    outcome TEXT NOT NULL DEFAULT ''
);
CREATE INDEX stripe_delivery_by_status ON stripe_delivery (status, due_at_ms);
CREATE INDEX stripe_delivery_by_event ON stripe_delivery (event_id);
CREATE TABLE stripe_webhook_fault (
    id INTEGER PRIMARY KEY,
    kind TEXT NOT NULL CHECK (kind IN ('duplicate', 'delay', 'reorder', 'lose')),
    times INTEGER NOT NULL CHECK (times >= 0),
    delay_ms INTEGER NOT NULL
);
"""
