"""What an account asked to have stored: responses, conversations, their items, chat completions.

Only the owner finds it, and there is a bound: of more than some thousand things or some
megabytes the oldest go.
"""

import json
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from oauth_app.sandbox import sse
from oauth_app.sandbox.store import Store

_MOST_THINGS: Final = 2_000
_MOST_BYTES: Final = 40_000_000

_FORGET: Final = """
DELETE FROM kept WHERE position IN (
    SELECT position FROM (
        SELECT position, row_number() OVER newest AS things, sum(length(body)) OVER newest AS bytes
        FROM kept WHERE account_id = ? WINDOW newest AS (ORDER BY position DESC)
    ) WHERE things > ? OR bytes > ?
)
"""


class Kept(StrEnum):
    """What can be stored."""

    RESPONSE = "response"
    CONVERSATION = "conversation"
    ITEM = "item"
    CHAT = "chat"


@dataclass(frozen=True)
class Shelf:
    """The stored things of one account."""

    store: Store
    account_id: int

    def put(self, kind: Kept, thing_id: str, body: dict[str, Any], parent: str = "") -> None:
        """Store a thing, in place of an earlier one of its id, and forget the oldest ones beyond the bound."""
        with self.store.transaction():
            statement = "UPDATE kept SET body = ? WHERE account_id = ? AND kind = ? AND parent = ? AND id = ?"
            text = sse.compact(body)
            if not self.store.run(statement, text, self.account_id, kind, parent, thing_id):
                insert = "INSERT INTO kept (id, account_id, kind, parent, body) VALUES (?, ?, ?, ?, ?)"
                self.store.run(insert, thing_id, self.account_id, kind, parent, text)
            self.store.run(_FORGET, self.account_id, _MOST_THINGS, _MOST_BYTES)

    def find(self, kind: Kept, thing_id: str, parent: str = "") -> dict[str, Any] | None:
        """Return a thing of this account, or None."""
        query = "SELECT body FROM kept WHERE account_id = ? AND kind = ? AND parent = ? AND id = ?"
        row = self.store.find(query, self.account_id, kind, parent, thing_id)
        return dict(json.loads(row["body"])) if row else None

    def everything(self, kind: Kept, parent: str = "") -> list[dict[str, Any]]:
        """Return all things of a kind, oldest first."""
        query = "SELECT body FROM kept WHERE account_id = ? AND kind = ? AND parent = ? ORDER BY position"
        return [dict(json.loads(row["body"])) for row in self.store.rows(query, self.account_id, kind, parent)]

    def drop(self, kind: Kept, thing_id: str, parent: str = "") -> None:
        """Forget a thing and what belongs to it."""
        delete = "DELETE FROM kept WHERE account_id = ? AND (parent = ? OR kind = ? AND parent = ? AND id = ?)"
        self.store.run(delete, self.account_id, thing_id, kind, parent, thing_id)
