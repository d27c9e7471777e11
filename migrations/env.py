"""Alembic's environment. On SQLite foreign keys are off while migrating, because batch mode copies and drops tables, and a
drop would take along the rows that refer to them; they are checked before the transaction ends."""

from __future__ import annotations

from typing import Any

from alembic import context
from flask import current_app

from app.models import Model, walls

ENGINE = current_app.extensions["migrate"].db.engine


def ours(thing: Any, name: str | None, kind: str, reflected: bool, compared: Any) -> bool:
    """Search indexes are kept by app/models/indexes.py, not by migrations."""
    return not (name and ("_fts" in name or name.endswith("_search")))


def pending() -> bool:
    """Whether this run changes anything: a start that finds nothing to do leaves the walls alone."""
    return context.get_context().get_current_revision() != context.get_revision_argument()


def run() -> None:
    sqlite = ENGINE.dialect.name == "sqlite"
    with ENGINE.connect() as connection:
        if sqlite:
            connection.connection.driver_connection.execute("PRAGMA foreign_keys=OFF")  # type: ignore[union-attr]
        context.configure(
            connection=connection, target_metadata=Model.metadata, render_as_batch=sqlite, include_object=ours, compare_type=False, transaction_per_migration=True
        )
        if ENGINE.dialect.name == "postgresql" and pending():
            walls.take_down(connection)
            connection.commit()
        with context.begin_transaction():
            context.run_migrations()
        if sqlite:
            orphans = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall()
            connection.rollback()
            connection.connection.driver_connection.execute("PRAGMA foreign_keys=ON")  # type: ignore[union-attr]
            if orphans:
                raise RuntimeError(f"rows refer to rows that are gone: {orphans[:5]}")


run()
