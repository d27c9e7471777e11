"""Fields of the house's own: read once for everybody, their indexes kept in step, their values counted and taken away."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext
from sqlalchemy import ColumnElement, String, func, inspect, literal_column, select, text, update
from sqlalchemy.orm import Session
from sqlalchemy.schema import CreateIndex, Index

from app.extensions import db, kept_fields
from app.models import Client, Contract, CustomField, CustomOption, Deed, FieldHolder, FieldKind, FieldPortal, History, Partner, fold
from app.models.custom import CustomValue, Field, InLanguage, custom_text, expression, named, options_of
from app.models.lookups import Entry
from app.services import history
from app.services.refusals import RuleBroken

ENTITIES: dict[str, Any] = {"partner": Partner, "client": Client, "contract": Contract}
LABEL_LENGTH, MOST, MOST_OPTIONS = 80, 40, 200  # characters; fields in use per kind of record; options in one go
ONE_BY_ONE = 1_000  # records whose own history says that a value went with its field; beyond, one entry says it for all

# Fields and options in one statement, each in its order.
ALL: Any = select(
    CustomField.key,
    CustomField.holder,
    CustomField.kind,
    CustomField.names,
    CustomField.section,
    CustomField.required,
    CustomField.portal,
    CustomField.indexed,
    CustomOption.id.label("option"),
    CustomOption.names.label("option_names"),
    CustomOption.offered,
)
ALL = (
    ALL.outerjoin(CustomOption, CustomOption.field_id == CustomField.id)
    .where(CustomField.active.is_(True))
    .order_by(CustomField.position, CustomField.id, CustomOption.position, CustomOption.id)
)


def as_kept(rows: list[Any]) -> tuple[dict[str, dict[str, Field]], dict[str, dict[str, Entry]]]:
    """The rows of ALL as a process keeps them: the fields by what they belong to, and the options with the other lists. Each
    key becomes an attribute of its entity."""
    fields: dict[str, dict[str, Field]] = {name: {} for name in ENTITIES}
    lists: dict[str, dict[str, Entry]] = {}
    for row in rows:
        options = options_of(row.key) if row.kind == FieldKind.CHOICE else None
        if options is not None:
            entries = lists.setdefault(row.key, {})
            if row.option is not None:
                entries[str(row.option)] = Entry({language: name for language, name in row.option_names.items() if name}, row.offered)
        section = InLanguage(row.section) if any((row.section or {}).values()) else None
        known = Field(row.key, row.holder.value, row.kind.value, InLanguage(row.names), section, row.required, row.portal.value, row.indexed, options)
        fields[known.holder][known.key] = known
        entity = ENTITIES[known.holder]
        if known.key not in vars(entity):
            setattr(entity, known.key, CustomValue(known.key))
    return fields, lists


# --- rules --------------------------------------------------------------------------------------


def saving(record: CustomField, new: bool) -> None:
    stays(record, new, "holder", "kind")
    if not any((record.names or {}).values()):
        raise RuleBroken(gettext("Please give it a name."), "names")
    if any(len(name) > LABEL_LENGTH for name in [*record.names.values(), *(record.section or {}).values()]):
        raise RuleBroken(gettext("At most %(limit)s characters.", limit=LABEL_LENGTH), "names")
    if record.holder is FieldHolder.CONTRACT and record.portal is FieldPortal.WRITTEN:
        raise RuleBroken(gettext("Contracts come from suppliers and are not filled in on the portal. Choose “Shown on the portal”."), "portal")
    if not new:
        return
    record.position = record.position or last_position(select(func.max(CustomField.position)).where(CustomField.holder == record.holder))
    held = db.session.scalar(select(func.count()).select_from(CustomField).where(CustomField.holder == record.holder, CustomField.active.is_(True))) or 0
    if held >= MOST:
        raise RuleBroken(gettext("There are %(limit)s fields already. Put one away before you add another.", limit=MOST), "holder")


def last_position(highest: Any) -> int:
    """The place after all others, with room between."""
    return (db.session.scalar(highest) or 0) + 10


def stays(record: Any, new: bool, *names: str) -> None:
    """Values of one kind are no values of another, and an option of one field is none of another's."""
    for name in names:
        if not new and inspect(record).attrs[name].history.has_changes():
            raise RuleBroken(gettext("This cannot be changed any more."), name)


def saving_option(record: CustomOption, new: bool) -> None:
    stays(record, new, "field_id")
    if not any((record.names or {}).values()):
        raise RuleBroken(gettext("Please give it a name."), "names")
    if any(len(name) > LABEL_LENGTH for name in record.names.values()):
        raise RuleBroken(gettext("At most %(limit)s characters.", limit=LABEL_LENGTH), "names")
    field = db.session.get(CustomField, record.field_id or 0)
    if field is None or field.kind is not FieldKind.CHOICE:
        raise RuleBroken(gettext("Only a field that is a choice from a list has options."), "field_id")
    if new:
        record.position = record.position or last_position(select(func.max(CustomOption.position)).where(CustomOption.field_id == field.id))


def add_options(known: CustomField, typed: str, languages: list[str]) -> int:
    """Adds an option per line, "Bleu = Blue" in the order of the languages; one that is there already is left out. Returns how
    many were added; raises RuleBroken and adds none where a line is too long or there are too many."""
    there = {fold(name) for option in known.options for name in option.names.values()}
    lines = [line.strip() for line in typed.splitlines() if line.strip(" =")]
    if len(lines) > MOST_OPTIONS:
        raise RuleBroken(gettext("At most %(limit)s options at a time.", limit=MOST_OPTIONS), "options")
    added = 0
    for line in lines:
        names = dict(zip(languages, (part.strip() for part in line.split("=")), strict=False))
        names = {language: name for language, name in names.items() if name}
        if there & {fold(name) for name in names.values()}:
            continue
        there |= {fold(name) for name in names.values()}
        option = CustomOption(field_id=known.id, names=names)
        saving_option(option, new=True)
        db.session.add(option)
        db.session.flush()
        added += 1
    if not added:
        raise RuleBroken(gettext("Please write at least one option that is not there yet."), "options")
    return added


# --- values -------------------------------------------------------------------------------------


def holders(session: Session, record: CustomField, value: str | None = None) -> int:
    """How many records have a value in this field; with `value`, how many have this one."""
    entity = ENTITIES[record.holder]
    kept = custom_text(entity.custom, key_of(record))
    wanted = kept.is_not(None) if value is None else kept == value
    return session.scalar(select(func.count()).select_from(entity).where(wanted)) or 0


def key_of(record: CustomField) -> ColumnElement[str]:
    return literal_column(f"'{record.key}'", String)


def forget_values(session: Session, record: CustomField) -> int:
    """Takes the values of a field out of every record, noted once in history; returns how many had one."""
    entity, count = ENTITIES[record.holder], holders(session, record)
    if count <= ONE_BY_ONE:
        kept = custom_text(entity.custom, key_of(record)).is_not(None)
        with history.because(str(record)):
            for each in session.scalars(select(entity).where(kept)):
                each.custom = {key: value for key, value in each.custom.items() if key != record.key}
    else:
        gone = func.json_remove(entity.custom, f"$.{record.key}") if session.get_bind().dialect.name == "sqlite" else entity.custom.op("-")(record.key)
        with history.bulk(session, entity.__name__, {record.key: None, "records": count}, reason=str(record)):
            kept = custom_text(entity.custom, key_of(record)).is_not(None)
            session.execute(update(entity).where(kept).values(custom=gone).execution_options(synchronize_session=False))
    return count


def past_names(session: Session) -> dict[str, str]:
    """The labels of fields and options that are gone, by key and by "option:number", as history noted them when they went."""
    gone = select(History).where(History.entity.in_(("CustomField", "CustomOption")), History.deed == Deed.DELETED).order_by(History.id)
    found = {}
    for entry in session.scalars(gone):
        changes = entry.values.changes if entry.values else {}
        key = changes.get("key", [""])[0] if entry.entity == "CustomField" else f"option:{entry.record_id}"
        found[key] = named((changes.get("names") or [{}])[0])
    return found


# --- indexes ------------------------------------------------------------------------------------


# Each index by its name, and whether it is whole: PostgreSQL keeps a broken one when its making was interrupted.
INDEXES_OF_POSTGRESQL = "SELECT relname, indisvalid FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid WHERE relnamespace = 'public'::regnamespace"
INDEXES_OF_SQLITE = "SELECT name, 1 FROM sqlite_master WHERE type = 'index'"


def index_of(known: Field) -> Index:
    entity = ENTITIES[known.holder]
    value = expression(entity, known)
    postgresql = db.engine.dialect.name == "postgresql"  # where empty values come last unless told, and an index serves one order
    return Index(f"ix_{entity.__tablename__}_{known.key}", value.nulls_first() if postgresql else value, entity.__table__.c.id, _table=entity.__table__)


def sync_indexes() -> None:
    """Makes the indexes that fields ask for and drops those that none asks for any more. Runs outside any transaction: on
    PostgreSQL nobody waits for it to be built."""
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        postgresql = connection.dialect.name == "postgresql"
        there = dict(connection.execute(text(INDEXES_OF_POSTGRESQL if postgresql else INDEXES_OF_SQLITE)).all())
        there = {name: whole for name, whole in there.items() if any(name.startswith(f"ix_{table}_x_") for table in ENTITIES)}
        wanted = {f"ix_{known.holder}_{known.key}": known for fields in kept_fields().values() for known in fields.values() if known.indexed}
        for name in [name for name, whole in there.items() if name not in wanted or not whole]:
            connection.execute(text(f'DROP INDEX {"CONCURRENTLY " if postgresql else ""}IF EXISTS "{name}"'))
        for name in [name for name in wanted if not there.get(name)]:
            connection.execute(text(statement_of(wanted[name], postgresql)))
        connection.commit()  # SQLite begins a transaction here all the same


def statement_of(known: Field, postgresql: bool) -> str:
    index = index_of(known)
    made = CreateIndex(index, if_not_exists=True).compile(dialect=db.engine.dialect)
    ENTITIES[known.holder].__table__.indexes.discard(index)  # migrations know the declared indexes only
    return str(made).replace("CREATE INDEX", "CREATE INDEX CONCURRENTLY", 1) if postgresql else str(made)
