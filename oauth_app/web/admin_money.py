"""The operator's lists of money, each narrowed and paged by key, and the page of each thing with how it came about."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, abort, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from oauth_app.db import reading
from oauth_app.hub import current_hub
from oauth_app.ledger import TransferKind
from oauth_app.models import Transfer
from oauth_app.services import oversight_money, oversight_timelines
from oauth_app.services.charge_states import ChargeStatus
from oauth_app.services.oversight import PAGE_ROWS
from oauth_app.services.oversight_money import Narrowing, Rows
from oauth_app.services.oversight_timelines import Moment
from oauth_app.services.top_up_states import TopUpStatus
from oauth_app.web.guards import operator

bp = Blueprint("admin_money", __name__, url_prefix="/admin")
bp.before_request(operator)

_HOLD_STATES = ("pending", "captured", "voided", "expired")
_MAX_CHARS = 320


@dataclass(frozen=True, kw_only=True)
class _List:
    """A list of one kind of thing: how it is read, which template shows it, and by which states it is narrowed."""

    read: Callable[[Session, Narrowing], Rows]
    template: str
    states: Sequence[str]


@dataclass(frozen=True, kw_only=True)
class _Thing:
    """One kind of thing: how one is found, and how it came about."""

    find: Callable[[Session, str], Any]
    timeline: Callable[[Session, Any], Sequence[Moment]]
    template: str


_LISTS = {
    "charges": _List(read=oversight_money.list_charges, template="charges", states=list(ChargeStatus)),
    "holds": _List(read=oversight_money.list_holds, template="holds", states=_HOLD_STATES),
    "refunds": _List(read=oversight_money.list_refunds, template="refunds", states=()),
    "top-ups": _List(read=oversight_money.list_top_ups, template="top_ups", states=list(TopUpStatus)),
    "ledger": _List(read=oversight_money.list_transfers, template="ledger", states=list(TransferKind)),
}
_THINGS = {
    "holds": _Thing(find=oversight_money.find_hold, timeline=oversight_timelines.hold_timeline, template="hold"),
    "refunds": _Thing(
        find=oversight_money.find_refund, timeline=oversight_timelines.refund_timeline, template="refund"
    ),
    "top-ups": _Thing(
        find=oversight_money.find_top_up, timeline=oversight_timelines.top_up_timeline, template="top_up"
    ),
}


@bp.get('/<any(charges, holds, refunds, "top-ups", ledger):name>')
def listing(name: str) -> ResponseReturnValue:
    """Show the latest of one kind that fit; ``before`` pages on."""
    chosen, wanted = _LISTS[name], _narrowing()
    with reading(current_hub().engine) as session:
        rows = chosen.read(session, wanted)
        ids = [row[0].id for row in rows]
        return render_template(
            f"admin/{chosen.template}.html",
            rows=rows,
            name=name,
            wanted=wanted,
            states=chosen.states,
            moved=oversight_timelines.movements_of(session, ids) if name == "ledger" else {},
            older=_older(ids[-1]) if len(ids) == PAGE_ROWS else None,
        )


@bp.get('/<any(holds, refunds, "top-ups"):name>/<row_id>')
def show(name: str, row_id: str) -> ResponseReturnValue:
    """Show one thing, and how it came about."""
    kind = _THINGS[name]
    with reading(current_hub().engine) as session:
        found = kind.find(session, _clean(row_id)) or abort(404)
        timeline = kind.timeline(session, found[0])
        return render_template(f"admin/{kind.template}.html", found=found, timeline=timeline, name=name)


@bp.get("/ledger/<transfer_id>")
def show_transfer(transfer_id: str) -> ResponseReturnValue:
    """Show one transfer of the books with its postings."""
    with reading(current_hub().engine) as session:
        transfer = session.get(Transfer, _clean(transfer_id)) or abort(404)
        moved = oversight_timelines.movements_of(session, [transfer.id])[transfer.id]
        return render_template("admin/transfer.html", transfer=transfer, moved=moved, name="ledger")


def _narrowing() -> Narrowing:
    return Narrowing(
        state=_argument("state"),
        partner=_argument("partner"),
        user=_argument("user"),
        since=_day("since"),
        until=_day("until"),
        before=_argument("before"),
    )


def _older(last_id: str) -> str:
    kept = {key: value for key in ("state", "partner", "user", "since", "until") if (value := _argument(key))}
    return f"?{urlencode({**kept, 'before': last_id})}"


def _argument(key: str) -> str | None:
    return _clean(request.args.get(key, "")) or None


def _day(key: str) -> date | None:
    try:
        day = date.fromisoformat(_argument(key) or "")
    except ValueError:
        return None
    return day if day < date.max else None  # a list goes on until the day after


def _clean(told: str) -> str:
    # Not every database takes every text, such as one with a zero byte.
    return told.replace("\0", "").strip()[:_MAX_CHARS]
