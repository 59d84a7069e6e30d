"""What the operator takes, by version: a charge keeps the one it was made under."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from oauth_app.models.base import Base, Id


class FeeVersion(Base):
    """The operator's part of a partner's charges from a moment on. Never changed: a new fee is a new row."""

    __tablename__ = "fee_version"
    __table_args__ = (CheckConstraint("basis_points BETWEEN 0 AND 10000", "fee_is_a_share"),)

    id: Mapped[Id]
    partner_id: Mapped[str] = mapped_column(ForeignKey("partner.id"), index=True)
    basis_points: Mapped[int]
    set_by: Mapped[str] = mapped_column(String(320))
    valid_from: Mapped[datetime]
