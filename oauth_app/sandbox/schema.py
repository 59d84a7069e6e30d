"""Tables of the sandbox.

Tokens and keys stand here in clear. They open only this emulator, and the
provider's own ``get-user-admin-token`` must be able to read a key back.
"""

from typing import Final

#: Raise it with every change of the tables: older files are emptied and seeded anew.
VERSION: Final = 1

TABLES: Final = """
CREATE TABLE account (
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
    created_at_s INTEGER NOT NULL
);
CREATE TABLE pay_order (
    page_id TEXT PRIMARY KEY,
    order_id TEXT NOT NULL UNIQUE,
    account_id INTEGER NOT NULL REFERENCES account(id),
    kind TEXT NOT NULL CHECK (kind IN ('checkout', 'invoice')),
    amount_fen INTEGER NOT NULL CHECK (amount_fen > 0),
    success_url TEXT NOT NULL DEFAULT '',
    cancel_url TEXT NOT NULL DEFAULT '',
    status TEXT NOT NULL DEFAULT 'open' CHECK (status IN ('open', 'paid', 'void')),
    created_at_s INTEGER NOT NULL,
    paid_at_s INTEGER
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
