"""The statements of lists, each built once for all who ask the same thing: building one costs more than running it.

What is asked for stands in a `Question`; the values themselves are handed over at each run (`Listing.values`), so
that a statement is compiled once for every word, filter value, cursor and person.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Integer, Select, and_, bindparam, func, select, text, tuple_
from sqlalchemy.orm import InstrumentedAttribute, aliased

from app.models.custom import fields_of
from app.models.indexes import matching, written
from app.views.base.columns import Column, bears_currency, column_of
from app.views.base.remembered import remembers_words

COUNTED = 1000  # beyond, a filtered total reads "1,000+"
TEXTS = ("line", "text", "email", "phone", "url", "siren", "orias", "iban", "bic")


Under = tuple[tuple[str, str], ...]  # a column, and the column whose value stands below it, smaller


@dataclass(frozen=True)
class Question:
    """What a list asks for, without the values: equal questions share a statement."""

    model: Any
    dialect: str
    columns: tuple[str, ...]
    sort: str
    descending: bool
    filters: tuple[str, ...] = ()
    long_words: int = 0
    short_words: int = 0
    place: bool = False  # continues from a cursor
    numbered: bool = False  # a page by its number
    newest: bool = False  # words alone: the index gives the newest matches without reading the others
    walled: bool = False  # a partner's search, on PostgreSQL
    under: Under = ()
    limit: int = 51  # rows to read: one more than a page shows


NOBODY = "none"  # a link's filter: rows that point at nothing


def filtered_column(model: Any, key: str) -> Column:
    """The column that an address's filter name is about."""
    return column_of(model, next(name for name in (key, key.rsplit("_", 1)[0]) if hasattr(model, name)))


def condition(model: Any, key: str) -> ColumnElement[bool]:
    if key.endswith(f":{NOBODY}"):
        return getattr(model, key.removesuffix(f":{NOBODY}")).is_(None)
    column = filtered_column(model, key)
    if column.kind == "link":
        # Written into the statement as a number, which PostgreSQL plans once: for a partner of many rows it would plan at each run.
        return getattr(model, column.name) == bindparam(f"filter_{key}", type_=Integer(), literal_execute=True)
    attribute, value = getattr(model, column.name), bindparam(f"filter_{key}")
    if key != column.name and key.endswith(("_min", "_from")):
        return attribute >= value
    if key != column.name and key.endswith(("_max", "_to")):
        return attribute < value if column.kind == "moment" else attribute <= value
    if column.kind in TEXTS:
        return func.lower(attribute).like(value, escape="/")
    return attribute == value


def conditions(question: Question) -> list[ColumnElement[bool]]:
    found = [condition(question.model, key) for key in question.filters]
    if question.long_words or question.short_words:
        newest = question.limit if question.newest else 0
        found.append(matching(question.model, question.long_words, question.short_words, question.dialect, newest, question.place, question.walled))
    return found


def order(question: Question) -> list[Any]:
    attribute = getattr(question.model, question.sort)
    found = [attribute.desc() if question.descending else attribute.asc()]
    if question.sort in fields_of(question.model):  # a field of the house's own: mostly empty, and the databases differ about where that stands
        found = [attribute.desc().nulls_last() if question.descending else attribute.asc().nulls_first()]
    if question.sort != "id":
        found.append(question.model.id.desc() if question.descending else question.model.id.asc())
    return found


def build_page(question: Question, where: tuple[ColumnElement[bool], ...] = ()) -> Select[Any]:
    """The page's columns in one statement. A page by number finds its ids first and joins the columns to them: OFFSET would
    drag the joined rows along."""
    model, shape = question.model, shape_of(question.model, question.columns, question.sort, question.under)
    wanted = [*conditions(question), *where]
    size = written(question.limit)
    if question.place:
        wanted.append(beyond(getattr(model, question.sort), model.id, question.descending))
    if not question.numbered:
        return shape.where(*wanted).order_by(*order(question)).limit(size)
    keys = select(model.id).where(*wanted).order_by(*order(question)).limit(size).offset(bindparam("skipped", type_=Integer()))
    page = keys.subquery("page")
    return shape.join(page, page.c.id == model.id).order_by(*order(question))


def build_whole(question: Question, where: tuple[ColumnElement[bool], ...] = ()) -> Select[Any]:
    """Every row that is asked for, in order and without pages: what exports stream."""
    shape = shape_of(question.model, question.columns, question.sort)
    return shape.where(*conditions(question), *where).order_by(*order(question))


def build_count(question: Question, where: tuple[ColumnElement[bool], ...] = ()) -> Select[Any]:
    return count_of(question.model, [*conditions(question), *where], written(0))


page_of, counted_of = remembers_words(lru_cache(maxsize=500)(build_page)), remembers_words(lru_cache(maxsize=500)(build_count))


def count_of(model: Any, wanted: list[ColumnElement[bool]], size: Any) -> Select[Any]:
    """A count that stops at a thousand, and the table's size beside it."""
    capped = select(written(1)).select_from(model).where(*wanted).limit(written(COUNTED + 1)).subquery()
    return select(select(func.count()).select_from(capped).scalar_subquery(), size)


@cache
def size_of(model: Any, dialect: str) -> Select[Any]:
    """The count of a whole table, with the database's own idea of its size beside it."""
    if dialect == "postgresql":
        return count_of(model, [], text(f"(SELECT reltuples::bigint FROM pg_class WHERE oid = '{model.__tablename__}'::regclass)"))  # noqa: S608 - our own table
    return count_of(model, [], select(func.max(model.id)).scalar_subquery())


@remembers_words
@lru_cache(maxsize=1_000)
def shape_of(model: Any, columns: tuple[str, ...], sort: str, under: Under = ()) -> Select[Any]:
    """What a list selects: id, the sort column, each shown column with the names of what it points at, the second facts under
    some of them, the currency."""
    wanted: list[Any] = [model.id.label("id"), getattr(model, sort).label("sorted_by")]
    joins: list[tuple[Any, Any]] = []
    seconds = [second for _name, second in under]
    for name, mark in [*((name, "") for name in columns), *((name, "_under") for name in seconds)]:
        column = column_of(model, name)
        wanted.append(getattr(model, column.name).label(f"{column.name}{mark}"))
        if column.kind == "link":
            other = aliased(column.target)
            wanted.append(name_in(other, column).label(f"{column.name}_label{mark}"))
            joins.append((other, other.id == getattr(model, column.name)))
    if bears_currency(model, (*columns, *seconds)):
        wanted.append(model.currency.label("currency_of_row"))
    statement = select(*wanted)
    for other, condition_of_join in joins:
        statement = statement.outerjoin(other, condition_of_join)
    return statement


def name_in(other: Any, column: Column) -> Any:
    """What the record is called that a foreign key points at."""
    parts = [getattr(other, part) for part in column.target.labelled]
    return parts[0] if len(parts) == 1 else parts[0] + " " + parts[1]


class Link(NamedTuple):
    """A foreign key, and whether translators put the names of what it points at into other languages."""

    name: str
    is_worded: bool


@remembers_words
@cache
def links_among(model: Any, names: tuple[str, ...]) -> tuple[Link, ...]:
    columns = [column_of(model, name) for name in names]
    return tuple(Link(column.name, getattr(column.target, "is_worded", False)) for column in columns if column.kind == "link")


@cache
def with_names(model: Any, links: tuple[Link, ...]) -> Select[Any]:
    """One record by its number (`record`), and what those are called that its foreign keys point at, in the order of `links`:
    loading them as records takes three times as long."""
    columns = [column_of(model, link.name) for link in links]
    others = [aliased(column.target) for column in columns]
    statement = select(model, *(name_in(other, column) for other, column in zip(others, columns, strict=True)))
    for other, column in zip(others, columns, strict=True):
        statement = statement.outerjoin(other, other.id == getattr(model, column.name))
    return statement.where(model.id == bindparam("record", type_=Integer()))


def beyond(attribute: InstrumentedAttribute[Any], key: Any, descending: bool) -> ColumnElement[bool]:
    """Rows that come after a place in a sorted list."""
    place = bindparam("place_id", type_=Integer())
    if attribute.key == "id":
        return attribute < place if descending else attribute > place
    here, there = tuple_(attribute, key), tuple_(bindparam("place_value", type_=attribute.type), place)
    return and_(here < there if descending else here > there)
