"""Row scope: whose rows a session may read and write, decided on the session itself so that no view can forget it.

A session carries its scope in `session.info["scope"]`; without one it sees no rows at all. Reading is held by a criterion
added to every ORM statement, writing by a guard before every flush. PostgreSQL's policies (walls.py) say it a second time.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from functools import cache, cached_property, lru_cache
from typing import Any

from sqlalchemy import ColumnElement, Integer, and_, bindparam, event, false, inspect, select
from sqlalchemy.orm import ORMExecuteState, Session
from sqlalchemy.orm.util import LoaderCriteriaOption
from sqlalchemy.sql.util import _deep_annotate

from app.models.base import OPEN, SHARED, Model, Own
from app.models.custom import Customised, FieldPortal, fields_of
from app.models.users import User


class ScopeKind(StrEnum):
    SYSTEM = "system"  # commands and workers
    STAFF = "staff"
    PARTNER = "partner"
    APPLICANT = "applicant"  # one's own registration file
    LINK = "link"  # a client who came by a mailed link: its own rows, to read
    NONE = "none"


class OutOfScope(Exception):
    """Somebody else's row, or a column this person may not set; shown as 404."""


class RowCriteria(LoaderCriteriaOption):
    """with_loader_criteria over a ready expression, which SQLAlchemy adapts to aliases only where it is a lambda.

    Lambdas share their cache by code object, so one function for all entities would mix them up. Whose rows they are is not
    in the expression: the wall hands over `scope_partners` and `scope_person` with each statement.
    """

    _traverse_internals = LoaderCriteriaOption._traverse_internals

    def _resolve_where_criteria(self, ext_info: Any) -> ColumnElement[bool]:
        rows: Any = self.where_criteria
        if ext_info.is_aliased_class:
            rows = ext_info._adapter.traverse(rows)
        return _deep_annotate(rows, {"for_loader_criteria": self}, detect_subquery_cols=True, ind_cols_on_fromclause=True)


@dataclass(frozen=True)
class Scope:
    """Who acts, and for which partners: one's own first, then the agents under it, whose rows are read and never written.
    `own_clients_only` narrows a member to the clients it advises."""

    kind: ScopeKind
    partner_ids: tuple[int, ...] = ()
    person_id: int | None = None
    own_clients_only: bool = False
    client_id: int | None = None

    @property
    def sees_everything(self) -> bool:
        return self.kind in (ScopeKind.SYSTEM, ScopeKind.STAFF)

    @property
    def own_partner_id(self) -> int | None:
        return self.partner_ids[0] if self.partner_ids else None

    @cached_property
    def values(self) -> dict[str, Any]:
        """The bound values of rows_of(): given to every statement beside its own."""
        return {"scope_partners": self.partner_ids, "scope_person": self.person_id, "scope_client": self.client_id}


READS_ONLY = (ScopeKind.LINK, ScopeKind.NONE)

SYSTEM = Scope(ScopeKind.SYSTEM)
STAFF_SCOPE = Scope(ScopeKind.STAFF)
NOBODY = Scope(ScopeKind.NONE)


def scoped_classes() -> list[type[Any]]:
    return [mapper.class_ for mapper in Model.registry.mappers]


def class_named(name: str) -> type[Any]:
    return next(entity for entity in scoped_classes() if entity.__name__ == name)


def rows_of(entity: type[Any], scope: Scope) -> ColumnElement[bool] | None:
    """The rows of an entity that a partner-side scope may read, to be run with the scope's `values`; None means all of them
    (shared tables)."""
    own = getattr(entity, "scope", None)
    if (own == SHARED and scope.kind in (ScopeKind.PARTNER, ScopeKind.LINK)) or (own == OPEN and scope.kind is not ScopeKind.NONE):
        return None
    if not isinstance(own, Own) or scope.kind is ScopeKind.NONE:
        return false()
    if scope.kind is ScopeKind.LINK:
        return linked_rows(entity, own)
    if scope.kind is ScopeKind.APPLICANT and own.applicant is None:
        return false()
    return and_(*conditions(entity, own, scope))


def linked_rows(entity: type[Any], own: Own) -> ColumnElement[bool]:
    """The rows that a client behind a link may read."""
    if not own.link:
        return false()
    rows: ColumnElement[bool] = getattr(entity, own.link) == bindparam("scope_client")
    return and_(rows, getattr(entity, own.link_if).is_(True)) if own.link_if else rows


def conditions(entity: type[Any], own: Own, scope: Scope) -> Iterator[ColumnElement[bool]]:
    if own.owner:
        # Written into the statement as numbers: a few partners hold half of all rows, and a plan for the average one is 10 times too slow for them.
        yield getattr(entity, own.owner).in_(bindparam("scope_partners", type_=Integer(), expanding=True, literal_execute=True))
    if own.through:
        column, target = own.through
        class_name, key = target.split(".")
        other = class_named(class_name)
        rows = rows_of(other, scope)
        yield getattr(entity, column).in_(select(getattr(other, key)).where(rows if rows is not None else false()))
    if own.visible:
        yield getattr(entity, own.visible).is_(True)
    if own.adviser and scope.own_clients_only:
        yield adviser_is(entity, own.adviser)


def adviser_is(entity: type[Any], path: str) -> ColumnElement[bool]:
    if "." not in path:
        return getattr(entity, path) == bindparam("scope_person")
    relation, column = path.split(".")
    other = inspect(entity).relationships[relation].mapper.class_
    return getattr(entity, f"{relation}_id").in_(select(other.id).where(getattr(other, column) == bindparam("scope_person")))


@cache
def criteria_of(kind: ScopeKind, own_clients_only: bool) -> tuple[RowCriteria, ...]:
    """The options that every ORM statement of such a scope carries; built once, because building costs more than running."""
    scope = Scope(kind, own_clients_only=own_clients_only)
    return tuple(
        RowCriteria(entity, rows, include_aliases=True, propagate_to_loaders=True) for entity in scoped_classes() if (rows := rows_of(entity, scope)) is not None
    )


def behind_wall(statement: Any, kind: ScopeKind, own_clients_only: bool) -> Any:
    return statement.options(*criteria_of(kind, own_clients_only))


behind_wall_once = lru_cache(maxsize=1_000)(behind_wall)  # for statements that are made once and run again and again


def scope_of(session: Session) -> Scope:
    return session.info.get("scope", NOBODY)


@contextmanager
def acting(session: Session, scope: Scope, actor: str = "") -> Iterator[None]:
    """Lets a session act under another scope for a while: commands and tests, never a request on its own session."""
    before = {key: session.info.get(key) for key in ("scope", "actor")}
    session.info.update(scope=scope, actor=actor or scope.kind.value)
    try:
        yield
    finally:
        session.info.update({key: value for key, value in before.items() if value is not None})
        for key in [key for key, value in before.items() if value is None]:
            session.info.pop(key, None)


@event.listens_for(Session, "do_orm_execute")
def read_wall(state: ORMExecuteState) -> None:
    scope = scope_of(state.session)
    if scope.sees_everything or state.session.info.get("sealing"):
        return
    if state.is_select and state.is_orm_statement:
        if not state.is_column_load:
            dress = behind_wall_once if state.execution_options.get("kept") else behind_wall
            state.statement = dress(state.statement, scope.kind, scope.own_clients_only)
            state.parameters = {**(state.parameters or {}), **scope.values}  # type: ignore[dict-item]
        return
    if not state.execution_options.get("outside_walls"):
        raise OutOfScope("raw and bulk statements are refused under a partner's scope")


@contextmanager
def verb(session: Session, grants: dict[type[Any], set[str] | None]) -> Iterator[None]:
    """A rule of the house writes columns that the person behind it may not set by hand: {entity: columns, None for all}.

    The rows stay the person's own: only the list of columns is widened.
    """
    for entity, columns in grants.items():
        own: Own = entity.scope  # type: ignore[attr-defined]
        if not own.made_by_rules and not (columns is not None and columns <= own.ruled):
            raise OutOfScope(f"{entity.__name__} does not declare that rules may set this")
    before = session.info.get("verb", {})
    session.info["verb"] = before | grants
    try:
        yield
        session.flush()
    finally:
        session.info["verb"] = before


HOUSE_COLUMNS = frozenset({"id", "version", "created_at", "updated_at", "changed_on", "search_text"})


@event.listens_for(Session, "before_flush")
def write_wall(session: Session, context: Any, instances: Any) -> None:
    scope = scope_of(session)
    if scope.sees_everything or session.info.get("sealing"):
        return
    for record in session.new:
        guard_write(session, scope, record, new=True)
    for record in session.dirty:
        if session.is_modified(record, include_collections=False):
            guard_write(session, scope, record, new=False)
    for record in session.deleted:
        own = getattr(record, "scope", None)
        if not (isinstance(own, Own) and own.deletes) or scope.kind in READS_ONLY:
            raise OutOfScope(f"{type(record).__name__} may not be deleted under this scope")
        guard_owner(session, scope, record, own)


def granted(session: Session, record: Any) -> frozenset[str]:
    grants = session.info.get("verb", {})
    if type(record) not in grants:
        return frozenset()
    columns = grants[type(record)]
    return frozenset(columns if columns is not None else inspect(type(record)).column_attrs.keys())


def guard_write(session: Session, scope: Scope, record: Any, new: bool) -> None:
    own = getattr(record, "scope", None)
    if not isinstance(own, Own) or scope.kind in READS_ONLY:
        raise OutOfScope(f"{type(record).__name__} may not be written under this scope")
    own_writes = own.writes if scope.kind is ScopeKind.PARTNER else (own.applicant or frozenset())
    allowed = own_writes | granted(session, record) | HOUSE_COLUMNS | ({own.owner} if new and own.owner and own_writes else frozenset())
    changed = {attribute.key for attribute in inspect(record).attrs if attribute.key in inspect(type(record)).column_attrs and attribute.history.has_changes()}
    refused = {key for key in changed - allowed if not (new and is_default(record, key))} | custom_refused(record, scope)
    if refused:
        raise OutOfScope(f"{type(record).__name__}: {', '.join(sorted(refused))} may not be set under this scope")
    if isinstance(record, User) and record.id != scope.person_id and not granted(session, record):
        raise OutOfScope("only one's own person")
    guard_owner(session, scope, record, own)
    guard_references(session, record, changed)


def custom_refused(record: Any, scope: Scope) -> set[str]:
    """The fields of the house's own that have changed and that the portal does not let be filled in."""
    if not isinstance(record, Customised):
        return set()
    past = inspect(record).attrs["custom"].history
    if not past.has_changes():
        return set()
    before, after = (past.deleted[0] if past.deleted else None) or {}, record.custom or {}
    changed = {key for key in {**before, **after} if before.get(key) != after.get(key)}
    known = fields_of(type(record))
    return {key for key in changed if key not in known or known[key].portal != FieldPortal.WRITTEN or scope.kind is not ScopeKind.PARTNER}


def is_default(record: Any, key: str) -> bool:
    column = inspect(type(record)).column_attrs[key].columns[0]
    value = getattr(record, key)
    return value is None or key == "custom" or (column.default is not None and column.default.is_scalar and column.default.arg == value)


def guard_owner(session: Session, scope: Scope, record: Any, own: Own) -> None:
    """Both the old and the new owner must be the person's own partner: its agents' rows are for reading."""
    if any(owner != scope.own_partner_id for owner in owners_of(session, record, own)):
        raise OutOfScope("somebody else's row")


def owners_of(session: Session, record: Any, own: Own) -> set[int | None]:
    """The partners that a row belonged and now belongs to; None for a row without its partner. A person has its own guard."""
    if own.owner == "id":
        return {record.id}
    column = own.owner or (own.through[0] if own.through else "id")
    past = inspect(record).attrs[column].history
    found = {getattr(record, column), *(value for value in (*past.unchanged, *past.deleted) if value is not None)}
    if own.owner or own.through is None or isinstance(record, User):
        return found if own.owner else set()
    other = class_named(own.through[1].split(".")[0])
    if not getattr(other.scope, "owner", None):
        return {None}
    with session.no_autoflush:
        return {session.scalar(select(getattr(other, other.scope.owner)).where(other.id == key)) for key in found}


def is_ones_own(session: Session, record: Any) -> bool:
    """Whether the person may write this row at all: staff any, a partner's people their own partner's."""
    scope = scope_of(session)
    return scope.sees_everything or (isinstance(record.scope, Own) and owners_of(session, record, record.scope) <= {scope.own_partner_id})


def guard_references(session: Session, record: Any, changed: set[str]) -> None:
    """Every foreign key set must point at a row that this scope can read."""
    mapper = inspect(type(record))
    for key in changed:
        value = getattr(record, key)
        for foreign_key in mapper.column_attrs[key].columns[0].foreign_keys if value is not None else ():
            target = next(entity for entity in scoped_classes() if entity.__table__ is foreign_key.column.table)
            if target.scope == OPEN:
                continue
            with session.no_autoflush:
                if session.scalar(select(foreign_key.column).select_from(target).where(foreign_key.column == value)) is None:
                    raise OutOfScope(f"{key} points at a row that is not visible")


def leave(session: Session, record: Any) -> None:
    """Puts an internal row (a mail, an alert, an entry of history) into the transaction, to be written as it commits.

    Such rows are the house's, not the person's: they are written after the last role has been laid down.
    """
    session.info.setdefault("outgoing", []).append(record)
