"""Throw away what has run out, a batch for each transaction so that nobody waits for long."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import InstrumentedAttribute

from oauth_app import clock
from oauth_app.db import transaction
from oauth_app.hub import Hub
from oauth_app.models import (
    AuthorizationCode,
    AuthorizationFailure,
    Delivery,
    DeviceGrant,
    PartnerSession,
    PushedRequest,
    RegistrationPermit,
    SignInAttempt,
    TokenRow,
    UsedProof,
    WrongUserCode,
)
from oauth_app.services.browser_sessions import end_expired_sessions
from oauth_app.services.partner_sessions import forget_callers

_Key = InstrumentedAttribute[str] | InstrumentedAttribute[int]
_Moment = InstrumentedAttribute[datetime] | InstrumentedAttribute[datetime | None]

#: (key, moment, how long the row is kept after that moment). A used code or token is kept for some time
#: after it ran out, so that a replay is still recognised and not merely unknown.
_KEPT: tuple[tuple[_Key, _Moment, timedelta], ...] = (
    (AuthorizationCode.code_digest, AuthorizationCode.expires_at, timedelta(days=1)),
    (TokenRow.token_digest, TokenRow.expires_at, timedelta(days=1)),
    (SignInAttempt.state_digest, SignInAttempt.created_at, timedelta(days=1)),
    (PushedRequest.request_digest, PushedRequest.expires_at, timedelta(days=1)),
    (DeviceGrant.device_code_digest, DeviceGrant.expires_at, timedelta(days=1)),
    (UsedProof.proof_digest, UsedProof.expires_at, timedelta()),
    (WrongUserCode.id, WrongUserCode.tried_at, timedelta(hours=1)),
    (RegistrationPermit.id, RegistrationPermit.expires_at, timedelta()),
    (AuthorizationFailure.id, AuthorizationFailure.created_at, timedelta(days=30)),
    (PartnerSession.id, PartnerSession.ended_at, timedelta(days=30)),
    (Delivery.id, Delivery.done_at, timedelta(days=30)),
)
_BATCH = 500


def sweep(hub: Hub) -> int:
    """Delete what has run out, and end the sessions of browsers that have; return how many rows went."""
    now = clock.now()
    return _end_expired_sessions(hub) + sum(_sweep_table(hub, key, moment < now - kept) for key, moment, kept in _KEPT)


def _end_expired_sessions(hub: Hub) -> int:
    """They are not only deleted: the partners must be told."""
    swept, count = 0, _BATCH
    while count == _BATCH:
        with transaction(hub.engine) as session:
            count, ended = end_expired_sessions(session, limit=_BATCH)
        forget_callers(hub, ended)
        swept += count
    return swept


def _sweep_table(hub: Hub, key: _Key, has_run_out: Any) -> int:  # noqa: ANN401 - a condition
    swept = 0
    while True:
        with transaction(hub.engine) as session:
            gone = session.execute(
                delete(key.class_).where(key.in_(select(key).where(has_run_out).limit(_BATCH))).returning(key)
            ).all()
        swept += len(gone)
        if len(gone) < _BATCH:
            return swept
