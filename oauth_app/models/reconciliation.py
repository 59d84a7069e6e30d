"""Comparisons of the books with the world outside, and the differences that somebody must close."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from oauth_app.models.base import Amount, Asset, Base, Id


class ReconciliationRun(Base):
    """One comparison of the books, OhMyGPT's balances and Stripe."""

    __tablename__ = "reconciliation_run"

    id: Mapped[Id]
    #: ``the worker``, or who asked for it.
    started_by: Mapped[str] = mapped_column(String(320))
    started_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    #: How much was looked at and what could not be, by side.
    summary: Mapped[dict[str, Any]]


class Difference(Base):
    """Two sides that disagree about money; open until somebody closes it with a reason."""

    __tablename__ = "difference"
    __table_args__ = (
        Index("ix__difference__closed_at__found_at", "closed_at", "found_at"),
        Index(
            "ux__difference__open",
            "side",
            "kind",
            "subject",
            unique=True,
            sqlite_where=text("closed_at IS NULL"),
            postgresql_where=text("closed_at IS NULL"),
        ),
    )

    id: Mapped[Id]
    run_id: Mapped[str] = mapped_column(ForeignKey("reconciliation_run.id"), index=True)
    #: ``ledger``, ``upstream`` or ``stripe``.
    side: Mapped[str] = mapped_column(String(16))
    kind: Mapped[str] = mapped_column(String(48))
    #: What it is about, such as a top-up's or user's id: one open difference for each (side, kind, subject).
    subject: Mapped[str] = mapped_column(String(64))
    asset: Mapped[Asset | None]
    expected: Mapped[Amount | None]
    found: Mapped[Amount | None]
    details: Mapped[dict[str, Any]]
    found_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]
    closed_by: Mapped[str | None] = mapped_column(String(320))
    closed_reason: Mapped[str | None] = mapped_column(String(500))
