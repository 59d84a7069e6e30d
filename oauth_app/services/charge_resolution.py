"""What is done about charges that did not come to an end by themselves.

* pending for longer than anybody can be at work on it: never sent -> ``failed``, else ``unknown``
* unknown, and two looks at the user's balance prove what happened (``charge_evidence``) -> ``succeeded`` or ``failed``
* unknown, and nothing proves anything -> the operator decides, with the evidence on the page
"""

import logging
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.orm import Session

from oauth_app import clock
from oauth_app.db import reading, transaction
from oauth_app.hub import Hub
from oauth_app.models import Charge
from oauth_app.services.charge_errors import ChargeSettledError, UnknownChargeError
from oauth_app.services.charge_evidence import Look, find_verdict, note_first_look
from oauth_app.services.charge_states import (
    BEGUN_AT,
    ChargeStatus,
    FailureCode,
    Verdict,
    settle,
)
from oauth_app.services.charge_telling import tell_of_charge
from oauth_app.services.connections import ConnectionLostError
from oauth_app.services.upstream_calls import ask_for_user, lease
from oauth_app.upstream import UpstreamError, UpstreamUnavailableError

_log = logging.getLogger(__name__)

#: After a day too much else may have happened to the balance: the operator must look.
EVIDENCE_LIFE = timedelta(hours=24)
_BATCH = 100


@dataclass(frozen=True, kw_only=True)
class Resolution:
    """What an operator found out about an ``unknown`` charge."""

    charge_id: str
    #: Whether OhMyGPT took the money.
    was_taken: bool
    operator: str
    reason: str


def settle_stale_charges(hub: Hub) -> int:
    """End the waiting for charges whose process must have died; return how many."""
    now = clock.now()
    stale = (Charge.status == ChargeStatus.PENDING, now - lease(hub.settings) > BEGUN_AT)
    failed = {"status": ChargeStatus.FAILED, "failure_code": FailureCode.INTERRUPTED, "settled_at": now}
    unknown = {"status": ChargeStatus.UNKNOWN, "failure_code": FailureCode.INTERRUPTED}
    with transaction(hub.engine) as session:
        # Without a noted balance it was never sent, and cannot be any more: the sender's own note
        # needs the row to be pending.
        never_sent = _change(session, (*stale, Charge.balance_before.is_(None)), failed)
        in_doubt = _change(session, stale, unknown)
    return len(never_sent) + len(in_doubt)


def reconcile_unknown_charges(hub: Hub) -> int:
    """Look at the balances of users with ``unknown`` charges, settle what leaves no doubt; return how many."""
    with reading(hub.engine) as session:
        unknown = _recent_unknown(session)
    settled = 0
    with suppress(UpstreamUnavailableError):  # what does not answer for one user will not for the next
        # The newest first: what is settled is known when it comes to those before.
        for charge in sorted(unknown, key=lambda charge: charge.id, reverse=True):
            settled += _reconcile(hub, charge)
    return settled


def resolve_charge(session: Session, wish: Resolution) -> Charge:
    """Settle an ``unknown`` charge by an operator's word. The caller commits.

    Raises:
        UnknownChargeError: there is none of this id.
        ChargeSettledError: it is not ``unknown``, or not any more.
    """
    charge = session.get(Charge, wish.charge_id, with_for_update=True, populate_existing=True)
    if charge is None:
        raise UnknownChargeError(wish.charge_id)
    if charge.status != ChargeStatus.UNKNOWN:
        raise ChargeSettledError(wish.charge_id)
    status = ChargeStatus.SUCCEEDED if wish.was_taken else ChargeStatus.FAILED
    charge.resolved_by, charge.resolved_reason = wish.operator, wish.reason
    _log.warning("operator %s resolved %s as %s: %r", wish.operator, charge.id, status, wish.reason)
    return settle(session, charge.id, Verdict(status=status, failure_code=FailureCode.BY_OPERATOR))


def _change(session: Session, conditions: Sequence[ColumnElement[bool]], values: Mapping[str, Any]) -> Sequence[Charge]:
    change = update(Charge).where(*conditions).values(**values).returning(Charge)
    changed = session.scalars(change.execution_options(synchronize_session=False, populate_existing=True)).all()
    for charge in changed:
        tell_of_charge(session, charge)
    return changed


def _recent_unknown(session: Session) -> Sequence[Charge]:
    return session.scalars(
        select(Charge)
        .where(
            Charge.status == ChargeStatus.UNKNOWN,
            Charge.balance_before.is_not(None),
            clock.now() - EVIDENCE_LIFE < BEGUN_AT,
        )
        .order_by(func.random())  # so that one that cannot be asked about does not hold up the others for ever
        .limit(_BATCH)
    ).all()


def _reconcile(hub: Hub, charge: Charge) -> bool:
    """Settle the charge if the balance proves it.

    Raises:
        UpstreamUnavailableError: OhMyGPT does not answer.
    """
    asked_at = clock.now()
    try:
        balance = ask_for_user(hub, charge.user_id, lambda token: hub.upstream.balance(token).paid, reason="reconcile")
    except UpstreamUnavailableError:
        raise
    except (UpstreamError, ConnectionLostError):
        return False  # no evidence today
    with transaction(hub.engine) as session:
        look = Look(balance=balance, at=asked_at)
        note_first_look(session, charge, look)
        verdict = find_verdict(session, hub, charge, look)
        if verdict is None:
            return False
        settled = settle(session, charge.id, verdict)
    _log.info("%s reconciled as %s by the user's balance", settled.id, settled.status)
    return True
