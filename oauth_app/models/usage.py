"""Calls that went through the relay."""

from datetime import datetime

from sqlalchemy import BigInteger, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from oauth_app.models.base import Amount, Base, RowNumber


class Usage(Base):
    """One relayed call: who, what, how long, how much. Written in batches, never on the request's path."""

    __tablename__ = "usage"
    __table_args__ = (
        Index("ix__usage__consent_id__id", "consent_id", "id"),
        Index("ix__usage__partner_id__id", "partner_id", "id"),
    )

    id: Mapped[RowNumber]
    request_id: Mapped[str] = mapped_column(String(64))
    # Not foreign keys: a row of statistics must never fail for what has gone in the meantime.
    consent_id: Mapped[str] = mapped_column(String(40))
    user_id: Mapped[str] = mapped_column(String(40), index=True)
    partner_id: Mapped[str] = mapped_column(String(40))
    method: Mapped[str] = mapped_column(String(10))
    path: Mapped[str] = mapped_column(String(255))
    model: Mapped[str | None] = mapped_column(String(128))
    status: Mapped[int]
    #: ``complete``, ``client_left``, ``upstream_failed`` or ``refused``.
    outcome: Mapped[str] = mapped_column(String(16))
    input_tokens: Mapped[int | None] = mapped_column(BigInteger)
    output_tokens: Mapped[int | None] = mapped_column(BigInteger)
    bytes_in: Mapped[Amount]
    bytes_out: Mapped[Amount]
    #: In hundredths of an OhMyGPT unit; None where no price is known.
    estimated_cost: Mapped[Amount | None]
    started_at: Mapped[datetime] = mapped_column(index=True)
    duration_ms: Mapped[int]
    first_byte_ms: Mapped[int | None]
