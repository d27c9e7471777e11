"""The second wall: PostgreSQL's row-level security, written from the same declarations as the first (scope.py).

Three roles, none of which owns a table: staff with a policy that lets everything through, partners with one that compares the
owner with a transaction-local setting, and clients who came by a link, who read their own rows and write nothing. One policy with
an OR would keep trigram indexes from being used.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, event, inspect, text
from sqlalchemy.orm import Session, SessionTransaction

from app.extensions import reading_engine
from app.models.base import OPEN, SHARED, Model, Own
from app.models.indexes import finder_of, has_finder
from app.models.scope import HOUSE_COLUMNS, Scope, ScopeKind, class_named, scope_of, scoped_classes

STAFF_ROLE, PARTNER_ROLE, CLIENT_ROLE = "cordee_staff", "cordee_partner", "cordee_client"
ROLE_OF = {
    ScopeKind.SYSTEM: "none",
    ScopeKind.STAFF: STAFF_ROLE,
    ScopeKind.PARTNER: PARTNER_ROLE,
    ScopeKind.APPLICANT: PARTNER_ROLE,
    ScopeKind.LINK: CLIENT_ROLE,
    ScopeKind.NONE: PARTNER_ROLE,
}
PARTNERS = "(SELECT string_to_array(nullif(current_setting('cordee.partners', true), ''), ',')::int[])::int[]"
OWN_PARTNER = "(SELECT (string_to_array(nullif(current_setting('cordee.partners', true), ''), ',')::int[])[1])"  # agents come after it
ADVISER = "(SELECT nullif(current_setting('cordee.adviser', true), '')::int)"
CLIENT = "(SELECT nullif(current_setting('cordee.client', true), '')::int)"
SETTINGS = (
    "SELECT set_config('role', :role, {local}), set_config('cordee.partners', :partners, {local}),"
    " set_config('cordee.adviser', :adviser, {local}), set_config('cordee.client', :client, {local})"
)
SET_ROLE, KEEP_ROLE = text(SETTINGS.format(local="true")), text(SETTINGS.format(local="false"))


@event.listens_for(Session, "after_begin")
def take_role(session: Session, transaction: SessionTransaction, connection: Connection) -> None:
    """Takes the role of the session's scope for this transaction; it ends with the transaction, also on a pooled connection."""
    if connection.dialect.name != "postgresql":
        return
    scope = scope_of(session)
    if connection.engine is reading_engine():
        keep_role(connection, scope)
    elif scope.kind is not ScopeKind.SYSTEM:
        connection.execute(SET_ROLE, role_settings(scope))


def keep_role(connection: Connection, scope: Scope) -> None:
    """Takes the role on a connection for reading, which has no transaction and keeps its role until a session of another
    scope begins on it: there is no session that does not come through here."""
    settings = role_settings(scope)
    if connection.info.get("role") == settings:
        return
    connection.info.pop("role", None)  # should the next statement fail, nobody knows
    connection.execute(KEEP_ROLE, settings)
    connection.info["role"] = settings


def role_settings(scope: Scope) -> dict[str, str]:
    adviser = str(scope.person_id) if scope.own_clients_only else ""
    client = str(scope.client_id) if scope.client_id is not None else ""
    return {"role": ROLE_OF[scope.kind], "partners": ",".join(map(str, scope.partner_ids)), "adviser": adviser, "client": client}


def lay_down_role(session: Session) -> None:
    """Ends the role within the transaction, so that the house itself writes its history and its outbox."""
    if session.get_bind().dialect.name == "postgresql" and scope_of(session).kind is not ScopeKind.SYSTEM:
        session.connection().execute(text("SELECT set_config('role', 'none', true)"))


def sync(connection: Connection) -> None:
    """Writes roles, grants and policies anew from the declarations, if they are not the ones that stand already: policies
    are written under a lock that other processes feel. Run after every migration, under its lock."""
    if connection.dialect.name != "postgresql":
        return
    statements = [*roles(), *grants(), *policies(), *finders()]
    mark = hashlib.sha256("\n".join(statements).encode()).hexdigest()
    if connection.execute(text("SELECT obj_description('alembic_version'::regclass)")).scalar() == mark:
        return
    for statement in (*statements, f"COMMENT ON TABLE alembic_version IS '{mark}'"):
        connection.execute(text(statement))


def take_down(connection: Connection) -> None:
    """Removes every policy, which may hold a table or a column that a migration drops; sync() writes them again.

    Until then row-level security stays on without a policy, so that nobody under one of the two roles sees a row."""
    found = connection.execute(text("SELECT tablename, policyname FROM pg_policies WHERE policyname LIKE 'cordee_%'")).all()
    for table, policy in found:
        connection.execute(text(f'DROP POLICY "{policy}" ON "{table}"'))
    if found:
        connection.execute(text("COMMENT ON TABLE alembic_version IS NULL"))


def roles() -> Iterator[str]:
    for role in (STAFF_ROLE, PARTNER_ROLE, CLIENT_ROLE):
        # Roles belong to the whole server: another database's first start may be creating them at this moment.
        yield f"DO $$ BEGIN CREATE ROLE {role} NOLOGIN; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$"
        yield f"DO $$ BEGIN IF NOT pg_has_role(current_user, '{role}', 'MEMBER') THEN EXECUTE format('GRANT {role} TO %I', current_user); END IF; END $$"
        yield f"GRANT USAGE ON SCHEMA public TO {role}"
        yield f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {role}"


def grants() -> Iterator[str]:
    yield f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {STAFF_ROLE}"
    yield f"REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {PARTNER_ROLE}, {CLIENT_ROLE}"
    yield f"GRANT SELECT, INSERT, UPDATE ON submission TO {PARTNER_ROLE}"
    for entity in scoped_classes():
        own = entity.scope
        if own in (OPEN, SHARED) or isinstance(own, Own):
            yield f"GRANT SELECT ON {entity.__tablename__} TO {PARTNER_ROLE}"
        if own in (OPEN, SHARED) or (isinstance(own, Own) and own.link):
            yield f"GRANT SELECT ON {entity.__tablename__} TO {CLIENT_ROLE}"
        if isinstance(own, Own):
            yield from write_grants(entity, own)


def write_grants(entity: type[Any], own: Own) -> Iterator[str]:
    """What the declaration lets a partner's people or the house's rules write, and no column beyond it."""
    table, columns = entity.__tablename__, entity.__table__.c.keys()
    makes = own.made_by_rules or own.writes or own.applicant
    if makes:
        yield f"GRANT INSERT ON {table} TO {PARTNER_ROLE}"
    changes = set(columns) if own.made_by_rules else own.writes | (own.applicant or frozenset()) | own.ruled
    if changes:
        named = sorted((changes | HOUSE_COLUMNS) & set(columns) - {"id", "created_at"})
        yield f"GRANT UPDATE ({', '.join(named)}) ON {table} TO {PARTNER_ROLE}"
    if own.deletes:
        yield f"GRANT DELETE ON {table} TO {PARTNER_ROLE}"


def policies() -> Iterator[str]:
    for entity in scoped_classes():
        if not isinstance(entity.scope, Own):
            continue
        table = entity.__tablename__
        read, write = (wall(row_conditions(entity, entity.scope, own_only)) for own_only in (False, True))
        yield f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY"
        for name in (STAFF_ROLE, PARTNER_ROLE, CLIENT_ROLE, *(f"{PARTNER_ROLE}_{deed}" for deed in ("insert", "update", "delete"))):
            yield f"DROP POLICY IF EXISTS {name} ON {table}"
        yield f"CREATE POLICY {STAFF_ROLE} ON {table} TO {STAFF_ROLE} USING (true) WITH CHECK (true)"
        yield f"CREATE POLICY {PARTNER_ROLE} ON {table} FOR SELECT TO {PARTNER_ROLE} USING ({read})"
        if entity.scope.link:
            shown = f" AND {table}.{entity.scope.link_if}" if entity.scope.link_if else ""
            yield f"CREATE POLICY {CLIENT_ROLE} ON {table} FOR SELECT TO {CLIENT_ROLE} USING ({table}.{entity.scope.link} = {CLIENT}{shown})"
        yield f"CREATE POLICY {PARTNER_ROLE}_insert ON {table} FOR INSERT TO {PARTNER_ROLE} WITH CHECK ({write})"
        yield f"CREATE POLICY {PARTNER_ROLE}_update ON {table} FOR UPDATE TO {PARTNER_ROLE} USING ({write}) WITH CHECK ({write})"
        yield f"CREATE POLICY {PARTNER_ROLE}_delete ON {table} FOR DELETE TO {PARTNER_ROLE} USING ({write})"


def finders() -> Iterator[str]:
    """A function per searchable entity that finds a partner's own rows by a word. Under a policy PostgreSQL may not ask an
    index with LIKE, which could tell of rows behind the wall, and would read all of a partner's rows; the function stands
    outside the policies, holds the owner's condition itself, and what it finds goes through them like everything else."""
    for entity in scoped_classes():
        if not has_finder(entity):
            continue
        name, table = f"{finder_of(entity)}(pattern text)", entity.__tablename__
        found = f"SELECT id FROM {table} WHERE search_text LIKE pattern ESCAPE '/' AND {entity.scope.owner} = ANY (held)"  # noqa: S608 - our own names
        yield (
            f"CREATE OR REPLACE FUNCTION {name} RETURNS SETOF int LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 100"
            f" SET search_path = public, pg_temp SET plan_cache_mode = force_custom_plan AS $$"
            f" DECLARE held int[] := {PARTNERS}; BEGIN RETURN QUERY {found}; END $$"
        )
        yield f"REVOKE ALL ON FUNCTION {name} FROM PUBLIC"
        yield f"GRANT EXECUTE ON FUNCTION {name} TO {PARTNER_ROLE}"


def wall(conditions: Iterator[str]) -> str:
    """The conditions of a policy, hidden from the planner's guesses: the first wall says the same in every statement, and
    with both the planner takes a partner's rows for one in a million and chooses joins for that."""
    return " AND ".join(f"coalesce({condition}, false)" for condition in conditions)


def row_conditions(entity: type[Any], own: Own, own_only: bool = False) -> Iterator[str]:
    """The rows of a partner and its agents; `own_only` leaves the agents out, for writing."""
    table = entity.__tablename__
    if own.owner:
        yield f"{table}.{own.owner} = {OWN_PARTNER}" if own_only else f"{table}.{own.owner} = ANY ({PARTNERS})"
    if own.through:
        column, target = own.through
        class_name, key = target.split(".")
        other = class_named(class_name)
        # The other table's own policy decides which of its rows this subquery finds.
        owned = f" WHERE other.{other.scope.owner} = {OWN_PARTNER}" if own_only and getattr(other.scope, "owner", None) else ""
        yield f"{table}.{column} IN (SELECT other.{key} FROM {other.__tablename__} other{owned})"  # noqa: S608 - our own names
    if own.visible:
        yield f"{table}.{own.visible}"
    if own.adviser and "." not in own.adviser:
        yield f"({ADVISER} IS NULL OR {table}.{own.adviser} = {ADVISER})"
    if own.adviser and "." in own.adviser:
        relation = own.adviser.split(".")[0]
        other_table = inspect(entity).relationships[relation].mapper.class_.__tablename__
        yield f"({ADVISER} IS NULL OR {table}.{relation}_id IN (SELECT other.id FROM {other_table} other))"  # noqa: S608 - our own names


assert Model  # the declarations must be loaded before sync() reads them
