"""Makes a database ready: migrations, walls, search indexes, roles. Safe to run by many processes at once, at every start."""

from __future__ import annotations

import fcntl
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from flask import current_app
from flask_migrate import upgrade
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from app.extensions import db, let_go
from app.models import HistoryHead, Permission, PermissionView, RightsVersion, Role, ViewMenu, indexes, walls
from app.permissions import STAFF_ROLES, STAFF_TABLE, Level
from app.services import drafts, imports, jobs, once, stores
from app.services.crossings import crossing
from app.services.questionnaires import built_in

LOCK = 7_203_411  # any number, the same in every process


@contextmanager
def alone() -> Iterator[None]:
    """Holds the one lock of this database, so that simultaneous first starts wait for each other."""
    if db.engine.dialect.name == "postgresql":
        with db.engine.connect() as connection:
            connection.execute(text("SELECT pg_advisory_lock(:lock)"), {"lock": LOCK})
            connection.commit()
            try:
                yield
            finally:
                connection.execute(text("SELECT pg_advisory_unlock(:lock)"), {"lock": LOCK})
                connection.commit()
        return
    database = db.engine.url.database or str(Path(current_app.config["INSTANCE"]) / "memory")
    with open(f"{database}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def prepare() -> None:
    """Brings the database to the present state of the code."""
    logging.getLogger("alembic").setLevel(logging.WARNING)
    with alone():
        upgrade()
        with db.engine.begin() as connection:
            indexes.sync(connection)
            walls.sync(connection)
        with crossing(reading=False) as session:
            sync_rights(session)
            built_in.install(session)
            stores.house(session)
            once.sweep(session)
            drafts.sweep(session)
            imports.sweep(session)
            jobs.sweep(session)
            session.commit()
    let_go()


def sync_rights(session: Session) -> None:
    """The kinds of record and levels as Flask-AppBuilder keeps them, the built-in roles, and the single rows."""
    for single in (RightsVersion(id=1), HistoryHead(id=1)):
        if session.get(type(single), 1) is None:
            session.add(single)
    permissions = {level: named(session, Permission, f"can_{level.name.lower()}") for level in (Level.READ, Level.WRITE, Level.FULL)}
    for access in STAFF_TABLE:
        kind = named(session, ViewMenu, access.name)
        for permission in permissions.values():
            pair = select(PermissionView.id).where(PermissionView.permission_id == permission.id, PermissionView.view_menu_id == kind.id)
            if session.scalar(pair) is None:
                session.add(PermissionView(permission=permission, view_menu=kind))
    for name in STAFF_ROLES:
        named(session, Role, name)


def named(session: Session, kind: Any, name: str) -> Any:
    """The row of this name, made if it is missing."""
    found = session.scalar(select(kind).where(kind.name == name))
    if found is None:
        found = kind(name=name)
        session.add(found)
        session.flush()
    return found
