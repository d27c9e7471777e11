"""Lists that administrators keep in the console: kinds of products, documents, notes and activities, countries shown first.

A list has two halves: the values as the rest of the house handles them (`Listed`, which behaves like a Choice whose members
can grow) and the table that an administrator edits (`LookUpRow`). Columns point at the table, so that the database knows no
value that the list does not hold.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, ClassVar, NamedTuple

from babel import Locale
from flask import has_app_context
from flask_babel import LazyString, force_locale, get_locale, lazy_gettext as _
from sqlalchemy import JSON, CheckConstraint, ForeignKey, String
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import Mapped
from sqlalchemy.types import TypeDecorator

from app.extensions import kept_lists
from app.models.base import OPEN, Record, field, fold, in_data

CODE_LENGTH = 30


class Entry(NamedTuple):
    """What a process keeps of a row: the names by language, and whether the value is still offered."""

    names: dict[str, str]
    offered: bool


class ListType(type):
    """A list can be walked through, like an enumeration: the values that are offered, in the administrators' order."""

    def __iter__(cls) -> Iterator[Any]:
        entries = cls.entries()  # type: ignore[attr-defined]
        if not entries:
            return iter([cls(code) for code in cls.built_in])  # type: ignore[attr-defined]
        return iter([cls.of(code) for code, entry in entries.items() if entry.offered])  # type: ignore[attr-defined]


@dataclass(frozen=True)
class BuiltIn:
    """A value that comes with the program, because a rule names it; it can be renamed and no longer offered, not removed."""

    code: str
    label: LazyString | str


def built_in(code: str, label: LazyString | str) -> Any:
    return BuiltIn(code, label)


class Listed(str, metaclass=ListType):
    """A value of a list, which is its code; the same value is always the same object."""

    name_of_list: ClassVar[str]
    built_in: ClassVar[dict[str, LazyString | str]]
    made: ClassVar[dict[str, Any]]
    tone = "quiet"

    def __init_subclass__(cls) -> None:
        cls.made = {}
        found = {name: value for name, value in vars(cls).items() if isinstance(value, BuiltIn)}
        cls.built_in = {each.code: each.label for each in found.values()}
        for name, each in found.items():
            setattr(cls, name, cls.of(each.code))

    def __new__(cls, code: str) -> Any:
        """The value of this code; raises ValueError for a code that the list does not hold."""
        if code not in cls.built_in and code not in cls.entries():
            raise ValueError(f"{cls.__name__} holds no {code!r}")
        return cls.of(code)

    @classmethod
    def of(cls, code: str) -> Any:
        """The value of a code that the database holds, also where this process has not heard of it yet."""
        if code not in cls.made:
            cls.made[code] = str.__new__(cls, code)
        return cls.made[code]

    @classmethod
    def entries(cls) -> dict[str, Entry]:
        return kept_lists().get(cls.name_of_list, {}) if has_app_context() else {}

    @property
    def value(self) -> str:
        return str(self)

    @property
    def label(self) -> str:
        """The value's name in the reader's language: the house's own, else the program's, else the code."""
        entry = self.entries().get(self)
        return name_of(entry.names if entry is not None else {}, str(self.said()), self)

    def said(self) -> LazyString | str:
        """How the program itself names it."""
        return self.built_in.get(self, "")


def name_of(names: dict[str, str], said: str, code: str) -> str:
    """The house's own name in the reader's language, or its translators' word for it; else the program's name; else any."""
    own = next((name for name in names.values() if name), "")
    translated = in_data(own)
    return names.get(language()) or (translated if translated != own else "") or said or own or str(code)


def language() -> str:
    locale = get_locale()
    return locale.language if locale is not None else "fr"


class ProductKind(Listed):
    name_of_list = "product_kind"
    LIFE_INSURANCE = built_in("life_insurance", _("Life insurance"))
    PENSION = built_in("pension", _("Pension savings (PER)"))
    CAPITALISATION = built_in("capitalisation", _("Capitalisation"))
    PROPERTY_FUND = built_in("property_fund", _("Property fund (SCPI)"))
    PROTECTION = built_in("protection", _("Personal protection"))
    CREDIT = built_in("credit", _("Credit"))
    VENTURE_FUND = built_in("venture_fund", _("Venture fund (FIP, FCPI)"))
    SECURITIES = built_in("securities", _("Securities account"))


class DocumentKind(Listed):
    name_of_list = "document_kind"
    IDENTITY = built_in("identity", _("Identity document"))
    KBIS = built_in("kbis", _("Kbis extract"))
    ORIAS = built_in("orias", _("ORIAS certificate"))
    LIABILITY = built_in("liability", _("Professional liability certificate"))
    ASSOCIATION = built_in("association", _("Professional association membership"))
    GUARANTEE = built_in("guarantee", _("Financial guarantee"))
    BANK = built_in("bank", _("Bank details (RIB)"))
    OTHER = built_in("other", _("Other"))


class NoteKind(Listed):
    name_of_list = "note_kind"
    NOTE = built_in("note", _("Note"))
    CALL = built_in("call", _("Phone call"))
    MEETING = built_in("meeting", _("Meeting"))
    MESSAGE = built_in("message", _("E-mail or letter"))


class ActivityKind(Listed):
    name_of_list = "activity_kind"
    TO_DO = built_in("to_do", _("To do"))
    CALL_BACK = built_in("call_back", _("Call back"))
    VISIT = built_in("visit", _("Visit"))
    DOCUMENT = built_in("document", _("Document to obtain"))
    REVIEW = built_in("review", _("Review"))


class Country(Listed):
    """Every country of ISO 3166, by its name in CLDR; the table holds those that forms show first."""

    name_of_list = "country"
    FRANCE = built_in("FR", "")
    MONACO = built_in("MC", "")
    BELGIUM = built_in("BE", "")
    LUXEMBOURG = built_in("LU", "")
    SWITZERLAND = built_in("CH", "")

    def __new__(cls, code: str) -> Any:
        if code not in territories("fr"):
            raise ValueError(f"no country {code!r}")
        return cls.of(code)

    def said(self) -> str:
        return territories(language()).get(self, "")


@lru_cache(maxsize=20)
def territories(spoken: str) -> dict[str, str]:
    """The countries by code, in the order of their names in one language."""
    found = {code: name for code, name in Locale.parse(spoken).territories.items() if len(code) == 2 and code.isalpha() and code not in NO_COUNTRY}
    return dict(sorted(found.items(), key=lambda each: fold(each[1])))


NO_COUNTRY = frozenset({"EU", "EZ", "UN", "XA", "XB", "ZZ", "QO"})  # CLDR's groups and placeholders


class ListedIn(TypeDecorator):
    """The column type of a value of a list: its code."""

    impl = String(CODE_LENGTH)
    cache_ok = True

    def __init__(self, listed: type[Listed], length: int = CODE_LENGTH) -> None:
        super().__init__(length)
        self.enum_class = listed

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        return None if value is None else str(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        return None if value is None else self.enum_class.of(value)


def listed_in(listed: type[Listed]) -> tuple[ListedIn, ForeignKey]:
    """What a column of a list is made of. Countries have no foreign key: the table holds only those shown first."""
    return ListedIn(listed), ForeignKey(f"{listed.name_of_list}.code")


class LookUpRow(Record):
    """A row of such a list, as administrators edit it."""

    __abstract__ = True
    labelled = ("code",)
    listed: ClassVar[type[Listed]]

    code: Mapped[str] = field(_("Code"), String(CODE_LENGTH), unique=True, help=_("Small letters, digits and _; it never changes."))
    names: Mapped[dict[str, str]] = field(_("Name"), JSON, default=dict, kind="names")
    position: Mapped[int] = field(_("Place in the list"), default=0)
    offered: Mapped[bool] = field(_("Offered"), default=True, help=_("Off: what has this value keeps it, nothing new gets it."))

    @property
    def is_built_in(self) -> bool:
        return self.code in self.listed.built_in

    def said_in(self, spoken: str) -> str:
        """The program's own name for it in one language."""
        if issubclass(self.listed, Country):
            return territories(spoken).get(self.code, "")
        with force_locale(spoken):
            return str(self.listed.built_in.get(self.code, ""))

    def __str__(self) -> str:
        return name_of(self.names or {}, str(self.listed.of(self.code).said()), self.code)


class ProductKindRow(LookUpRow):
    __tablename__ = "product_kind"
    __table_args__ = (CheckConstraint("code <> ''", name="has_code"),)
    title, plural, adding = _("Kind of product"), _("Kinds of products"), _("New kind")
    scope, listed = OPEN, ProductKind


class DocumentKindRow(LookUpRow):
    __tablename__ = "document_kind"
    __table_args__ = (CheckConstraint("code <> ''", name="has_code"),)
    title, plural, adding = _("Kind of document"), _("Kinds of documents"), _("New kind")
    scope, listed = OPEN, DocumentKind


class NoteKindRow(LookUpRow):
    __tablename__ = "note_kind"
    __table_args__ = (CheckConstraint("code <> ''", name="has_code"),)
    title, plural, adding = _("Kind of note"), _("Kinds of notes"), _("New kind")
    scope, listed = OPEN, NoteKind


class ActivityKindRow(LookUpRow):
    __tablename__ = "activity_kind"
    __table_args__ = (CheckConstraint("code <> ''", name="has_code"),)
    title, plural, adding = _("Kind of activity"), _("Kinds of activities"), _("New kind")
    scope, listed = OPEN, ActivityKind


class CountryRow(LookUpRow):
    __tablename__ = "country"
    __table_args__ = (CheckConstraint("length(code) = 2", name="two_letters"),)
    title, plural, adding = _("Country shown first"), _("Countries shown first"), _("Add a country")
    scope, listed = OPEN, Country


LOOK_UPS: tuple[type[LookUpRow], ...] = (ProductKindRow, DocumentKindRow, NoteKindRow, ActivityKindRow, CountryRow)
