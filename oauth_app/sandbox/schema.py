"""Tables of the sandbox.

Tokens and keys stand here in clear. They open only this emulator, and the
provider's own ``get-user-admin-token`` must be able to read a key back.
"""

from typing import Final

from oauth_app.sandbox.stripe_double import tables as stripe

#: Raise it with every change of the tables: older files are emptied and seeded anew.
VERSION: Final = 4

TABLES: Final = f"""
{stripe.TABLES}CREATE TABLE account (
    id INTEGER PRIMARY KEY,
    email TEXT NOT NULL UNIQUE,
    paid_cents INTEGER NOT NULL CHECK (paid_cents >= 0),
    free_cents INTEGER NOT NULL DEFAULT 0 CHECK (free_cents >= 0),
    vip_until_s INTEGER
);
CREATE TABLE session (
    token TEXT PRIMARY KEY,
    csrf TEXT NOT NULL,
    account_id INTEGER REFERENCES account(id),
    created_at_s INTEGER NOT NULL
);
CREATE TABLE code (
    code TEXT PRIMARY KEY,
    account_id INTEGER NOT NULL REFERENCES account(id),
    expires_at_s INTEGER NOT NULL
);
CREATE TABLE oauth_token (
    token TEXT PRIMARY KEY,
    account_id INTEGER NOT NULL REFERENCES account(id),
    created_at_s INTEGER NOT NULL
);
CREATE TABLE api_key (
    key TEXT PRIMARY KEY,
    account_id INTEGER NOT NULL REFERENCES account(id),
    is_admin INTEGER NOT NULL DEFAULT 0,
    remark TEXT NOT NULL DEFAULT '',
    created_at_s INTEGER NOT NULL,
    used_at_s INTEGER,
    expires_at_s INTEGER NOT NULL,
    used_times INTEGER NOT NULL DEFAULT 0,
    used_cents INTEGER NOT NULL DEFAULT 0,
    max_cents INTEGER NOT NULL DEFAULT 0,
    permissions TEXT,
    is_disabled INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX api_key_by_account ON api_key (account_id);
CREATE TABLE file (
    id TEXT PRIMARY KEY,
    account_id INTEGER NOT NULL REFERENCES account(id),
    filename TEXT NOT NULL,
    media_type TEXT NOT NULL,
    purpose INTEGER NOT NULL,
    is_public INTEGER NOT NULL,
    tags TEXT NOT NULL,
    size_bytes INTEGER NOT NULL,
    etag TEXT NOT NULL,
    content BLOB NOT NULL,
    created_at_s INTEGER NOT NULL,
    expires_at_s INTEGER
);
CREATE INDEX file_by_account ON file (account_id);
CREATE TABLE pay_order (
    order_id TEXT PRIMARY KEY,
    stripe_id TEXT NOT NULL UNIQUE,
    account_id INTEGER NOT NULL REFERENCES account(id),
    kind TEXT NOT NULL CHECK (kind IN ('checkout', 'invoice')),
    amount_fen INTEGER NOT NULL CHECK (amount_fen > 0),
    status TEXT NOT NULL DEFAULT 'open' CHECK (status IN ('open', 'paid')),
    created_at_s INTEGER NOT NULL,
    paid_at_s INTEGER
);
CREATE TABLE mj_task (
    id INTEGER PRIMARY KEY,
    job_id TEXT NOT NULL UNIQUE,
    account_id INTEGER NOT NULL REFERENCES account(id),
    task_type TEXT NOT NULL CHECK (task_type IN ('FAST', 'NORMAL')),
    action TEXT NOT NULL,
    prompt TEXT NOT NULL,
    description TEXT NOT NULL,
    seed TEXT NOT NULL,
    width INTEGER NOT NULL,
    height INTEGER NOT NULL,
    fails INTEGER NOT NULL,
    webhook_url TEXT,
    origin TEXT NOT NULL,
    submitted_at_ms INTEGER NOT NULL,
    lasts_ms INTEGER NOT NULL,
    key TEXT,
    free_cents INTEGER NOT NULL,
    paid_cents INTEGER NOT NULL,
    is_settled INTEGER NOT NULL DEFAULT 0,
    is_closed INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX mj_task_by_account ON mj_task (account_id);
CREATE TABLE picture (
    name TEXT PRIMARY KEY,
    seed TEXT NOT NULL,
    width INTEGER NOT NULL,
    height INTEGER NOT NULL,
    created_at_s INTEGER NOT NULL
);
CREATE TABLE kept (
    position INTEGER PRIMARY KEY,
    id TEXT NOT NULL,
    account_id INTEGER NOT NULL REFERENCES account(id),
    kind TEXT NOT NULL,
    parent TEXT NOT NULL,
    body TEXT NOT NULL,
    UNIQUE (account_id, kind, parent, id)
);
CREATE TABLE movement (
    id INTEGER PRIMARY KEY,
    account_id INTEGER NOT NULL REFERENCES account(id),
    kind TEXT NOT NULL CHECK (kind IN ('charge', 'call', 'top_up')),
    cents INTEGER NOT NULL,
    reference TEXT NOT NULL,
    remark TEXT NOT NULL,
    created_at_s INTEGER NOT NULL
);
CREATE INDEX movement_by_account ON movement (account_id, kind);
"""
