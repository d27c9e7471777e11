"""The search index over `search_text`: trigrams in FTS5 on SQLite, GIN with pg_trgm on PostgreSQL; kept by the database."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import ColumnElement, Connection, Integer, Select, Text, and_, any_, bindparam, false, func, literal_column, or_, select, table, text

from app.models.base import Own, fold
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
    present = set(connection.scalars(text("SELECT name FROM sqlite_master")))
    for name in searchable_tables():
        parts = {f"{name}_fts", *(f"{name}_fts_{deed}" for deed in ("ai", "ad", "au"))}
        if parts <= present:
            continue
        # A migration that rebuilds a table drops its triggers without a word: then the index is made anew.
        for part in sorted(parts & present):
            connection.execute(text(f"DROP TRIGGER {part}" if part != f"{name}_fts" else f"DROP TABLE {part}"))
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


def words_in(typed: str) -> tuple[list[str], list[str]]:
    """The folded words of a search: those of three letters and more, longest first, and those too short for a trigram to find."""
    words = fold(typed).split()
    return sorted((word for word in words if len(word) >= 3), key=len, reverse=True), [word for word in words if len(word) < 3]


def search_values(entity: type[Any], typed: str, dialect: str) -> dict[str, str]:
    """The bound values of matching() for what was typed."""
    long_words, short_words = words_in(typed)
    values = {f"long_{number}": f"%{like(word)}%" for number, word in enumerate(long_words)} if dialect == "postgresql" else {}
    if dialect == "sqlite" and long_words:
        values["phrase"] = " AND ".join('"' + word.replace('"', '""') + '"' for word in long_words)
    for number, word in enumerate(short_words):
        values |= {f"first_{number}": f"{like(word)}%", f"later_{number}": f"% {like(word)}%"}
    return values


def like(word: str) -> str:
    """A word as it stands in a LIKE pattern whose escape sign is the slash."""
    return word.replace("/", "//").replace("%", "/%").replace("_", "/_")


def written(number: int) -> ColumnElement[int]:
    """A number that stands in a statement itself, not as a value of it: a planner that does not know how many rows are wanted
    plans a list anew at each run, which takes PostgreSQL longer than reading the fifty rows."""
    return literal_column(str(int(number)), Integer)


def matching(entity: type[Any], long_words: int, short_words: int, dialect: str, newest: int = 0, place: bool = False, walled: bool = False) -> ColumnElement[bool]:
    """Rows whose search text holds so many words, accents and case ignored; to be run with search_values().

    Words under three letters are looked for where a word begins: there is no trigram to find them by. `newest` asks SQLite's
    index for so many of the last matches only (before the row `place_id`, if there is a `place`), without reading the others.
    `walled` asks PostgreSQL through the finder of a partner's own rows (walls.py).
    """
    column = entity.search_text
    tests: list[ColumnElement[bool]] = [
        or_(column.like(bindparam(f"first_{number}"), escape="/"), column.like(bindparam(f"later_{number}"), escape="/")) for number in range(short_words)
    ]
    if dialect == "postgresql":
        found_first = int(walled and has_finder(entity) and long_words > 0)
        if found_first:
            found = select(getattr(func, finder_of(entity))(bindparam("long_0", type_=Text()))).scalar_subquery()
            tests.append(entity.id == any_(func.array(found)))
        tests += [column.like(bindparam(f"long_{number}"), escape="/") for number in range(found_first, long_words)]
    elif long_words:
        tests.append(entity.id.in_(sqlite_rows(entity, 0 if short_words else newest, place)))
    return and_(*tests) if tests else false()


def has_finder(entity: type[Any]) -> bool:
    """Whether partners find this entity's rows through a function: where the rows themselves say whose they are."""
    return isinstance(entity.scope, Own) and bool(entity.scope.owner) and "search_text" in entity.__table__.c


def finder_of(entity: type[Any]) -> str:
    return f"cordee_found_{entity.__tablename__}"


def sqlite_rows(entity: type[Any], newest: int, place: bool) -> Select[Any]:
    fts, number = f"{entity.__tablename__}_fts", literal_column("rowid", Integer)
    rows: Select[Any] = select(number).select_from(table(fts)).where(text(f"{fts} MATCH :phrase"))
    if place and newest:
        rows = rows.where(number < bindparam("place_id", type_=Integer()))
    return rows.order_by(number.desc()).limit(written(newest)) if newest else rows
