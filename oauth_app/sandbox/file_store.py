"""Stored files: rows with their bytes, so that they live and die with the rest of the state."""

import hashlib
import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from oauth_app.sandbox.clock import iso, now_s
from oauth_app.sandbox.identifiers import make_file_id
from oauth_app.sandbox.store import Store

#: What a file counts at least, so that a heap of empty ones is bounded as well.
_LEAST_BYTES: Final = 4_096

_COLUMNS: Final = (
    "id, account_id, filename, media_type, purpose, is_public, tags, size_bytes, etag, created_at_s, expires_at_s"
)

#: Files of an account, optionally of a purpose, that have all of some tags.
_MATCHES: Final = (
    "FROM file WHERE account_id = ? AND (? IS NULL OR purpose = ?) "
    "AND NOT EXISTS (SELECT 1 FROM json_each(?) AS wanted WHERE wanted.value NOT IN "
    "(SELECT value FROM json_each(file.tags)))"
)


@dataclass(frozen=True, kw_only=True)
class StoredFile:
    """What is known of a file, without its bytes."""

    id: str
    account_id: int
    filename: str
    media_type: str
    purpose: int
    is_public: bool
    tags: Sequence[str]
    size_bytes: int
    etag: str
    created_at_s: int
    expires_at_s: int | None

    def described(self) -> dict[str, object]:
        """Return the file as a query lists it."""
        return {
            "fileUniqueId": self.id,
            "filename": self.filename,
            "purpose": self.purpose,
            "is_public": self.is_public,
            "tags": list(self.tags),
            "size": self.size_bytes,
            "created_at": iso(self.created_at_s),
            "expires_at": None if self.expires_at_s is None else iso(self.expires_at_s),
        }


@dataclass(frozen=True, kw_only=True)
class Label:
    """What the owner says of a file and can change later."""

    filename: str
    purpose: int
    is_public: bool
    tags: Sequence[str]
    expires_at_s: int | None


@dataclass(frozen=True, kw_only=True)
class Filter:
    """Which files of an account are meant; no purpose and no tags mean all."""

    account_id: int
    purpose: int | None
    tags: Sequence[str]


def used_bytes(store: Store) -> int:
    """Return what all stored files count together; expired ones are deleted first."""
    _forget_expired(store)
    return int(store.row("SELECT COALESCE(SUM(MAX(size_bytes, ?)), 0) FROM file", _LEAST_BYTES)[0])


def counted_bytes(content: bytes) -> int:
    """Return what a file of that content counts."""
    return max(len(content), _LEAST_BYTES)


def add(store: Store, account_id: int, label: Label, media_type: str, content: bytes) -> str:
    """Store a file and return its identifier."""
    file_id = make_file_id()
    store.run(
        f"INSERT INTO file ({_COLUMNS}, content) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",  # noqa: S608 - constants
        *(file_id, account_id, label.filename, media_type, label.purpose, int(label.is_public)),
        *(json.dumps(list(label.tags)), len(content), hashlib.sha256(content).hexdigest()[:32]),
        *(now_s(), label.expires_at_s, content),
    )
    return file_id


def find(store: Store, file_id: str) -> StoredFile | None:
    """Return a file, or None when it is unknown or has expired."""
    _forget_expired(store)
    row = store.find(f"SELECT {_COLUMNS} FROM file WHERE id = ?", file_id)  # noqa: S608 - a constant
    return _file(row) if row else None


def read(store: Store, file_id: str, first: int, length: int) -> bytes:
    """Return some bytes of a file that is known to exist."""
    return bytes(store.row("SELECT substr(content, ?, ?) FROM file WHERE id = ?", first + 1, length, file_id)[0])


def relabel(store: Store, file_id: str, label: Label) -> int:
    """Change what is said of a file and return the number of rows changed."""
    return store.run(
        "UPDATE file SET filename = ?, purpose = ?, is_public = ?, tags = ?, expires_at_s = ? WHERE id = ?",
        *(label.filename, label.purpose, int(label.is_public), json.dumps(list(label.tags)), label.expires_at_s),
        file_id,
    )


def delete(store: Store, file_id: str, account_id: int) -> int:
    """Delete a file of an account and return the number of rows deleted."""
    _forget_expired(store)
    return store.run("DELETE FROM file WHERE id = ? AND account_id = ?", file_id, account_id)


def query(store: Store, wanted: Filter, page: int, page_size: int) -> tuple[int, list[StoredFile]]:
    """Return how many files match and one page of them, newest first."""
    _forget_expired(store)
    values = (wanted.account_id, wanted.purpose, wanted.purpose, json.dumps(list(wanted.tags)))
    total = store.row(f"SELECT COUNT(*) {_MATCHES}", *values)[0]
    order = "ORDER BY created_at_s DESC, rowid DESC LIMIT ? OFFSET ?"
    rows = store.rows(f"SELECT {_COLUMNS} {_MATCHES} {order}", *values, page_size, (page - 1) * page_size)
    return int(total), [_file(row) for row in rows]


def _forget_expired(store: Store) -> None:
    store.run("DELETE FROM file WHERE expires_at_s <= ?", now_s())


def _file(row: sqlite3.Row) -> StoredFile:
    columns = dict(row)
    return StoredFile(**columns | {"tags": json.loads(columns["tags"]), "is_public": bool(columns["is_public"])})
