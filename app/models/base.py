"""What every table shares: the record, columns that carry their own words, and the types that keep money and time exact."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from anyascii import anyascii
from flask_appbuilder import Model
from flask_babel import LazyString, gettext, lazy_gettext as _
from sqlalchemy import BigInteger, DateTime, Enum, Integer, Table, Text, event
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import Mapped, Mapper, declared_attr, mapped_column
from sqlalchemy.types import TypeDecorator

from config import Config

HOUSE_ZONE = ZoneInfo(Config.BABEL_DEFAULT_TIMEZONE)


def now() -> datetime:
    """The present moment in UTC, with its time zone."""
    return datetime.now(UTC)


def today() -> date:
    """The day it is where the house is: in Paris it may be tomorrow already when it is not in UTC."""
    return now().astimezone(HOUSE_ZONE).date()


IN_DATA = "data\x04"  # gettext's way of writing a context: before a name that staff have typed


def in_data(text: str | None) -> str:
    """A name that staff have typed, as this house's translators put it in the reader's language; itself where they did not."""
    return gettext(f"{IN_DATA}{text}").rpartition("\x04")[2] if text else ""


def encodable(text: str) -> str:
    """Without what no database takes: lone halves of characters, and zero."""
    return text.encode("utf-8", "ignore").decode().replace("\x00", "")


def fold(text: str) -> str:
    """Lower case without accents, for search: « Éloïse N'Guyen » becomes "eloise n'guyen"."""
    return " ".join(anyascii(text).lower().split())


class Moment(TypeDecorator):
    """An aware UTC datetime on both databases; a naive one is refused rather than guessed."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment needs its time zone")
        return value.astimezone(UTC).replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return value.replace(tzinfo=UTC) if value is not None and value.tzinfo is None else value


class Money(TypeDecorator):
    """A Decimal with two places, kept as whole cents: SQLite would sum 1,000 × 0.10 to 99.9999999999986."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: Decimal | int | None, dialect: Dialect) -> int | None:
        if value is None:
            return None
        if isinstance(value, float):
            raise TypeError("money is never a float")
        return int((Decimal(value) * 100).quantize(Decimal(1), ROUND_HALF_UP))

    def process_result_value(self, value: int | None, dialect: Dialect) -> Decimal | None:
        return None if value is None else Decimal(value).scaleb(-2)


class Choice(StrEnum):
    """An enumeration whose members carry a label in both languages and, for states, a tone: good, warn, bad or quiet."""

    label: LazyString
    tone: str

    def __new__(cls, value: str, label: LazyString, tone: str = "quiet") -> Choice:
        member = str.__new__(cls, value)
        member._value_ = value
        member.label = label
        member.tone = tone
        return member


@dataclass(frozen=True)
class Own:
    """Whose row it is: how a partner's scope finds its rows, and what the partner may set on them.

    owner: this table's column with the partner's id; or
    through: a foreign key column (and its model's name) whose row decides, as a signatory's client does;
    adviser: the column with the person who looks after the row, for members limited to their own clients;
    visible: a boolean column that must also hold ("shared with the partner");
    writes: columns a partner may set on rows of its own (its agents' rows it only reads); none means read only;
    applicant: columns one's own registration file may set before the portal opens; None hides the row until then;
    ruled: columns that rules of the house may set while a partner acts (scope.verb); made_by_rules: whole rows.
    link: the column with the client's id, for whoever enters by a mailed link: its own rows, to read; None hides them. link_if: a
    boolean column that must also hold ("shared with the client").
    """

    owner: str | None = None
    through: tuple[str, str] | None = None
    adviser: str | None = None
    visible: str | None = None
    writes: frozenset[str] = frozenset()
    applicant: frozenset[str] | None = None
    ruled: frozenset[str] = frozenset()
    made_by_rules: bool = False
    deletes: bool = False
    link: str | None = None
    link_if: str | None = None


OPEN = "open"  # everybody who is signed in may read it, applicants too; only staff may write it
SHARED = "shared"  # everybody who is signed in may read it, only staff may write it
STAFF = "staff"  # partners see nothing of it
INTERNAL = "internal"  # written by the house itself (history, mails, links); never read under a partner's scope


def field(label: LazyString, *columns: Any, help: LazyString | None = None, more: LazyString | None = None, kind: str | None = None, **options: Any) -> Any:
    """A mapped column that carries its own words, so that list, form, search, export and history say the same thing. `more` is
    what stands behind the question mark of a hard field."""
    options.setdefault("info", {})
    options["info"] |= {"label": label, "help": help, "more": more, "kind": kind}
    return mapped_column(*columns, **options)


def choice_of(choices: type[Choice], name: str = "") -> Enum:
    """The column type of an enumeration: text with a CHECK, the same on both databases. Two columns of one table that share
    an enumeration need a `name` each."""
    return Enum(
        choices,
        native_enum=False,
        create_constraint=True,
        length=30,
        values_callable=lambda kind: [member.value for member in kind],
        name=name or choices.__name__.lower(),
    )


class Record(Model):
    """A row of the house: a number, when it was written, a version that refuses stale saves, and a text to search in."""

    __abstract__ = True
    __table_args__: Any = {}

    title: ClassVar[LazyString]
    plural: ClassVar[LazyString]
    adding: ClassVar[LazyString] = _("New record")
    scope: ClassVar[Own | str]
    searched: ClassVar[tuple[str, ...]] = ()
    labelled: ClassVar[tuple[str, ...]] = ("name",)  # the columns that name a record in lists and look-ups
    recorded: ClassVar[bool] = True  # whether history keeps its changes
    unrecorded: ClassVar[frozenset[str]] = frozenset()  # columns whose values history must not hold

    id: Mapped[int] = mapped_column(Integer, primary_key=True, sort_order=-1)
    created_at: Mapped[datetime] = field(_("Created on"), Moment, default=now)
    updated_at: Mapped[datetime] = field(_("Last changed on"), Moment, default=now, onupdate=now)
    version: Mapped[int] = mapped_column(Integer, default=1)

    @declared_attr.directive
    def __mapper_args__(cls) -> dict[str, Any]:
        return {"version_id_col": cls.version}

    @classmethod
    def __table_cls__(cls, *columns: Any, **options: Any) -> Table:
        """SQLite gives the number of a deleted row to the next one unless a table says otherwise; history is found by it."""
        return Table(*columns, sqlite_autoincrement=True, **options)

    def __init_subclass__(cls, **options: Any) -> None:
        if "__tablename__" in cls.__dict__ and "scope" not in cls.__dict__:
            raise TypeError(f"{cls.__name__} must say whose its rows are (scope = …)")
        super().__init_subclass__(**options)

    def __str__(self) -> str:
        return str(getattr(self, "name", None) or f"{type(self).__name__} {self.id}")


class Searchable:
    """Adds the folded text that list search reads; the index over it is made by models/indexes.py on each database."""

    search_text: Mapped[str] = mapped_column(Text, default="")


@event.listens_for(Searchable, "before_insert", propagate=True)
@event.listens_for(Searchable, "before_update", propagate=True)
def keep_search_text(mapper: Mapper, connection: Any, record: Any) -> None:
    record.search_text = fold(" ".join(str(getattr(record, name) or "") for name in record.searched))
