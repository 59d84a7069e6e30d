"""Compare charges with the users' balances at OhMyGPT, as far as that can be done honestly.

OhMyGPT lists no orders. What there is, is the balance that was read just before each charge, and the balance now.
Between two looks a user may have called AI models, topped up, or let another application charge: so most changes
prove nothing. Three patterns are too exact for chance, and only these become differences, where nothing else of the
user's is known to have happened in between:

* ``charged_twice``     it counts as taken, and twice its amount is gone
* ``not_taken``         it counts as taken, and the balance has not moved
* ``taken_though_failed``  it counts as not taken, and just its amount is gone

And ``undecided``: nobody knows what became of a charge, for more than a day. And ``perhaps_paid``: an order at OhMyGPT
expired, and something may have hidden its payment; it is found until an operator has closed it.
"""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Select, exists, func, select
from sqlalchemy.orm import Session

from oauth_app import clock
from oauth_app.db import reading
from oauth_app.hub import Hub
from oauth_app.models import Charge, Difference, TopUp, UpstreamConnection, Usage
from oauth_app.services.charge_states import BEGUN_AT, UNSETTLED, ChargeStatus, Funding, begun_at
from oauth_app.services.connections import ConnectionLostError
from oauth_app.services.reconciliation_findings import Found, Patience, Report, Side
from oauth_app.services.top_up_states import PERHAPS_PAID, TopUpStatus
from oauth_app.services.top_up_wishes import OHMYGPT
from oauth_app.services.upstream_calls import ask_for_user
from oauth_app.upstream import UpstreamError, UpstreamUnavailableError

#: How far back charges are looked at: more than a night, so that a night that was missed is made up for.
WINDOW = timedelta(days=3)
UNDECIDED_AFTER = timedelta(days=1)
_MOST_USERS = 200
_MOST_UNDECIDED = 1_000
_PATIENCE = timedelta(seconds=30)
#: A stream that began so long before may still have cost something.
_LONGEST_CALL = timedelta(hours=1)


@dataclass(frozen=True, kw_only=True)
class _Seen:
    """The balance at a moment; ``since`` is when the asking began."""

    balance: int
    since: datetime


def compare_upstream(hub: Hub) -> Report:
    """Return charges that nobody has decided, and those that a balance contradicts. Owns its transactions."""
    with reading(hub.engine) as session:
        undecided, perhaps_paid = _find_undecided(session), _find_perhaps_paid(session)
        users = _find_users(session)
    told = dict(_ask_balances(hub, users))
    with reading(hub.engine) as session:
        paths = {user_id: _find_steps(session, user_id, told.get(user_id)) for user_id in users}
    steps = [step for path in paths.values() for step in path]
    broken = tuple(found for step in steps if (found := _judge(*step)))
    summary = {
        "undecided": len(undecided),
        "perhaps_paid": len(perhaps_paid),
        "users_with_charges": len(users),
        "balances_told": len(told),
        "steps_compared": len(steps),
        "note": "OhMyGPT lists no orders: only exact patterns of balances count",
    }
    return Report(
        side=Side.UPSTREAM,
        found=undecided + perhaps_paid + broken,
        summary=summary,
        whole_kinds=frozenset({"undecided"} if len(undecided) < _MOST_UNDECIDED else ()),
        subjects=frozenset(charge.id for charge, _ in steps),
    )


def _find_undecided(session: Session) -> tuple[Found, ...]:
    old = clock.now() - UNDECIDED_AFTER
    charges = session.scalars(
        select(Charge).where(Charge.status.in_(UNSETTLED), old > BEGUN_AT).order_by(Charge.id).limit(_MOST_UNDECIDED)
    )
    return tuple(
        Found(
            kind="undecided",
            subject=charge.id,
            asset=charge.asset,
            details={
                "status": charge.status,
                "amount": charge.amount,
                "failure_code": charge.failure_code,
                "balance_before": charge.balance_before,
            },
        )
        for charge in charges
    )


def _find_perhaps_paid(session: Session) -> tuple[Found, ...]:
    by_operator = (Difference.kind == "perhaps_paid", Difference.subject == TopUp.id, Difference.closed_at.is_not(None))
    orders = session.scalars(
        select(TopUp)
        .where(TopUp.status == TopUpStatus.EXPIRED, TopUp.failure_code == PERHAPS_PAID, ~exists().where(*by_operator))
        .order_by(TopUp.id)
        .limit(_MOST_UNDECIDED)
    )
    return tuple(
        Found(
            kind="perhaps_paid",
            subject=order.id,
            asset=order.asset,
            details={
                "amount": order.amount,
                "order": order.upstream_order_id,
                "lowest_balance_seen": order.low_water_balance,
                "balance_last_seen_at": clock.rfc3339(order.looked_at) if order.looked_at else None,
            },
        )
        for order in orders
    )


def _find_users(session: Session) -> Sequence[str]:
    recent = _sent_since(clock.now() - WINDOW).with_only_columns(Charge.user_id).distinct().subquery()
    # By chance, so that those beyond the bound have their turn another night.
    return session.scalars(select(recent.c.user_id).order_by(func.random()).limit(_MOST_USERS)).all()


def _sent_since(moment: datetime) -> Select[Charge]:
    was_sent = (Charge.funding == Funding.UPSTREAM, Charge.balance_before.is_not(None))
    return select(Charge).where(*was_sent, Charge.created_at >= moment)


def _ask_balances(hub: Hub, users: Sequence[str]) -> Iterator[tuple[str, _Seen]]:
    """Yield what OhMyGPT says of users whose connection works, while patience lasts."""
    patience = Patience(_PATIENCE)
    with reading(hub.engine) as session:
        works = (UpstreamConnection.user_id.in_(users), UpstreamConnection.sealed_token.is_not(None))
        connected = session.scalars(select(UpstreamConnection.user_id).where(*works)).all()
    with suppress(UpstreamUnavailableError):  # what does not answer for one user will not for the next
        for user_id in connected:
            if patience.is_over:
                return
            if seen := _ask_balance(hub, user_id):
                yield user_id, seen


def _ask_balance(hub: Hub, user_id: str) -> _Seen | None:
    since = clock.now()
    try:
        balance = ask_for_user(hub, user_id, lambda token: hub.upstream.balance(token).paid, reason="reconcile")
    except UpstreamUnavailableError:
        raise
    except (UpstreamError, ConnectionLostError):
        return None  # this user's affair
    return _Seen(balance=balance, since=since)


def _find_steps(session: Session, user_id: str, now: _Seen | None) -> list[tuple[Charge, int]]:
    """Return the user's charges that have a next look at the balance with nothing known in between, each with it."""
    sent = session.scalars(
        _sent_since(clock.now() - WINDOW).where(Charge.user_id == user_id).order_by(BEGUN_AT, Charge.id)
    ).all()
    looks = [(charge, _Seen(balance=charge.balance_before or 0, since=begun_at(charge))) for charge in sent]
    following = [seen for _, seen in looks[1:]] + ([now] if now else [])
    return [
        (charge, seen.balance)
        for charge, seen in zip(sent, following, strict=False)
        if _is_alone(session, charge, seen.since)
    ]


def _is_alone(session: Session, charge: Charge, until: datetime) -> bool:
    """Tell whether the charge was over by then, and nothing else is known that moved the balance."""
    if charge.settled_at is None or charge.settled_at > until:
        return False
    begun = begun_at(charge)
    others = (
        select(Charge.id).where(
            Charge.user_id == charge.user_id,
            Charge.funding == Funding.UPSTREAM,
            Charge.id != charge.id,
            until > BEGUN_AT,
            func.coalesce(Charge.settled_at, until) > begun,
        ),
        select(TopUp.id).where(
            TopUp.user_id == charge.user_id,
            TopUp.provider == OHMYGPT,
            TopUp.created_at < until,
            func.coalesce(TopUp.settled_at, until) > begun,
        ),
        select(Usage.id).where(Usage.user_id == charge.user_id, Usage.started_at.between(begun - _LONGEST_CALL, until)),
    )
    return not any(session.execute(other.limit(1)).first() for other in others)


def _judge(charge: Charge, balance: int) -> Found | None:
    gone = (charge.balance_before or 0) - balance
    is_taken = charge.status == ChargeStatus.SUCCEEDED
    kind = {
        (True, 2 * charge.amount): "charged_twice",
        (True, 0): "not_taken",
        (False, charge.amount): "taken_though_failed",
    }.get((is_taken, gone))
    if kind is None:
        return None
    details = {"balance_before": charge.balance_before, "balance_after": balance, "status": charge.status}
    expected = charge.amount if is_taken else 0
    return Found(kind=kind, subject=charge.id, asset=charge.asset, expected=expected, found=gone, details=details)
