"""SQLite gives the number of a deleted record to no other: history is found by it, and so are old addresses. PostgreSQL never did."""

from __future__ import annotations

import re
from collections.abc import Callable

import sqlalchemy as sa
from alembic import op

revision, down_revision = "0032", "0031"
branch_labels = depends_on = None

PLAIN = re.compile(r"\bid INTEGER NOT NULL,(.*?)\s*CONSTRAINT (\w+) PRIMARY KEY \(id\),?", re.DOTALL)
# What history calls the records of tables that are named otherwise.
OTHERWISE = {"ab_user": "User", "register_check": "Check"} | {f"{name}_kind": f"{name.title()}KindRow" for name in ("product", "document", "note", "activity")}
OTHERWISE |= {"country": "CountryRow"}
GIVEN_ONCE = re.compile(r"\bid INTEGER NOT NULL (?:CONSTRAINT \w+ )?PRIMARY KEY AUTOINCREMENT,")  # batch mode leaves out the name


def upgrade() -> None:
    rewrite(given_once)
    if op.get_bind().dialect.name == "sqlite":
        remember_numbers()


def downgrade() -> None:
    rewrite(given_again)


def given_once(words: str) -> str:
    changed = PLAIN.sub(r"id INTEGER NOT NULL CONSTRAINT \2 PRIMARY KEY AUTOINCREMENT,\1", words, count=1)
    return re.sub(r",\s*\)\s*$", "\n)", changed)  # the comma before a key that stood last


def given_again(words: str) -> str:
    """The key goes back to the end: constraints stand behind the columns."""
    table, plain = re.match(r'CREATE TABLE "?(\w+)', words), GIVEN_ONCE.sub("id INTEGER NOT NULL,", words, count=1)
    assert table is not None
    return words if plain == words else re.sub(r"\s*\)\s*$", f",\n\tCONSTRAINT pk_{table[1]} PRIMARY KEY (id)\n)", plain)


def rewrite(change: Callable[[str], str]) -> None:
    """Makes every table of records anew under changed words, by SQLite's own recipe: copy, drop, rename, indexes again. Batch mode would
    leave out the checks that it cannot see. Search triggers go with their table and come back with the indexes (models/indexes.py)."""
    bind = op.get_bind()
    if bind.dialect.name != "sqlite":
        return
    for name, words in bind.execute(sa.text("SELECT name, sql FROM sqlite_master WHERE type = 'table' ORDER BY name")).all():
        columns = [row[1] for row in bind.execute(sa.text(f'PRAGMA table_info("{name}")'))]
        if name != "ab_user" and not {"id", "created_at", "updated_at", "version"} <= set(columns):
            continue
        changed = change(words)
        if changed == words:
            raise RuntimeError(f"the table {name} is written in a way that this migration does not know")
        indexes = bind.execute(sa.text("SELECT sql FROM sqlite_master WHERE type = 'index' AND tbl_name = :name AND sql IS NOT NULL"), {"name": name}).scalars().all()
        bind.exec_driver_sql(re.sub(r'^CREATE TABLE "?\w+"?', f'CREATE TABLE "_new_{name}"', changed))
        listed = ", ".join(f'"{column}"' for column in columns)
        bind.exec_driver_sql(f'INSERT INTO "_new_{name}" ({listed}) SELECT {listed} FROM "{name}"')  # noqa: S608 - names from the database itself
        bind.exec_driver_sql(f'DROP TABLE "{name}"')
        bind.exec_driver_sql(f'ALTER TABLE "_new_{name}" RENAME TO "{name}"')
        for statement in indexes:
            bind.exec_driver_sql(statement)


def remember_numbers() -> None:
    """Numbers of records that were deleted before this migration are not given again either: history knows them."""
    bind = op.get_bind()
    highest = dict(bind.execute(sa.text("SELECT entity, max(record_id) FROM history GROUP BY entity")).all())
    for name, last in bind.execute(sa.text("SELECT name, seq FROM sqlite_sequence")).all():
        entity = OTHERWISE.get(name) or "".join(part.title() for part in name.split("_"))
        if (highest.get(entity) or 0) > last:
            bind.execute(sa.text("UPDATE sqlite_sequence SET seq = :last WHERE name = :name"), {"last": highest[entity], "name": name})
