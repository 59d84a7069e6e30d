"""What must be told to others, written in the transaction of the fact itself."""

from datetime import datetime
from typing import Any

from sqlalchemy import Index, String
from sqlalchemy.orm import Mapped, mapped_column

from oauth_app.models.base import Base, Id, PartnerId


class Delivery(Base):
    """One message to one address of a partner, sent until it is taken or given up."""

    __tablename__ = "delivery"
    __table_args__ = (Index("ix__delivery__due", "done_at", "next_attempt_at"),)

    id: Mapped[Id]
    #: What it is, such as ``logout_token``; it says how the payload becomes a request.
    kind: Mapped[str] = mapped_column(String(24))
    partner_id: Mapped[PartnerId]
    url: Mapped[str] = mapped_column(String(2048))
    payload: Mapped[dict[str, Any]]
    attempts: Mapped[int]
    #: Not before; while somebody sends it, the end of their lease.
    next_attempt_at: Mapped[datetime]
    #: When it was taken, or given up.
    done_at: Mapped[datetime | None]
    was_taken: Mapped[bool]
    last_status: Mapped[int | None]
    #: Why the last attempt failed, in our words: never what the other side answered.
    last_error: Mapped[str | None] = mapped_column(String(200))
    created_at: Mapped[datetime]
