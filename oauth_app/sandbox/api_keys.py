"""API keys: what each may do, how much it may spend, and what it has spent."""

import json
import sqlite3
from collections.abc import Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Final

from oauth_app.sandbox.clock import now_s
from oauth_app.sandbox.drawing.flux_variants import VARIANTS
from oauth_app.sandbox.identifiers import make_key
from oauth_app.sandbox.pricing import MODELS
from oauth_app.sandbox.store import Store

#: Permissions that are no model of a vendor's: file storage and both spellings seen of drawing,
#: then what has no name in the documentation and is called like its siblings here.
FILES: Final = "file-v1"
GOOGLE: Final = "google-search-v1"
SERPER: Final = "serper-v1"
AZURE_TTS: Final = "azure-tts"
SERVICES: Final = (FILES, "midjourney", "midJourney", "nd-imagine-v3", GOOGLE, SERPER, AZURE_TTS)

#: Keys live ten years when nothing else is said (observed).
LIFETIME_S: Final = 3_652 * 86_400

DEFAULT_REMARK: Final = "Secret key"


@dataclass(frozen=True, kw_only=True)
class ApiKey:
    """A key as it stands in the database."""

    key: str
    account_id: int
    is_admin: bool
    remark: str
    created_at_s: int
    used_at_s: int | None
    expires_at_s: int
    used_times: int
    used_cents: int
    max_cents: int
    """0 means that there is no limit."""
    permissions: Sequence[str] | None
    """None means everything, also what is added later."""
    is_disabled: bool

    def permits(self, name: str) -> bool:
        """Tell whether the key may use a model or service; letter case does not matter."""
        return self.permissions is None or name.lower() in {permitted.lower() for permitted in self.permissions}


@dataclass(frozen=True, kw_only=True)
class KeyTerms:
    """What a key is made with or changed to."""

    remark: str = DEFAULT_REMARK
    expires_at_s: int
    max_cents: int = 0
    permissions: Sequence[str] | None = None
    is_disabled: bool = False


#: The key that the request in progress was made with. Every call that costs money is booked on it,
#: and an area that had to hand it on could forget to.
present: Final[ContextVar[ApiKey | None]] = ContextVar("present", default=None)


def known_permissions() -> list[str]:
    """Return every name that a key's permissions may have."""
    return [*MODELS, *(variant.model for variant in VARIANTS), *SERVICES]


def find(store: Store, key: str) -> ApiKey | None:
    """Return a key that can be used now, or None when it is unknown, disabled or expired."""
    query = "SELECT * FROM api_key WHERE key = ? AND is_disabled = 0 AND expires_at_s > ?"
    row = store.find(query, key, now_s())
    return _key(row) if row else None


def all_of(store: Store, account_id: int) -> list[ApiKey]:
    """Return every key of an account, oldest first."""
    rows = store.rows("SELECT * FROM api_key WHERE account_id = ? ORDER BY created_at_s, rowid", account_id)
    return [_key(row) for row in rows]


def count_of(store: Store, account_id: int) -> int:
    """Return how many keys an account has."""
    return int(store.row("SELECT COUNT(*) FROM api_key WHERE account_id = ?", account_id)[0])


def find_of(store: Store, account_id: int, key: str) -> ApiKey | None:
    """Return a key of an account in any state, or None."""
    row = store.find("SELECT * FROM api_key WHERE key = ? AND account_id = ?", key, account_id)
    return _key(row) if row else None


def add(store: Store, account_id: int, terms: KeyTerms, *, is_admin: bool = False) -> str:
    """Make a key."""
    key = make_key()
    store.run(
        "INSERT INTO api_key (key, account_id, is_admin, created_at_s, expires_at_s) VALUES (?, ?, ?, ?, ?)",
        *(key, account_id, int(is_admin), now_s(), terms.expires_at_s),
    )
    change(store, key, terms)
    return key


def change(store: Store, key: str, terms: KeyTerms) -> None:
    """Give a key other terms."""
    store.run(
        "UPDATE api_key SET remark = ?, expires_at_s = ?, max_cents = ?, permissions = ?, is_disabled = ? "
        "WHERE key = ?",
        *(terms.remark, terms.expires_at_s, terms.max_cents),
        None if terms.permissions is None else json.dumps(list(terms.permissions)),
        *(int(terms.is_disabled), key),
    )


def delete(store: Store, account_id: int, key: str) -> bool:
    """Delete a key of an account; False when there is none."""
    return store.run("DELETE FROM api_key WHERE key = ? AND account_id = ?", key, account_id) > 0


def count_use(store: Store, key: str, cents: int) -> bool:
    """Book a call on a key; False when its limit does not allow it, and nothing was booked."""
    changed = store.run(
        "UPDATE api_key SET used_times = used_times + 1, used_at_s = ?, used_cents = used_cents + ? "
        "WHERE key = ? AND (max_cents = 0 OR used_cents + ? <= max_cents)",
        *(now_s(), cents, key, cents),
    )
    return changed > 0


def give_back(store: Store, key: str, cents: int) -> None:
    """Take back what a call did not cost in the end."""
    store.run("UPDATE api_key SET used_cents = used_cents - ? WHERE key = ?", cents, key)


def _key(row: sqlite3.Row) -> ApiKey:
    columns = dict(row)
    permissions = json.loads(columns["permissions"]) if columns["permissions"] is not None else None
    flags = {name: bool(columns[name]) for name in ("is_admin", "is_disabled")}
    return ApiKey(**columns | flags | {"permissions": permissions})
