"""Calls that went through the relay, one by one and rolled up."""

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
    #: The kind of calls.
    endpoint: Mapped[str] = mapped_column(String(16), server_default="other")
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


class _Totals:
    """Sums over calls of one kind in one span of time."""

    #: Empty where none is known: a key must not be NULL.
    model: Mapped[str] = mapped_column(String(128), primary_key=True)
    endpoint: Mapped[str] = mapped_column(String(16), primary_key=True)
    #: ``ok``, ``refused``, ``failed`` or ``left``.
    outcome: Mapped[str] = mapped_column(String(8), primary_key=True)
    calls: Mapped[Amount]
    input_tokens: Mapped[Amount]
    output_tokens: Mapped[Amount]
    bytes_in: Mapped[Amount]
    bytes_out: Mapped[Amount]
    #: In hundredths of an OhMyGPT unit, of the calls whose price is known.
    estimated_cost: Mapped[Amount]
    #: How many calls have no known price.
    unpriced: Mapped[Amount]
    duration_ms: Mapped[Amount]
    #: The sum over calls that had a first byte, and how many those were.
    first_byte_ms: Mapped[Amount]
    first_bytes: Mapped[Amount]
    last_started_at: Mapped[datetime]


class UsageHour(_Totals, Base):
    """The calls of a partner in an hour, all its users together."""

    __tablename__ = "usage_hour"
    __table_args__ = (Index("ix__usage_hour__partner_id__begins_at", "partner_id", "begins_at"),)

    begins_at: Mapped[datetime] = mapped_column(primary_key=True)
    partner_id: Mapped[str] = mapped_column(String(40), primary_key=True)


class UsageDay(_Totals, Base):
    """The calls of a partner in a day, all its users together."""

    __tablename__ = "usage_day"
    __table_args__ = (Index("ix__usage_day__partner_id__begins_at", "partner_id", "begins_at"),)

    begins_at: Mapped[datetime] = mapped_column(primary_key=True)
    partner_id: Mapped[str] = mapped_column(String(40), primary_key=True)


class UsageConsentDay(_Totals, Base):
    """The calls of a partner for one user in a day."""

    __tablename__ = "usage_consent_day"
    __table_args__ = (
        Index("ix__usage_consent_day__user_id__begins_at", "user_id", "begins_at"),
        Index("ix__usage_consent_day__begins_at", "begins_at"),
    )

    consent_id: Mapped[str] = mapped_column(String(40), primary_key=True)
    begins_at: Mapped[datetime] = mapped_column(primary_key=True)
    user_id: Mapped[str] = mapped_column(String(40))
    partner_id: Mapped[str] = mapped_column(String(40))


class UsageMark(Base):
    """How far the calls are rolled up. One row; whoever rolls up locks it."""

    __tablename__ = "usage_mark"

    id: Mapped[RowNumber]
    rolled_to: Mapped[Amount]
