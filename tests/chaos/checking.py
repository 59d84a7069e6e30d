"""See afterwards whether everything is right, by the sandbox's own account of what it took and what was paid."""

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

from sqlalchemy import select

from oauth_app.db import reading
from oauth_app.ledger import AccountKind, AccountName, get_balance, verify_books
from oauth_app.models import Charge, Hold, Refund, TopUp, Transfer
from oauth_app.services.reconciliation_ledger import compare_ledger
from oauth_app.services.wallet import debt_account
from tests.chaos.checking_ends import ENDS
from tests.chaos.evidence import Evidence
from tests.chaos.place import START_UNITS

_CREDITED = {"paid", "refunded", "disputed"}
#: What a partner was told to be final, and what it may be now: money that came in may go back at Stripe.
_STAYS = {status: {status} for status in ("succeeded", "captured", "voided")} | {"paid": _CREDITED}


def books_are_right(evidence: Evidence) -> Iterator[str]:
    """The ledger, recomputed, has no finding."""
    for finding in verify_books(evidence.hub.engine):
        yield f"{finding.rule}: {finding.table} {finding.row} {finding.detail}"


def books_say_what_the_rows_say(evidence: Evidence) -> Iterator[str]:
    """Each charge, refund and top-up has its transfer, and each balance is what the rows add up to."""
    for found in compare_ledger(evidence.hub).found:
        yield f"{found.kind} {found.subject}: expected {found.expected}, found {found.found}"


def nothing_is_charged_twice(evidence: Evidence) -> Iterator[str]:
    """OhMyGPT carried each charge out once or never."""
    times = Counter(line.remark for line in evidence.outside.movements if line.kind == "charge")
    for remark, count in times.items():
        if count > 1:
            yield f"{remark} was carried out {count} times"


def charges_are_what_ohmygpt_did(evidence: Evidence) -> Iterator[str]:
    """What succeeded was carried out, with this amount; what did not, was not; only ``unknown`` may be either."""
    done = {line.remark: line for line in evidence.outside.movements if line.kind == "charge"}
    known = {charge.idempotency_key for charge in evidence.charges}
    for charge in evidence.charges:
        line = done.get(charge.idempotency_key) if charge.funding == "upstream" else None
        if charge.funding == "upstream" and charge.status != "unknown" and (charge.status == "succeeded") != bool(line):
            yield f"{charge.id} is {charge.status}, and OhMyGPT has {line}"
        if line and (-line.cents != charge.amount or charge.upstream_order_id not in {None, line.order_id}):
            yield f"{charge.id} of {charge.amount} was carried out as {line}"
    for remark in done.keys() - known:
        yield f"OhMyGPT was charged for {remark}, of which there is no row"


def nothing_hangs(evidence: Evidence) -> Iterator[str]:
    """Nothing is left half-way: no charge is pending, no order half made, and what is unknown has its evidence."""
    for charge in evidence.charges:
        if charge.status == "pending" or (charge.status == "unknown" and charge.balance_before is None):
            yield f"{charge.id} is {charge.status}, balance before: {charge.balance_before}"
    for top_up in evidence.top_ups:
        if top_up.status == "creating":
            yield f"{top_up.id} is being opened"


def upstream_balances_agree(evidence: Evidence) -> Iterator[str]:
    """To the unit: what users began with, and paid in, less what the hub's charges took, is what they have."""
    taken: Counter[str] = Counter()
    carried_out = {line.remark for line in evidence.outside.movements if line.kind == "charge"}
    for charge in evidence.charges:
        is_taken = charge.status == "succeeded" or charge.idempotency_key in carried_out
        if charge.funding == "upstream" and is_taken:
            taken[evidence.emails[charge.user_id]] += charge.amount
    paid_in: Counter[str] = Counter()
    for line in evidence.outside.movements:
        paid_in[line.email] += line.cents if line.kind == "top_up" else 0
    for email in evidence.emails.values():
        expected = START_UNITS + paid_in[email] - taken[email]
        if evidence.outside.balances[email] != expected:
            yield f"{email} has {evidence.outside.balances[email]} at OhMyGPT and should have {expected}"


def wallets_agree(evidence: Evidence) -> Iterator[str]:
    """To the unit: what Stripe was paid and kept, and what was refunded, less what was charged, is here or owed."""
    should: Counter[tuple[str, str]] = Counter()
    owners = {top_up.id: top_up.user_id for top_up in evidence.top_ups}
    for mark, order in evidence.outside.stripe.items():
        should[owners.get(mark, mark), order.paid[0][1]] += order.amount - order.gone
    for charge in evidence.charges:
        if charge.funding == "wallet" and charge.status == "succeeded":
            should[charge.user_id, charge.asset] -= charge.amount
    with reading(evidence.hub.engine) as session:
        for refund in evidence.refunds:
            should[refund.user_id, refund.asset] += refund.amount
        for user_id, asset in {(user_id, asset) for user_id in evidence.emails for asset in ("OMG", "USD", "CNY")}:
            kinds = (AccountKind.USER_WALLET, AccountKind.USER_HELD)
            names = [AccountName(kind=kind, owner=user_id, asset=asset) for kind in kinds]
            has = sum(get_balance(session, name) for name in (*names, debt_account(user_id, asset)))
            if has != should[user_id, asset]:
                yield f"{user_id} has {has} {asset} and should have {should[user_id, asset]}"


def nothing_paid_is_uncredited(evidence: Evidence) -> Iterator[str]:
    """What Stripe was paid is credited once, by this amount; nothing else is."""
    with reading(evidence.hub.engine) as session:
        credited = Counter(session.scalars(select(Transfer.reference).where(Transfer.kind == "top_up")))
    for top_up in evidence.top_ups:
        if top_up.provider == "stripe":
            order = evidence.outside.stripe.get(top_up.id)
            payments = order.paid if order else []
            is_right = payments == ([(top_up.amount, top_up.asset)] if top_up.status in _CREDITED else [])
            if not is_right or credited[top_up.id] != len(payments):
                yield f"{top_up.id} is {top_up.status}, credited {credited[top_up.id]} times, at Stripe {payments}"
    for mark in evidence.outside.stripe.keys() - {top_up.id for top_up in evidence.top_ups}:
        yield f"Stripe was paid for {mark}, of which there is no row"


def ohmygpt_payments_are_seen(evidence: Evidence) -> Iterator[str]:
    """As many of a user's orders are ``paid`` as were paid; of two that are alike nobody can tell which it was."""
    paid = Counter(line.email for line in evidence.outside.movements if line.kind == "top_up")
    rows = [row for row in evidence.top_ups if row.provider == "ohmygpt" and row.status == "paid"]
    seen = Counter(evidence.emails[row.user_id] for row in rows)
    for email in paid.keys() | seen.keys():
        if paid[email] != seen[email]:
            yield f"{email} has paid {paid[email]} orders, and {seen[email]} are seen"


def promises_are_kept(evidence: Evidence) -> Iterator[str]:
    """What a partner was told stands in the database: nothing that was answered is lost."""
    tables: dict[str, Any] = {"charge": Charge, "refund": Refund, "hold": Hold, "top_up": TopUp}
    with reading(evidence.hub.engine) as session:
        for (kind, object_id), told in evidence.promises.told.items():
            row = session.get(tables[kind], object_id)
            if row is None or row.amount != told["amount"]:
                yield f"{kind} {object_id} was told of, and is {row and row.amount}"
            elif (stays := _STAYS.get(told.get("status", ""))) and row.status not in stays:
                yield f"{kind} {object_id} was told to be {told['status']}, and is {row.status}"


CHECKS: tuple[Callable[[Evidence], Iterator[str]], ...] = (
    books_are_right,
    books_say_what_the_rows_say,
    nothing_is_charged_twice,
    charges_are_what_ohmygpt_did,
    nothing_hangs,
    upstream_balances_agree,
    wallets_agree,
    nothing_paid_is_uncredited,
    ohmygpt_payments_are_seen,
    promises_are_kept,
    *ENDS,
)


def failures(evidence: Evidence) -> dict[str, list[str]]:
    """Return what each check found wrong; of a check that passed, nothing."""
    found = {check.__name__: list(check(evidence)) for check in CHECKS}
    return {name: wrong for name, wrong in found.items() if wrong}


def undecided(evidence: Evidence) -> list[str]:
    """Return the charges that stay ``unknown``, each with what is known of it and what OhMyGPT really did."""
    done = {line.remark for line in evidence.outside.movements if line.kind == "charge"}
    return [
        f"{charge.id} of {charge.amount} {charge.asset}: {charge.failure_code}, {charge.balance_before} before; "
        f"OhMyGPT {'took it' if charge.idempotency_key in done else 'did not take it'}"
        for charge in evidence.charges
        if charge.status == "unknown"
    ]
