"""Facts that partners are told of: written with the fact, delivered after it."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from oauth_app.models.base import Base, Digest, Id, PartnerId


class WebhookEndpoint(Base):
    """Where a partner wants to be told."""

    __tablename__ = "webhook_endpoint"
    __table_args__ = (UniqueConstraint("partner_id", "idempotency_key"),)

    id: Mapped[Id]
    partner_id: Mapped[PartnerId]
    #: None when an operator registered it.
    idempotency_key: Mapped[str | None] = mapped_column(String(255))
    request_digest: Mapped[Digest | None]
    url: Mapped[str] = mapped_column(String(2048))
    #: Event types it wants; empty is all.
    event_types: Mapped[list[str]]
    #: The signing secret (``omc_whsec_…``), sealed: it must be used, not only checked.
    sealed_secret: Mapped[bytes]
    #: The one before, while the partner rotates: both sign until then.
    sealed_previous_secret: Mapped[bytes | None]
    previous_until: Mapped[datetime | None]
    created_at: Mapped[datetime]
    disabled_at: Mapped[datetime | None]


class Event(Base):
    """Something that happened to a partner's money or users, in the words of the partner API."""

    __tablename__ = "event"
    __table_args__ = (Index("ix__event__partner_id__id", "partner_id", "id"),)

    id: Mapped[Id]
    partner_id: Mapped[PartnerId]
    type: Mapped[str] = mapped_column(String(64))
    #: What it is about, such as a charge's id; events of one object are told in order of ``id``.
    object_id: Mapped[str] = mapped_column(String(64), index=True)
    #: The object as it was at that moment.
    data: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]


class EventDelivery(Base):
    """Which event a delivery carries, and to which endpoint."""

    __tablename__ = "event_delivery"

    delivery_id: Mapped[str] = mapped_column(ForeignKey("delivery.id", ondelete="CASCADE"), primary_key=True)
    event_id: Mapped[str] = mapped_column(ForeignKey("event.id"), index=True)
    #: No foreign key: a partner that deletes an endpoint at this moment must not make a charge fail.
    endpoint_id: Mapped[str] = mapped_column(String(40), index=True)
