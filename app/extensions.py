"""Shared tools, made here and bound to the application in create_app()."""

import time
from contextvars import ContextVar
from typing import Any

from flask import current_app, g
from flask_appbuilder import Model
from flask_appbuilder.models.sqla.base import SQLA
from flask_mail import Mail
from flask_migrate import Migrate
from flask_sqlalchemy.session import Session as BoundSession
from flask_wtf import CSRFProtect
from sqlalchemy import Connection, Engine, event
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.pool import Pool

# Before Flask-AppBuilder's security models are imported, or their constraints stay without a name.
Model.metadata.naming_convention = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class HouseSession(BoundSession):
    """The request's session: one that only reads (`info["reads"]`) stands on the reading connections."""

    def get_bind(self, mapper: Any = None, clause: Any = None, bind: Any = None, **rest: Any) -> Engine | Connection:
        if bind is None and self.info.get("reads"):
            return reading_engine()
        return super().get_bind(mapper, clause, bind, **rest)


db = SQLA(metadata=Model.metadata, session_options={"class_": HouseSession, "expire_on_commit": False})
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
    connection.execute("SET TimeZone = 'UTC'")  # months and days are cut the same way as on SQLite
    connection.execute("SET jit = off")
    connection.execute("SET max_parallel_workers_per_gather = 0")
    connection.execute("SET random_page_cost = 1.1")
    connection.autocommit = False


RESTED = 2.0  # seconds


@event.listens_for(Pool, "checkin")
def note_rest(connection: Any, record: Any) -> None:
    record.info["resting_since"] = time.monotonic()


@event.listens_for(Pool, "checkout")
def wake(connection: Any, record: Any, proxy: Any) -> None:
    """A connection that has rested is asked whether it is still there: the database may have been started again meanwhile, and
    nobody's page should find that out. One that has just been used is not, for it would cost every page a journey."""
    if connection is None or "psycopg" not in type(connection).__module__ or time.monotonic() - record.info.get("resting_since", time.monotonic()) < RESTED:
        return
    try:
        connection.execute("")
        if not connection.autocommit:
            connection.rollback()
    except connection_errors() as gone:
        raise DisconnectionError("the database has been started again") from gone


def connection_errors() -> tuple[type[Exception], ...]:
    import psycopg  # only with PostgreSQL

    return (psycopg.OperationalError, psycopg.InterfaceError)


@event.listens_for(Engine, "begin")
def begin(connection: Any) -> None:
    """Begins as the request asks; on PostgreSQL, where psycopg says BEGIN with the first statement, an export cannot write."""
    line = connection.connection.dbapi_connection
    if connection.dialect.name == "sqlite":
        if reads_only.get():
            line.execute("BEGIN")  # waits for nobody, and is said twice a page
        else:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
    elif not line.autocommit:
        line.read_only = reads_only.get()


def kept_lists() -> dict[str, Any]:
    """The administrators' lists as this process last read them, by name (models/lookups.py); noticed anew as a request begins."""
    return current_app.extensions.setdefault("cordee_lists", {})


def kept_fields() -> dict[str, dict[str, Any]]:
    """The fields of the house's own in the same way: by what they belong to and key (models/custom.py). A request keeps those
    that it began with, so that its forms and lists are of one piece while somebody changes them."""
    if "kept_fields" not in g:
        g.kept_fields = current_app.extensions.setdefault("cordee_fields", {})
    return g.kept_fields


READING, HOUSE_READING = "reading", "house reading"


def reading_connections(url: str) -> dict[str, dict[str, Any]]:
    """The engines of PostgreSQL's connections for reading: each statement by itself, none of which can write. BEGIN and COMMIT
    would cost two journeys and promise nothing more, for PostgreSQL shows every statement of a transaction what has been
    committed until then anyway; and without ROLLBACK psycopg keeps what the server has prepared. The house's own questions are
    planned once, for they find a few rows by a key; PostgreSQL would plan "who is signed in" anew at each page, which costs
    three times what running it does."""
    engine = {"url": url, "isolation_level": "AUTOCOMMIT", "pool_use_lifo": True, "pool_reset_on_return": None, "skip_autocommit_rollback": True}
    reading = "-c default_transaction_read_only=on"
    return {
        READING: {**engine, "connect_args": {"options": reading}},
        HOUSE_READING: {**engine, "connect_args": {"options": f"{reading} -c plan_cache_mode=force_generic_plan"}},
    }


def reading_engine() -> Engine:
    """Where requests that only read go; on SQLite the one engine, where a transaction for reading costs nothing."""
    return db.engines.get(READING) or db.engine


def house_engine() -> Engine:
    """Where the house itself reads: connections that never bear anybody's role."""
    return db.engines.get(HOUSE_READING) or db.engine


def let_go() -> None:
    """Shuts every open connection of this process."""
    for engine in db.engines.values():
        engine.dispose()
