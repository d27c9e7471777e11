"""The list: what an address asks for, and the one Core statement that answers it. Why it looks like this: SPEED.md's table,
docs/decisions/0004-lists.md."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal, InvalidOperation
from functools import cache
from typing import Any
from urllib.parse import urlencode

from flask_babel import format_decimal, get_locale, gettext
from markupsafe import Markup, escape
from sqlalchemy import ColumnElement, Select, and_, func, literal, select, text, tuple_
from sqlalchemy.orm import InstrumentedAttribute, Session, aliased
from werkzeug.datastructures import MultiDict

from app.models.indexes import matching
from app.models.scope import scope_of
from app.views.base.columns import Column, column_of, writer_for

SIZES = (20, 50, 100)
COUNTED = 1000  # beyond, a filtered total reads "1,000+"
HIGHEST_ID = 2**31 - 1


@dataclass
class Asked:
    """What the address of a list asks for, cleaned: an unknown name or an impossible value is left out and said so."""

    words: str = ""
    filters: dict[str, str] = field(default_factory=dict)
    sort: str = ""
    size: int = 50
    page: int = 1
    after: list[Any] | None = None
    before: list[Any] | None = None
    last: bool = False
    ignored: list[str] = field(default_factory=list)

    @property
    def is_filtered(self) -> bool:
        return bool(self.words or self.filters)

    def address(self, **changes: Any) -> str:
        """The query string for the same list with some changes; None takes a part away."""
        parts: dict[str, Any] = {"q": self.words or None, **self.filters, "sort": self.sort or None, "size": self.size if self.size != 50 else None}
        parts |= changes
        kept = {name: value for name, value in parts.items() if value not in (None, "")}
        return f"?{urlencode(kept)}" if kept else "?"


@dataclass(frozen=True)
class Total:
    """How many rows: counted exactly up to a thousand, estimated beyond where nothing is filtered, else "1,000+"."""

    number: int
    exact: bool
    estimated: bool = False


@dataclass(frozen=True)
class Rows:
    rows: list[Any]
    has_next: bool
    has_previous: bool
    first_key: str = ""
    last_key: str = ""


def filter_names(column: Column) -> list[str]:
    """The address's names for a column's filter."""
    if column.kind in ("money", "number", "decimal", "percent"):
        return [f"{column.name}_min", f"{column.name}_max"]
    if column.kind in ("date", "birth_date", "moment"):
        return [f"{column.name}_from", f"{column.name}_to"]
    return [column.name]


def read(model: Any, args: MultiDict[str, str], filterable: list[str], sortable: list[str], searchable: bool = True) -> Asked:
    """Reads an address; nothing in it can raise."""
    asked = Asked(words=args.get("q", "").replace("\x00", "")[:100].strip() if searchable else "")
    for name in filterable:
        column = column_of(model, name)
        for key in filter_names(column):
            value = args.get(key, "").replace("\x00", "").strip()
            if not value:
                continue
            if parsed(column, value) is None:
                asked.ignored.append(str(column.label))
            else:
                asked.filters[key] = value
    if args.get("sort", "").lstrip("-") in sortable:
        asked.sort = args["sort"]
    asked.size = int(args["size"]) if args.get("size") in map(str, SIZES) else 50
    asked.page = min(int(args["page"]), 10_000_000) if args.get("page", "").isdecimal() and len(args["page"]) < 9 and int(args["page"]) else 1
    asked.after, asked.before = cursor(args.get("after")), cursor(args.get("before"))
    asked.last = args.get("last") == "1"
    return asked


def cursor(sent: str | None) -> list[Any] | None:
    """A place in a sorted list: [sort value, id]; None for anything else."""
    try:
        place = json.loads(sent or "null")
    except (ValueError, RecursionError):
        return None
    good = isinstance(place, list) and len(place) == 2 and isinstance(place[1], int) and 0 <= place[1] <= HIGHEST_ID and isinstance(place[0], str | int | None)
    return place if good else None


def parsed(column: Column, value: str) -> Any:
    """A filter's value in the column's own type, or None when it makes no sense."""
    try:
        if column.kind == "choice":
            return column.choices(value) if column.choices else None
        if column.kind in ("link", "number"):
            number = int(value)
            return number if abs(number) <= HIGHEST_ID else None
        if column.kind == "bool":
            return {"1": True, "0": False}.get(value)
        if column.kind in ("date", "birth_date", "moment"):
            return date.fromisoformat(value)
        if column.kind in ("money", "decimal", "percent"):
            number = Decimal(value.replace("\u202f", "").replace("\xa0", "").replace(" ", "").replace(",", "."))
            return number if number.is_finite() and abs(number) < Decimal(10) ** 13 else None
    except (ValueError, InvalidOperation):
        return None
    return value[:200]


def condition(model: Any, column: Column, key: str, value: str) -> ColumnElement[bool]:
    attribute, wanted = getattr(model, column.name), parsed(column, value)
    if key.endswith(("_min", "_from")) and key != column.name:
        return attribute >= wanted
    if key.endswith(("_max", "_to")) and key != column.name:
        return attribute <= wanted
    if column.kind in ("line", "text", "email", "phone", "url", "siren", "orias", "iban", "bic"):
        return func.lower(attribute).contains(str(wanted).lower(), autoescape=True)
    return attribute == wanted


class Listing:
    """The statements of one entity's list, for one address."""

    def __init__(self, model: Any, columns: list[str], asked: Asked, session: Session, where: list[ColumnElement[bool]] | None = None) -> None:
        self.model, self.columns, self.asked, self.session = model, columns, asked, session
        self.where = where or []
        self.dialect = session.get_bind().dialect.name

    @property
    def conditions(self) -> list[ColumnElement[bool]]:
        found = list(self.where)
        for key, value in self.asked.filters.items():
            name = next(name for name in (key, key.rsplit("_", 1)[0]) if hasattr(self.model, name))
            found.append(condition(self.model, column_of(self.model, name), key, value))
        return found

    @property
    def search(self) -> list[ColumnElement[bool]]:
        return [matching(self.model, self.asked.words, self.dialect)] if self.asked.words else []

    def sort_column(self) -> tuple[InstrumentedAttribute[Any], bool]:
        name = self.asked.sort.lstrip("-") or "id"
        return getattr(self.model, name), self.asked.sort.startswith("-") or not self.asked.sort

    @property
    def keyset(self) -> bool:
        """Whether the sort column can carry a cursor: one that is never empty."""
        return not self.sort_column()[0].property.columns[0].nullable

    def newest_search(self, limit: int, place: list[Any] | None) -> list[ColumnElement[bool]]:
        """SQLite gives the newest matches straight from its index when nothing but words was asked for."""
        plain = self.dialect == "sqlite" and self.asked.words and not self.asked.sort and not self.where and not self.asked.filters
        if not plain or self.asked.page > 1 and place is None or self.asked.before or self.asked.last or not scope_of(self.session).sees_everything:
            return []
        return [matching(self.model, self.asked.words, "sqlite", newest=limit, before=place[1] if place else None)]

    def rows(self) -> Rows:
        """One page: one statement, one more row than shown, to know whether there is a next page."""
        found = list(self.session.execute(self.page_statement()))
        backwards = self.backwards
        more = len(found) > self.asked.size
        found = found[: self.asked.size]
        if backwards:
            found.reverse()
        came_from = self.asked.after is not None or self.asked.page > 1
        attribute = self.sort_column()[0].key
        ends = [place_of(row, attribute) for row in (found[:1] + found[-1:])] if self.keyset else []
        return Rows(
            found,
            has_next=more if not backwards else self.asked.before is not None,
            has_previous=more if backwards else came_from,
            first_key=ends[0] if ends else "",
            last_key=ends[-1] if ends else "",
        )

    @property
    def backwards(self) -> bool:
        """A page that is read from its end: the one before a place, or the last."""
        return self.keyset and (self.asked.before is not None or self.asked.last)

    def order(self) -> list[Any]:
        attribute, descending = self.sort_column()
        descending = descending is not self.backwards
        order = [attribute.desc() if descending else attribute.asc()]
        if attribute.key != "id":
            order.append(self.model.id.desc() if descending else self.model.id.asc())
        return order

    def page_statement(self) -> Select[Any]:
        """The page's columns in one statement. A page by number joins them to its ids afterwards: OFFSET would drag the
        joined rows along."""
        asked, size = self.asked, self.asked.size + 1
        shape = shape_of(self.model, tuple(self.columns), self.sort_column()[0].key)
        place = asked.after or asked.before
        where = [*self.conditions, *(self.newest_search(size, place) or self.search)]
        if self.keyset and place is not None:
            attribute, descending = self.sort_column()
            where.append(beyond(attribute, self.model.id, place, descending is not self.backwards))
        elif asked.page > 1 and not asked.last:
            keys = select(self.model.id).where(*where).order_by(*self.order()).limit(size).offset((asked.page - 1) * asked.size).subquery("page")
            return shape.join(keys, keys.c.id == self.model.id).order_by(*self.order())
        return shape.where(*where).order_by(*self.order()).limit(size)

    def total(self) -> Total:
        """One statement: a count that stops at a thousand, and the table's size beside it."""
        everything = not self.asked.is_filtered and not self.where and scope_of(self.session).sees_everything
        statement = size_of(self.model, self.dialect) if everything else count_of(self.model, [*self.conditions, *self.search], literal(0))
        number, estimate = self.session.execute(statement).one()
        if number <= COUNTED:
            return Total(number, exact=True)
        return Total(max(int(estimate or 0), COUNTED), exact=False, estimated=True) if everything else Total(COUNTED, exact=False)

    def everything(self) -> Select[Any]:
        """Every row that is asked for, in order and without pages: what exports stream."""
        return shape_of(self.model, tuple(self.columns), self.sort_column()[0].key).where(*self.conditions, *self.search).order_by(*self.order())


def count_of(model: Any, conditions: list[ColumnElement[bool]], size: Any) -> Select[Any]:
    capped = select(literal(1)).select_from(model).where(*conditions).limit(COUNTED + 1).subquery()
    return select(select(func.count()).select_from(capped).scalar_subquery(), size)


@cache
def size_of(model: Any, dialect: str) -> Select[Any]:
    """The count of a whole table, with the database's own idea of its size beside it."""
    if dialect == "postgresql":
        return count_of(model, [], text(f"(SELECT reltuples::bigint FROM pg_class WHERE oid = '{model.__tablename__}'::regclass)"))  # noqa: S608 - our own table
    return count_of(model, [], select(func.max(model.id)).scalar_subquery())


@cache
def shape_of(model: Any, columns: tuple[str, ...], sort: str) -> Select[Any]:
    """What a list selects: id, the sort column, each shown column with the names of what it points at. Made once: building
    it takes longer than running it."""
    wanted: list[Any] = [model.id.label("id"), getattr(model, sort).label("sorted_by")]
    joins: list[tuple[Any, Any]] = []
    for name in columns:
        column = column_of(model, name)
        wanted.append(getattr(model, column.name).label(column.name))
        if column.kind == "link":
            other = aliased(column.target)
            parts = [getattr(other, part) for part in column.target.labelled]
            wanted.append((parts[0] if len(parts) == 1 else parts[0] + " " + parts[1]).label(f"{column.name}_label"))
            joins.append((other, other.id == getattr(model, column.name)))
    if any(column_of(model, name).kind == "money" for name in columns):
        wanted.append(model.currency.label("currency_of_row"))
    statement = select(*wanted)
    for other, condition_of_join in joins:
        statement = statement.outerjoin(other, condition_of_join)
    return statement


def beyond(attribute: Any, key: Any, place: list[Any], descending: bool) -> ColumnElement[bool]:
    """Rows that come after a place in a sorted list."""
    if attribute.key == "id":
        return attribute < place[1] if descending else attribute > place[1]
    value = typed(attribute, place[0])
    here, there = tuple_(attribute, key), tuple_(literal(value, attribute.type), literal(place[1]))
    return and_(here < there if descending else here > there)


def typed(attribute: Any, value: Any) -> Any:
    kind = column_of(attribute.class_, attribute.key).kind
    if kind == "money":
        return Decimal(str(value)) if str(value).lstrip("-").replace(".", "", 1).isdigit() else Decimal(0)
    if kind == "number":
        return int(value) if str(value).lstrip("-").isdigit() else 0
    if kind == "choice":
        choices = column_of(attribute.class_, attribute.key).choices
        return value if value in choices._value2member_map_ else next(iter(choices))
    return str(value)


def place_of(row: Any, attribute: str) -> str:
    value = None if attribute == "id" else row.sorted_by
    return json.dumps([value if isinstance(value, int | None) else str(value), row.id])


def row_writer(model: Any, columns: list[str], base: str, ticks: bool = False) -> Callable[[Any], str]:
    """A function that writes one row as HTML. Rows are joined from ready pieces here and not in a template: everything that
    does not depend on the row (labels, classes, the way a kind is written) is worked out once, which is most of the work."""
    locale = str(get_locale())
    select_words = gettext("Select")
    tick = f'<td class="tick-cell"><input type="checkbox" class="form-check-input" name="ids" value="%d" aria-label="{escape(select_words)}"></td>' if ticks else ""
    pieces = []
    for name in columns:
        column = column_of(model, name)
        opening = f'<td class="k-{column.kind}" data-label="{escape(str(column.label))}">'
        pieces.append((opening, f"{column.name}_label" if column.kind == "link" else column.name, escape if column.kind == "link" else writer_for(column, locale)))

    def write(row: Any) -> str:
        values = row._mapping
        currency = values.get("currency_of_row") or "EUR"
        link = f"{base}/{row.id}"
        parts = [f'<tr data-href="{link}">', tick % row.id if tick else ""]
        for number, (opening, key, as_html) in enumerate(pieces):
            value = values[key]
            html = "" if value is None or value == "" else as_html(value) if as_html is escape else as_html(value, currency)
            parts.append(f'{opening}<a href="{link}" class="row-link">{html or "—"}</a></td>' if number == 0 else f"{opening}{html}</td>")
        parts.append("</tr>")
        return "".join(parts)

    return write


def written_rows(model: Any, columns: list[str], rows: list[Any], base: str, ticks: bool = False) -> Markup:
    """All rows of a table body."""
    write = row_writer(model, columns, base, ticks)
    return Markup("\n".join(write(row) for row in rows))  # noqa: S704 - every value in it was escaped by its writer


def total_words(total: Total) -> str:
    """The total as a list's head shows it."""
    if total.exact:
        return format_decimal(total.number)
    if total.estimated:
        return gettext("about %(number)s", number=format_decimal(total.number))
    return gettext("%(number)s+", number=format_decimal(total.number))
