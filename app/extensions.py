"""Shared tools, made here and bound to the application in create_app()."""

from contextvars import ContextVar
from typing import Any

from flask_appbuilder import Model
from flask_appbuilder.models.sqla.base import SQLA
from flask_mail import Mail
from flask_migrate import Migrate
from flask_wtf import CSRFProtect
from sqlalchemy import Engine, event
from sqlalchemy.orm import Session

# Before Flask-AppBuilder's security models are imported, or their constraints stay without a name.
Model.metadata.naming_convention = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}

db = SQLA(metadata=Model.metadata, session_options={"expire_on_commit": False})
migrate = Migrate()
mail = Mail()
csrf = CSRFProtect()

# A GET opens its SQLite transaction for reading; everything else takes the writer's lock at once, because a transaction
# that turns from reader to writer half-way can lose an update or fail (docs/decisions/0005-databases.md).
reads_only: ContextVar[bool] = ContextVar("reads_only", default=False)


@event.listens_for(Engine, "connect")
def prepare_sqlite(connection: Any, record: Any) -> None:
    if "sqlite3" not in type(connection).__module__:
        return
    connection.isolation_level = None  # we say BEGIN ourselves, below
    for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "busy_timeout=30000", "foreign_keys=ON", "cache_size=-32000"):
        connection.execute(f"PRAGMA {pragma}")


@event.listens_for(Engine, "connect")
def prepare_postgresql(connection: Any, record: Any) -> None:
    """For statements of a millisecond: no just-in-time compiling and no parallel workers, whose start takes seven; and rows that
    are found by an index cost little more than their neighbours, as they do in memory and on disks without a moving head."""
    if "psycopg" not in type(connection).__module__:
        return
    connection.autocommit = True
    connection.execute("SET jit = off")
    connection.execute("SET max_parallel_workers_per_gather = 0")
    connection.execute("SET random_page_cost = 1.1")
    connection.autocommit = False


@event.listens_for(Engine, "begin")
def begin(connection: Any) -> None:
    """Begins as the request asks; on PostgreSQL, where psycopg says BEGIN with the first statement, a GET cannot write."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("BEGIN" if reads_only.get() else "BEGIN IMMEDIATE")
    else:
        connection.connection.dbapi_connection.read_only = reads_only.get()


def end_reading(session: Session) -> None:
    """Ends a transaction that could only read by COMMIT: after a ROLLBACK, psycopg forgets every statement that the server has
    prepared, and planning a list again takes PostgreSQL five times as long as reading it."""
    if session.in_transaction() and session.is_active and session.get_bind().dialect.name == "postgresql":
        session.expunge_all()
        session.commit()
