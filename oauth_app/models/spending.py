"""What AI calls have spent against limits, and what processes have set aside for calls that run."""

from datetime import datetime

from sqlalchemy import CheckConstraint, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from oauth_app.models.base import Amount, Base


class SpendCounter(Base):
    """What one subject (a consent, a site, a token) spent in one period; in hundredths of an OhMyGPT unit."""

    __tablename__ = "spend_counter"
    __table_args__ = (CheckConstraint("held >= 0", "held_is_positive"),)

    subject: Mapped[str] = mapped_column(String(80), primary_key=True)
    #: ``2026-11-26`` or ``2026-11``, of UTC.
    period: Mapped[str] = mapped_column(String(10), primary_key=True)
    spent: Mapped[Amount] = mapped_column(default=0)
    #: The sum of the allotments.
    held: Mapped[Amount] = mapped_column(default=0)


class SpendAllotment(Base):
    """What one process may spend of a counter without asking again."""

    __tablename__ = "spend_allotment"
    __table_args__ = (CheckConstraint("held >= 0", "held_is_positive"),)

    holder: Mapped[str] = mapped_column(String(40), primary_key=True)
    subject: Mapped[str] = mapped_column(String(80), primary_key=True)
    period: Mapped[str] = mapped_column(String(10), primary_key=True)
    held: Mapped[Amount]
    #: Renewed as long as the process lives.
    expires_at: Mapped[datetime] = mapped_column(index=True)


class PaceTally(Base):
    """What AI calls of a subject were made in the last minute, and which run; only for hubs of several processes."""

    __tablename__ = "pace_tally"

    subject: Mapped[str] = mapped_column(String(80), primary_key=True)
    #: JSON of ``limits.pace.Tally``.
    tally: Mapped[str] = mapped_column(Text)
    #: When nothing in it counts any more.
    kept_until: Mapped[datetime] = mapped_column(index=True)
