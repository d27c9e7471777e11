"""Rows as JSON keeps them, and back: for what is taken out of its table and may have to return."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import Any

from sqlalchemy import Column, Table, delete, insert, select
from sqlalchemy.orm import Session

from app.models import Listed, Model
from app.models.base import Moment, Money
from app.models.lookups import ListedIn
from app.models.recorder import plain


def kept(value: Any) -> Any:
    return value.value if isinstance(value, Enum) else value.isoformat() if isinstance(value, datetime) else plain(value)


def revived(column: Column, value: Any) -> Any:
    """A value that was kept, as its column holds it."""
    if value is None:
        return None
    if isinstance(column.type, ListedIn):
        listed: type[Listed] = column.type.enum_class
        return listed.of(value)
    if isinstance(column.type, Moment):
        return datetime.fromisoformat(value)
    if isinstance(column.type, Money):
        return Decimal(value)
    kind = column.type.python_type
    if issubclass(kind, date):
        return date.fromisoformat(value)
    return kind(value) if issubclass(kind, Enum | Decimal) else value


def keep_row(record: Model) -> dict[str, Any]:
    """The stored columns of a record, by their names."""
    return {column.name: kept(getattr(record, column.key)) for column in record.__table__.columns}


def values_of(table: Table, row: dict[str, Any]) -> dict[str, Any]:
    """What was kept of a row, for those of its columns that the table still has."""
    return {name: revived(table.c[name], value) for name, value in row.items() if name in table.c}


def take_out(session: Session, entity: type[Model], ids: list[int]) -> list[list[Any]]:
    """Deletes rows and returns what `bring_back` needs."""
    rows: list[Any] = list(session.scalars(select(entity).where(entity.id.in_(ids))))  # type: ignore[attr-defined]
    found = [[entity.__tablename__, keep_row(row)] for row in rows]
    session.execute(delete(entity).where(entity.id.in_(ids)))  # type: ignore[attr-defined]
    return found


def bring_back(session: Session, taken: list[list[Any]]) -> None:
    for name, row in taken:
        table = Model.metadata.tables[name]
        if session.scalar(select(table.c.id).where(table.c.id == row["id"])) is None:
            session.execute(insert(table).values(**values_of(table, row)))
