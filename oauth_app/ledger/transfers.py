"""Transfers: postings from a source to a destination, balanced because they cannot be otherwise."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy.orm import Session

from oauth_app import clock
from oauth_app.identifiers import Kind, new_id
from oauth_app.ledger.accounts import AccountName, open_account
from oauth_app.models import Posting, Transfer


class TransferKind(StrEnum):
    """What a transfer records."""

    CHARGE = "charge"


@dataclass(frozen=True, kw_only=True)
class Movement:
    """An amount that leaves ``source`` and arrives at ``destination``."""

    source: AccountName
    destination: AccountName
    amount: int

    def __post_init__(self) -> None:
        if self.source.asset != self.destination.asset:
            msg = "a movement keeps its asset"
            raise ValueError(msg)


def record_transfer(session: Session, kind: TransferKind, reference: str, movements: Sequence[Movement]) -> str:
    """Write a transfer and return its id; a movement of nothing is left out. The caller commits.

    The database moves the balances as each posting is written (see the migrations), and refuses an
    overdraft, a second transfer of one kind and reference, and any later change.

    Raises:
        sqlalchemy.exc.IntegrityError: the database refused it.
    """
    transfer = Transfer(id=new_id(Kind.TRANSFER), kind=kind, reference=reference, created_at=clock.now())
    session.add(transfer)
    session.flush()  # the postings name it
    for movement in movements:
        if movement.amount:
            session.add(_posting(session, transfer.id, movement))
    session.flush()  # so that a refusal is raised here, where it can be understood
    return transfer.id


def _posting(session: Session, transfer_id: str, movement: Movement) -> Posting:
    return Posting(
        transfer_id=transfer_id,
        source_id=open_account(session, movement.source),
        destination_id=open_account(session, movement.destination),
        asset=movement.source.asset,
        amount=movement.amount,
    )
