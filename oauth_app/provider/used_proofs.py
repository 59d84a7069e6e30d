"""Signed proofs that count once: client assertions (RFC 7523 3), DPoP proofs (RFC 9449 11.1)."""

from datetime import datetime

from sqlalchemy.orm import Session

from oauth_app.db import insert_into
from oauth_app.identifiers import digest
from oauth_app.models import UsedProof


def use_up(session: Session, name: str, *, until: datetime) -> bool:
    """Remember the proof until it cannot count any more; False if it was used before. The caller commits.

    Of two at once, the second waits for the first one's commit: the row is unique, and its insertion decides.
    """
    row = insert_into(session, UsedProof).values(proof_digest=digest(name), expires_at=until)
    inserted = row.on_conflict_do_nothing(index_elements=[UsedProof.proof_digest]).returning(UsedProof.proof_digest)
    return session.execute(inserted).first() is not None
