"""The search index over `search_text`: trigrams in FTS5 on SQLite, GIN with pg_trgm on PostgreSQL; kept by the database."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, false, inspect, literal_column, or_, select, table, text

from app.models.base import fold
from app.models.scope import scoped_classes


def searchable_tables() -> list[str]:
    return [entity.__tablename__ for entity in scoped_classes() if "search_text" in entity.__table__.c]


def sync(connection: Connection) -> None:
    """Makes what is missing; run after every migration, under its lock."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("CREATE EXTENSION IF NOT EXISTS pg_trgm"))
        for name in searchable_tables():
            connection.execute(text(f"CREATE INDEX IF NOT EXISTS ix_{name}_search ON {name} USING gin (search_text gin_trgm_ops)"))
        return
    present = set(inspect(connection).get_table_names())
    for name in searchable_tables():
        if f"{name}_fts" not in present:
            for statement in sqlite_index(name):
                connection.execute(text(statement))


def sqlite_index(name: str) -> Iterator[str]:
    fts = f"{name}_fts"
    yield f"CREATE VIRTUAL TABLE {fts} USING fts5(search_text, content='{name}', content_rowid='id', tokenize='trigram')"
    yield f"INSERT INTO {fts}({fts}) VALUES ('rebuild')"  # noqa: S608 - names of our own tables, here and below
    put = f"INSERT INTO {fts}(rowid, search_text) VALUES (new.id, new.search_text);"  # noqa: S608
    take = f"INSERT INTO {fts}({fts}, rowid, search_text) VALUES ('delete', old.id, old.search_text);"  # noqa: S608
    yield f"CREATE TRIGGER {fts}_ai AFTER INSERT ON {name} BEGIN {put} END"
    yield f"CREATE TRIGGER {fts}_ad AFTER DELETE ON {name} BEGIN {take} END"
    yield f"CREATE TRIGGER {fts}_au AFTER UPDATE OF search_text ON {name} WHEN old.search_text <> new.search_text BEGIN {take} {put} END"


def matching(entity: type[Any], words: str, dialect: str, newest: int | None = None, before: int | None = None) -> ColumnElement[bool]:
    """Rows whose search text holds every word of `words`, accents and case ignored.

    Words under three letters are looked for where a word begins: there is no trigram to find them by. `newest` asks for the
    last so many rows only (before the row number `before`), which the SQLite index gives without reading the others.
    """
    column = entity.search_text
    asked = fold(words).split()
    long_words, short_words = [word for word in asked if len(word) >= 3], [word for word in asked if len(word) < 3]
    tests: list[ColumnElement[bool]] = [or_(column.startswith(word, autoescape=True), column.contains(f" {word}", autoescape=True)) for word in short_words]
    if dialect == "postgresql":
        tests += [column.contains(word, autoescape=True) for word in long_words]
    elif long_words:
        tests.append(entity.id.in_(sqlite_rows(entity, long_words, None if short_words else newest, before)))
    return and_(*tests) if tests else false()


def sqlite_rows(entity: type[Any], words: list[str], newest: int | None, before: int | None) -> Select[Any]:
    fts = f"{entity.__tablename__}_fts"
    phrase = " AND ".join('"' + word.replace('"', '""') + '"' for word in words)
    rows: Select[Any] = select(literal_column("rowid")).select_from(table(fts)).where(text(f"{fts} MATCH :{fts}_words").bindparams(**{f"{fts}_words": phrase}))
    if before is not None:
        rows = rows.where(literal_column("rowid") < before)
    return rows if newest is None else rows.order_by(literal_column("rowid").desc()).limit(newest)
