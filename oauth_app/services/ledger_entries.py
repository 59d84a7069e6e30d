"""A partner's own account in the books, entry by entry: what it earned, and what it gave back."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Select, or_, select, union_all
from sqlalchemy.orm import Session

from oauth_app.ledger import AccountKind, TransferKind
from oauth_app.models import Account, Charge, Hold, Posting, Refund, Transfer
from oauth_app.services.paging import Page, PageWish, read_page
from oauth_app.services.partner_sight import Sight


@dataclass(frozen=True, kw_only=True)
class EntryFilter:
    """Which entries; None is any."""

    asset: str | None = None
    kind: TransferKind | None = None
    since: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A movement on the account: a positive ``amount`` came, a negative one left."""

    id: int
    transfer_id: str
    kind: TransferKind
    #: The charge, refund or hold that it is about.
    reference: str
    amount: int
    asset: str
    created_at: datetime


def list_entries(session: Session, sight: Sight, wish: PageWish, wanted: EntryFilter) -> Page[Entry]:
    """Return the entries, newest first; with a user, those of the user's charges, holds and refunds."""
    own = _accounts(session, sight.partner_id, wanted.asset)
    query = select(Posting).join(Transfer, Transfer.id == Posting.transfer_id).where(_touches(own))
    page = read_page(session, _narrowed(query, sight, wanted), Posting.id, wish)
    transfer_ids = {posting.transfer_id for posting in page.rows}
    transfers = {row.id: row for row in session.scalars(select(Transfer).where(Transfer.id.in_(transfer_ids)))}
    entries = [_entry(posting, transfers[posting.transfer_id], own) for posting in page.rows]
    return Page(rows=entries, next_cursor=page.next_cursor)


def _accounts(session: Session, partner_id: str, asset: str | None) -> set[int]:
    query = select(Account.id).where(Account.kind == AccountKind.PARTNER_EARNINGS, Account.owner == partner_id)
    return set(session.scalars(query if asset is None else query.where(Account.asset == asset)))


def _touches(own: set[int]) -> ColumnElement[bool]:
    return or_(Posting.source_id.in_(own), Posting.destination_id.in_(own))


def _narrowed(query: Select[Posting], sight: Sight, wanted: EntryFilter) -> Select[Posting]:
    if wanted.kind is not None:
        query = query.where(Transfer.kind == wanted.kind)
    if wanted.since is not None:
        query = query.where(Transfer.created_at >= wanted.since)
    if sight.user_id is not None:
        of_user = [select(table.id).where(*sight.condition(table)) for table in (Charge, Hold, Refund)]
        query = query.where(Transfer.reference.in_(union_all(*of_user)))
    return query


def _entry(posting: Posting, transfer: Transfer, own: set[int]) -> Entry:
    return Entry(
        id=posting.id,
        transfer_id=transfer.id,
        kind=TransferKind(transfer.kind),
        reference=transfer.reference,
        amount=posting.amount if posting.destination_id in own else -posting.amount,
        asset=posting.asset,
        created_at=transfer.created_at,
    )
