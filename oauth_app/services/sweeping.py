"""Throw away what has run out, a batch for each transaction so that nobody waits for long."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import InstrumentedAttribute

from oauth_app import clock
from oauth_app.db import transaction
from oauth_app.hub import Hub
from oauth_app.models import AuthorizationCode, BrowserSession, SignInAttempt, TokenRow

#: (key, moment, how long the row is kept after that moment). A used code or token is kept for some time
#: after it ran out, so that a replay is still recognised and not merely unknown.
_KEPT: tuple[tuple[InstrumentedAttribute[str], InstrumentedAttribute[datetime], timedelta], ...] = (
    (AuthorizationCode.code_digest, AuthorizationCode.expires_at, timedelta(days=1)),
    (TokenRow.token_digest, TokenRow.expires_at, timedelta(days=1)),
    (BrowserSession.token_digest, BrowserSession.expires_at, timedelta()),
    (SignInAttempt.state_digest, SignInAttempt.created_at, timedelta(days=1)),
)
_BATCH = 500


def sweep(hub: Hub) -> int:
    """Delete codes, tokens, browser sessions and sign-in attempts that have run out; return how many."""
    now = clock.now()
    return sum(_sweep_table(hub, key, moment < now - kept) for key, moment, kept in _KEPT)


def _sweep_table(hub: Hub, key: InstrumentedAttribute[str], has_run_out: Any) -> int:  # noqa: ANN401 - a condition
    swept = 0
    while True:
        with transaction(hub.engine) as session:
            gone = session.execute(
                delete(key.class_).where(key.in_(select(key).where(has_run_out).limit(_BATCH))).returning(key)
            ).all()
        swept += len(gone)
        if len(gone) < _BATCH:
            return swept
