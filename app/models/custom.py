"""Fields that administrators add to partners, clients and contracts, without code.

A field is a row of `custom_field`; its values lie in the JSON column `custom` of the record, under the field's key. Each key is
an attribute of the entity's class too (`CustomValue`), so that forms, lists, filters, exports and history treat it as a column.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from functools import cache
from typing import Any, ClassVar

from flask import has_app_context
from flask_babel import lazy_gettext as _
from sqlalchemy import JSON, BigInteger, Boolean, ForeignKey, Numeric, String, cast, literal_column, type_coerce
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.engine import Dialect
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import Mapped, relationship
from sqlalchemy.sql.functions import GenericFunction
from sqlalchemy.types import TypeDecorator

from app.extensions import kept_fields
from app.models.base import STAFF, Choice, Money, Record, choice_of, field, in_data
from app.models.lookups import Listed, ListedIn, language


class FieldHolder(Choice):
    """What can have fields of a house's own."""

    PARTNER = "partner", _("Partner")
    CLIENT = "client", _("Client")
    CONTRACT = "contract", _("Contract")


class FieldKind(Choice):
    TEXT = "text", _("Text")
    CHOICE = "choice", _("Choice from a list")
    DATE = "date", _("Date")
    NUMBER = "number", _("Number, with decimals or not")
    AMOUNT = "amount", _("Amount in euros")
    YES_NO = "yes_no", _("Yes or no")
    LINK = "link", _("Web address")


class FieldPortal(Choice):
    HIDDEN = "hidden", _("Not on the portal")
    SHOWN = "shown", _("Shown on the portal")
    WRITTEN = "written", _("Shown and filled in on the portal")


# The kind of column, in the engine's words, that each kind of field behaves as.
COLUMN_KINDS = {"text": "line", "choice": "choice", "date": "date", "number": "decimal", "amount": "money", "yes_no": "bool", "link": "url"}
TEXT_LENGTH = 500


def new_key() -> str:
    return f"x_{secrets.token_hex(4)}"


class CustomField(Record):
    """A field of the house's own. What it belongs to and its kind stay as they were made."""

    __tablename__ = "custom_field"
    title, plural, adding = _("Field of our own"), _("Fields of our own"), _("New field")
    scope, labelled = STAFF, ("key",)

    key: Mapped[str] = field(_("Key"), String(20), unique=True, default=new_key)
    holder: Mapped[FieldHolder] = field(_("Belongs to"), choice_of(FieldHolder), help=_("Cannot be changed afterwards."))
    kind: Mapped[FieldKind] = field(_("Kind of field"), choice_of(FieldKind), default=FieldKind.TEXT, help=_("Cannot be changed afterwards."))
    names: Mapped[dict[str, str]] = field(_("Label"), JSON, default=dict, kind="names")
    section: Mapped[dict[str, str] | None] = field(_("Section"), JSON, kind="names", help=_("Fields with the same section stand together. Empty: “Other facts”."))
    position: Mapped[int] = field(_("Place"), default=0, help=_("Smaller numbers come first."))
    required: Mapped[bool] = field(_("Must be filled in"), default=False)
    portal: Mapped[FieldPortal] = field(_("Portal"), choice_of(FieldPortal), default=FieldPortal.HIDDEN)
    indexed: Mapped[bool] = field(_("Sorted by, and fast to filter"), default=False, help=_("Keeps an index in the database. A list is sorted by such fields only."))
    active: Mapped[bool] = field(_("In use"), default=True, help=_("Off: the field disappears everywhere, and its values are kept."))

    options: Mapped[list[CustomOption]] = relationship(back_populates="field", cascade="all, delete-orphan", order_by="CustomOption.position")

    def __str__(self) -> str:
        return named(self.names) or self.key


class CustomOption(Record):
    """A value to choose from in a field of the kind "choice". Its number is what records keep."""

    __tablename__ = "custom_option"
    title, plural, adding = _("Option"), _("Options"), _("New option")
    scope, labelled = STAFF, ("id",)

    field_id: Mapped[int] = field(_("Field of our own"), ForeignKey("custom_field.id", ondelete="CASCADE"), index=True)
    names: Mapped[dict[str, str]] = field(_("Name"), JSON, default=dict, kind="names")
    position: Mapped[int] = field(_("Place"), default=0, help=_("Smaller numbers come first."))
    offered: Mapped[bool] = field(_("Offered"), default=True, help=_("Off: what has this value keeps it, nothing new gets it."))

    field: Mapped[CustomField] = relationship(back_populates="options")

    def __str__(self) -> str:
        return named(self.names) or str(self.id)


def named(names: dict[str, str] | None) -> str:
    """The name in the reader's language, or in any."""
    names = names or {}
    return names.get(language()) or in_data(next((name for name in names.values() if name), ""))


class InLanguage:
    """A label kept in several languages, written in the reader's."""

    def __init__(self, names: dict[str, str]) -> None:
        self.names = names

    def __str__(self) -> str:
        return named(self.names)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, InLanguage) and self.names == other.names

    def __hash__(self) -> int:
        return hash(tuple(self.names.items()))


@dataclass(frozen=True)
class Field:
    """A field as a process keeps it."""

    key: str
    holder: str
    kind: str
    label: InLanguage
    section: InLanguage | None
    required: bool
    portal: str
    indexed: bool
    options: type[Listed] | None = None

    @property
    def column_kind(self) -> str:
        return COLUMN_KINDS[self.kind]

    def read(self, kept: Any) -> Any:
        """A value of the JSON in its own type; None for what is no value of this kind any more."""
        if kept in (None, ""):
            return None
        try:
            return READERS.get(self.kind, lambda field, value: value)(self, kept)
        except (ValueError, TypeError, InvalidOperation):
            return None

    def keep(self, value: Any) -> Any:
        """A value as JSON keeps it: amounts in whole cents, days as ISO 8601, numbers as they are written."""
        if value is None or value == "":
            return None
        return KEEPERS.get(self.kind, lambda value: str(value))(value)


READERS: dict[str, Any] = {
    "choice": lambda field, kept: field.options.of(str(kept)) if field.options else None,
    "date": lambda field, kept: date.fromisoformat(kept),
    "number": lambda field, kept: Decimal(str(kept)),
    "amount": lambda field, kept: Decimal(int(kept)).scaleb(-2),
    "yes_no": lambda field, kept: bool(kept),
}
KEEPERS: dict[str, Any] = {
    "date": lambda value: value.isoformat(),
    "number": lambda value: format(Decimal(value).normalize(), "f"),
    "amount": lambda value: int(Decimal(value) * 100),
    "yes_no": bool,
}


class Customised:
    """An entity that can have fields of the house's own."""

    custom_holder: ClassVar[str]
    custom: Mapped[dict[str, Any]] = field(_("Fields of our own"), JSON().with_variant(JSONB(), "postgresql"), default=dict, kind="custom")


def fields_of(entity: type[Any]) -> dict[str, Field]:
    """The fields in use of an entity, by key, in their order."""
    return kept_fields().get(getattr(entity, "custom_holder", ""), {}) if has_app_context() else {}


class custom_text(GenericFunction):
    """The text under a key of a record's own fields; the key stands in the statement itself, so that an index can serve it."""

    type = String()
    inherit_cache = True


@compiles(custom_text, "postgresql")
def custom_text_of_postgresql(element: Any, compiler: Any, **options: Any) -> str:
    column, key = element.clauses
    return f"({compiler.process(column, **options)} ->> {compiler.process(key, **options)})"


@compiles(custom_text, "sqlite")
def custom_text_of_sqlite(element: Any, compiler: Any, **options: Any) -> str:
    column, key = element.clauses
    return f"json_extract({compiler.process(column, **options)}, '$.{compiler.process(key, **options).strip(chr(39))}')"


class custom_truth(custom_text):
    """The same for yes and no: 1, 0 or nothing."""

    inherit_cache = True


@compiles(custom_truth, "postgresql")
def custom_truth_of_postgresql(element: Any, compiler: Any, **options: Any) -> str:
    return f"CAST({custom_text_of_postgresql(element, compiler, **options)} AS BOOLEAN)"


class IsoDay(TypeDecorator):
    """A day that lies in JSON as text."""

    impl = String
    cache_ok = True

    def process_bind_param(self, value: date | None, dialect: Dialect) -> str | None:
        return value.isoformat() if value is not None else None

    def process_result_value(self, value: str | None, dialect: Dialect) -> date | None:
        return date.fromisoformat(value) if value else None


class Exact(TypeDecorator):
    """A number as it was typed, without the zeros that a database puts behind it."""

    impl = Numeric(asdecimal=True)
    cache_ok = True

    def process_result_value(self, value: Decimal | None, dialect: Dialect) -> Decimal | None:
        return None if value is None else Decimal(format(value.normalize(), "f"))


def expression(entity: type[Any], known: Field) -> Any:
    """The field's value in a statement, in its own type."""
    key: Any = literal_column(f"'{known.key}'", String)
    if known.kind == "yes_no":
        return type_coerce(custom_truth(entity.custom, key), Boolean())
    text = custom_text(entity.custom, key)
    if known.kind == "number":
        return cast(text, Exact())
    if known.kind == "amount":
        return type_coerce(cast(text, BigInteger), Money())
    if known.kind == "date":
        return type_coerce(text, IsoDay())
    return type_coerce(text, ListedIn(known.options)) if known.kind == "choice" and known.options else text


class CustomValue:
    """The attribute of an entity's class behind a key: read and set on a record, an expression on the class."""

    def __init__(self, key: str) -> None:
        self.key = key

    def __get__(self, record: Any, entity: type[Any]) -> Any:
        known = fields_of(entity).get(self.key)
        if known is None:
            raise AttributeError(self.key)
        return expression(entity, known) if record is None else known.read((record.custom or {}).get(self.key))

    def __set__(self, record: Any, value: Any) -> None:
        kept = fields_of(type(record))[self.key].keep(value)
        values = {key: each for key, each in (record.custom or {}).items() if key != self.key}
        record.custom = values if kept is None else values | {self.key: kept}


@cache
def options_of(key: str) -> type[Listed]:
    """The list behind a field of the kind "choice"; its values are kept with the administrators' other lists."""
    return type(f"Options_{key}", (Listed,), {"name_of_list": key})


def changes_of_custom(entity: type[Any], before: dict[str, Any] | None, after: dict[str, Any] | None) -> dict[str, list[Any]]:
    """What changed in a record's own fields: {"key": [before, after]}, as history keeps it."""
    before, after = before or {}, after or {}
    known = fields_of(entity)

    def plain(key: str, kept: Any) -> Any:
        value = known[key].read(kept) if key in known else kept
        return str(value) if isinstance(value, Decimal | date | Listed) else value

    return {key: [plain(key, before.get(key)), plain(key, after.get(key))] for key in {**before, **after} if before.get(key) != after.get(key)}
