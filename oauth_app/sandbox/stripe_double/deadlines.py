"""What happens by the clock alone: sessions expire, invoices become overdue."""

from typing import Final

from oauth_app.sandbox.clock import now_ms, now_s
from oauth_app.sandbox.store import Store
from oauth_app.sandbox.stripe_double import invoice_states, sessions
from oauth_app.sandbox.stripe_double.calls import Call
from oauth_app.sandbox.stripe_double.lists import Query

#: More wait for the next look.
_AT_ONCE: Final = 100

_NEXT: Final = """
SELECT MIN(moment_s) FROM (
    SELECT json_extract(body, '$.expires_at') AS moment_s FROM stripe_object
    WHERE kind = 'checkout.session' AND json_extract(body, '$.status') = 'open'
    UNION ALL
    SELECT json_extract(body, '$.due_date') FROM stripe_object
    WHERE kind = 'invoice' AND json_extract(body, '$.status') = 'open' AND json_extract(body, '$._is_overdue') = 0
)
"""


def meet(call: Call) -> None:
    """Let everything happen whose time has come."""
    due = Query("checkout.session").where("status", "open").where("expires_at", now_s(), "<=")
    for session in due.fetch(call.store, "ASC", _AT_ONCE):
        sessions.current(call, session)
    overdue = Query("invoice").where("status", "open").where("_is_overdue", 0).where("due_date", now_s(), "<=")
    for invoice in overdue.fetch(call.store, "ASC", _AT_ONCE):
        invoice_states.overdue(call, invoice)


def pause_ms(store: Store) -> int | None:
    """Return how long it is until something happens by the clock, or None when nothing will."""
    moment_s = store.row(_NEXT)[0]
    return None if moment_s is None else max(moment_s * 1000 - now_ms(), 0)
