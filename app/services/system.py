"""The state of the running system, for whoever keeps it: versions, database, disk, mail."""

from __future__ import annotations

import platform
import shutil
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from typing import Any

from alembic.script import ScriptDirectory
from flask import current_app
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from app.models import Mail, MailStatus, Model, now

PACKAGES = ("flask", "flask-appbuilder", "flask-admin", "sqlalchemy", "alembic", "flask-babel", "gunicorn", "pillow", "typst")
LOW_DISK = 0.1  # of the whole
OLD_MAIL = timedelta(minutes=15)


# Version, size and migration beside each of the largest tables, in one statement.
POSTGRESQL = text(
    "SELECT relname AS name, greatest(reltuples, 0)::bigint AS rows, current_setting('server_version') AS version,"
    " pg_database_size(current_database()) AS size, (SELECT version_num FROM alembic_version) AS migration"
    " FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace ORDER BY 2 DESC, 1 LIMIT 8"
)
SQLITE = """SELECT name, rows, sqlite_version() AS version, (SELECT page_count * page_size FROM pragma_page_count, pragma_page_size) AS size,
    (SELECT version_num FROM alembic_version) AS migration FROM ({largest}) ORDER BY rows DESC, name LIMIT 8"""


@dataclass(frozen=True)
class Database:
    kind: str
    version: str
    size: int  # bytes
    migration: str
    tables: list[tuple[str, int]]  # the largest, by the database's own idea of their rows


@dataclass(frozen=True)
class Post:
    by_status: dict[MailStatus, int]
    oldest_waiting: datetime | None

    @property
    def is_late(self) -> bool:
        return self.oldest_waiting is not None and self.oldest_waiting < now() - OLD_MAIL


@dataclass(frozen=True)
class Disk:
    free: int  # bytes
    whole: int

    @property
    def is_low(self) -> bool:
        return self.free < self.whole * LOW_DISK


def versions() -> dict[str, str]:
    """Name and version of what the house stands on."""
    return {"Python": platform.python_version()} | {name: version(name) for name in PACKAGES}


def head() -> str:
    """The migration that the program wants."""
    return ScriptDirectory(current_app.extensions["migrate"].directory).get_current_head() or ""


def database(session: Session) -> Database:
    connection = session.connection()
    if connection.dialect.name == "postgresql":
        rows = connection.execute(POSTGRESQL).all()
        kind = "PostgreSQL"
    else:
        largest = " UNION ALL ".join(f"SELECT '{name}' AS name, coalesce(max(rowid), 0) AS rows FROM \"{name}\"" for name in Model.metadata.tables)  # noqa: S608 - our own tables
        rows = connection.execute(text(SQLITE.format(largest=largest))).all()
        kind = "SQLite"
    return Database(kind, rows[0].version, rows[0].size, rows[0].migration, [(row.name, row.rows) for row in rows])


def post(session: Session) -> Post:
    found = session.execute(select(Mail.status, func.count(), func.min(Mail.created_at)).group_by(Mail.status)).all()
    waiting = {status: first for status, _count, first in found}
    late = [first for status in (MailStatus.QUEUED, MailStatus.SENDING, MailStatus.DEFERRED) if (first := waiting.get(status))]
    return Post({status: count for status, count, _first in found}, min(late, default=None))


def disk() -> Disk:
    used = shutil.disk_usage(Path(current_app.config["INSTANCE"]))
    return Disk(used.free, used.total)


def state(session: Session) -> dict[str, Any]:
    """All of it."""
    return {"versions": versions(), "wanted": head(), "database": database(session), "post": post(session), "disk": disk()}
