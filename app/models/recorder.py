"""History's one listener: it sees every flush, and seals what it saw into the chain as the transaction commits."""

from __future__ import annotations

import hashlib
import json
import secrets
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import event, inspect, select
from sqlalchemy.orm import ORMExecuteState, Session, SessionTransaction

from app.models.base import Model
from app.models.custom import CustomField, Customised, CustomOption, changes_of_custom
from app.models.history import Deed, History, HistoryHead, HistoryValues
from app.models.lookups import LOOK_UPS
from app.models.partners import Partner
from app.models.users import Membership, RightsVersion, Role, User
from app.models.walls import lay_down_role
from app.models.words import Translation

RIGHTS_FOLLOW: dict[type[Any], frozenset[str]] = {
    User: frozenset({"active", "roles", "side", "email", "first_name", "last_name", "language", "theme", "density", "photo"}),
    Role: frozenset({"permissions", "name"}),
    Membership: frozenset({"role", "own_clients_only", "partner_id", "user_id"}),
    Partner: frozenset({"parent_id", "status", "name", "logo"}),
    Translation: frozenset({"texts"}),
    CustomField: frozenset({"holder", "kind", "names", "section", "position", "required", "portal", "indexed", "active"}),
    CustomOption: frozenset({"field_id", "names", "position", "offered"}),
    **dict.fromkeys(LOOK_UPS, frozenset({"names", "position", "offered"})),
}


WAITING = ("seen", "outgoing")  # what a session keeps until its transaction commits


class UnrecordedBulk(Exception):
    """A bulk statement on a recorded table outside history's bulk verb: its changes would be nobody's."""


def plain(value: Any) -> Any:
    """A value as JSON keeps it."""
    if isinstance(value, Decimal | date | datetime):
        return str(value)
    if isinstance(value, str | int | float | bool | list | dict) or value is None:
        return value
    return str(value)


def canonical(changes: dict[str, Any], salt: str) -> str:
    return hashlib.sha256((salt + json.dumps(changes, sort_keys=True, ensure_ascii=False)).encode()).hexdigest()


def link_digest(before: str, place: int, entry: History) -> str:
    """The digest that ties an entry to the one before it."""
    at = entry.at.isoformat()
    parts = [before, str(place), at, entry.actor, str(entry.actor_id), entry.deed.value, entry.entity, str(entry.record_id), entry.reason, entry.values_digest]
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()


def changes_of(record: Any, deed: Deed) -> dict[str, list[Any]]:
    """What a flush is about to change: {"field": [before, after]}, without columns whose values history must not hold."""
    found: dict[str, list[Any]] = {}
    hidden = type(record).unrecorded | {"id", "version", "created_at", "updated_at", "search_text"}
    for attribute in inspect(type(record)).column_attrs:
        if attribute.key in hidden:
            continue
        past = inspect(record).attrs[attribute.key].history
        now_value = getattr(record, attribute.key)
        if attribute.key == "custom" and isinstance(record, Customised):
            kept = past.deleted[0] if past.deleted else None
            found |= changes_of_custom(type(record), *((now_value, None) if deed is Deed.DELETED else (kept, now_value) if past.has_changes() else (None, None)))
            continue
        if deed is Deed.DELETED:
            found[attribute.key] = [plain(now_value), None]
        elif deed is Deed.ADDED and now_value not in (None, ""):
            found[attribute.key] = [None, plain(now_value)]
        elif deed is Deed.CHANGED and past.has_changes():
            before = past.deleted[0] if past.deleted else None
            if before != now_value:
                found[attribute.key] = [plain(before), plain(now_value)]
    if isinstance(record, User | Role):
        found |= collection_changes(record)
    return found


def collection_changes(record: Any) -> dict[str, list[Any]]:
    key = "roles" if isinstance(record, User) else "permissions"
    past = inspect(record).attrs[key].history
    if not (past.added or past.deleted):
        return {}
    before = [*(past.unchanged or ()), *(past.deleted or ())]
    after = [*(past.unchanged or ()), *(past.added or ())]
    return {key: [sorted(map(str, before)), sorted(map(str, after))]}


def entry_of(session: Session, deed: Deed, entity: str, record_id: int | None, changes: dict[str, Any], reason: str = "") -> History:
    salt = secrets.token_hex(8)
    actor = str(session.info.get("actor", "system"))[:200]
    entry = History(
        actor=actor, actor_id=session.info.get("actor_id"), deed=deed, entity=entity, record_id=record_id, reason=reason, values_digest=canonical(changes, salt)
    )
    entry.values = HistoryValues(changes=changes, salt=salt)
    return entry


@event.listens_for(Session, "before_flush")
def notice_changes(session: Session, context: Any, instances: Any) -> None:
    """Keeps each record with its deed and changes until it has its number."""
    if session.info.get("sealing"):
        return
    seen = session.info.setdefault("seen", [])
    for deed, records in ((Deed.ADDED, session.new), (Deed.CHANGED, session.dirty), (Deed.DELETED, session.deleted)):
        for record in records:
            if deed is Deed.CHANGED and not session.is_modified(record):
                continue
            if rights_move(record, deed):
                session.info["rights_moved"] = True
            if getattr(type(record), "recorded", False) and (changes := changes_of(record, deed)):
                seen.append((record, deed, changes, session.info.get("reason", "")))


def rights_move(record: Any, deed: Deed) -> bool:
    watched = RIGHTS_FOLLOW.get(type(record))
    if watched is None:
        return False
    return deed is not Deed.CHANGED or any(inspect(record).attrs[key].history.has_changes() for key in watched)


@event.listens_for(Session, "before_commit")
def seal(session: Session) -> None:
    """Writes what waits (history, mails, alerts) as the house itself, and appends the entries to the chain."""
    if session.info.get("sealing") or not session.in_transaction() or session.in_nested_transaction():
        return  # a savepoint that is released commits nothing yet
    session.flush()
    seen, outgoing = session.info.pop("seen", []), session.info.pop("outgoing", [])
    entries = [entry_of(session, deed, type(record).__name__, record.id, changes, reason) for record, deed, changes, reason in seen]
    entries += [record for record in outgoing if isinstance(record, History)]
    others = [record for record in outgoing if not isinstance(record, History)]
    if not (entries or others or session.info.get("rights_moved")):
        return
    session.info["sealing"] = True
    try:
        lay_down_role(session)
        session.add_all([*others, *entries])
        session.flush()
        append_to_chain(session, entries)
        if session.info.pop("rights_moved", False):
            version = session.get_one(RightsVersion, 1, with_for_update=True, populate_existing=True)
            version.number += 1
        session.flush()
    finally:
        session.info.pop("sealing", None)


def append_to_chain(session: Session, entries: list[History]) -> None:
    """The head is locked last and for a moment only, so that writers wait for each other's commit and nothing else."""
    if not entries:
        return
    head = session.execute(select(HistoryHead).with_for_update().execution_options(populate_existing=True, outside_walls=True)).scalar_one()
    for entry in entries:
        head.place += 1
        entry.place = head.place
        entry.digest = head.digest = link_digest(head.digest, head.place, entry)


@event.listens_for(Session, "after_transaction_create")
def remember_place(session: Session, transaction: SessionTransaction) -> None:
    """Notes how much has been seen when a savepoint begins: a rollback to it forgets what came after, and no more."""
    if transaction.nested:
        marks = session.info.setdefault("savepoints", {})
        marks[transaction] = tuple(len(session.info.get(key, ())) for key in WAITING)


@event.listens_for(Session, "after_transaction_end")
def drop_place(session: Session, transaction: SessionTransaction) -> None:
    session.info.get("savepoints", {}).pop(transaction, None)


@event.listens_for(Session, "after_soft_rollback")
def forget(session: Session, previous: SessionTransaction) -> None:
    if previous.nested and previous in session.info.get("savepoints", {}):
        for key, length in zip(WAITING, session.info["savepoints"][previous], strict=True):
            del session.info.get(key, [])[length:]
        return
    if previous.parent is not None:  # a flush inside a savepoint or a transaction, which is rolled back in its turn
        return
    for key in (*WAITING, "rights_moved", "sealing", "savepoints"):
        session.info.pop(key, None)


@event.listens_for(Session, "do_orm_execute")
def refuse_unrecorded_bulk(state: ORMExecuteState) -> None:
    if not (state.is_update or state.is_delete or state.is_insert) or state.session.info.get("bulk"):
        return
    table = getattr(getattr(state.statement, "table", None), "name", None)
    for mapper in Model.registry.mappers:
        if mapper.class_.__tablename__ == table and getattr(mapper.class_, "recorded", False):
            raise UnrecordedBulk(f"bulk work on {table} goes through history.bulk()")
