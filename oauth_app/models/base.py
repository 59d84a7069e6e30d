"""The declarative base, constraint names, and the column types all tables share."""

from datetime import datetime
from typing import Annotated, Any

from sqlalchemy import BigInteger, ForeignKey, Integer, LargeBinary, MetaData, String
from sqlalchemy.orm import DeclarativeBase, mapped_column
from sqlalchemy.types import JSON

from oauth_app.db import UtcDateTime

#: Every constraint has a name, so that a broken one can become a domain error by its name.
NAMING = {
    "ix": "ix__%(table_name)s__%(column_0_N_name)s",
    "uq": "uq__%(table_name)s__%(column_0_N_name)s",
    "ck": "ck__%(table_name)s__%(constraint_name)s",
    "fk": "fk__%(table_name)s__%(column_0_N_name)s__%(referred_table_name)s",
    "pk": "pk__%(table_name)s",
}

Id = Annotated[str, mapped_column(String(40), primary_key=True)]
#: SQLite numbers rows by itself only when the key's type is INTEGER.
RowNumber = Annotated[int, mapped_column(BigInteger().with_variant(Integer, "sqlite"), primary_key=True)]
Digest = Annotated[str, mapped_column(String(64))]
Amount = Annotated[int, mapped_column(BigInteger)]
Asset = Annotated[str, mapped_column(String(8))]
UserId = Annotated[str, mapped_column(ForeignKey("user.id"), index=True)]
PartnerId = Annotated[str, mapped_column(ForeignKey("partner.id"), index=True)]
ConsentId = Annotated[str, mapped_column(ForeignKey("consent.id"), index=True)]


class Base(DeclarativeBase):
    """All tables."""

    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map = {  # noqa: RUF012 - SQLAlchemy reads it from the class
        datetime: UtcDateTime(),
        bytes: LargeBinary(),
        list[str]: JSON(),
        dict[str, Any]: JSON(),
    }
