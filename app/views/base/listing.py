"""The list: what an address asks for, and the page of rows that answers it. Why it looks like this: docs/decisions/0004-lists.md."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time as clock, timedelta
from decimal import Decimal, InvalidOperation
from functools import cached_property
from typing import Any
from urllib.parse import urlencode

from flask_babel import format_decimal, gettext, to_utc
from sqlalchemy import ColumnElement, Select
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from app.models.base import encodable, fold
from app.models.indexes import like, search_values, words_in
from app.models.scope import ScopeKind, scope_of
from app.views.base.columns import Column, column_of
from app.views.base.minute import kept_a_minute
from app.views.base.statements import COUNTED, NOBODY, TEXTS, Question, Under, build_count, build_page, build_whole, counted_of, filtered_column, page_of, size_of

SIZES = (20, 50, 100)
MOST_COLUMNS = 12
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
    columns: tuple[str, ...] = ()  # chosen by the person, in its order; none for the list's own
    ignored: list[str] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)  # columns asked for that this list does not have

    @property
    def is_filtered(self) -> bool:
        return bool(self.words or self.filters)

    @property
    def is_plain(self) -> bool:
        """Whether it is the list as it stands in the menu, at any page."""
        return not (self.is_filtered or self.sort or self.size != 50 or self.columns)

    def address(self, **changes: Any) -> str:
        """The query string for the same list with some changes; None takes a part away."""
        return self.written(changes) if changes else self.as_it_is

    @cached_property
    def as_it_is(self) -> str:
        """Asked for by every part of a page."""
        return self.written({})

    def written(self, changes: dict[str, Any]) -> str:
        parts: dict[str, Any] = {"q": self.words or None, **self.filters, "sort": self.sort or None, "size": self.size if self.size != 50 else None}
        parts["columns"] = ",".join(self.columns) or None
        parts |= changes
        kept = {name: value for name, value in parts.items() if value not in (None, "")}
        return f"?{urlencode(kept, safe=',')}" if kept else "?"


CUSTOM_KEY = re.compile(r"x_[0-9a-f]{8}(_min|_max|_from|_to)?")  # of a field of the house's own, in an address or in history


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


def read(model: Any, address: MultiDict[str, str], filterable: list[str], sortable: list[str], searchable: bool = True, choosable: tuple[str, ...] = ()) -> Asked:
    """Reads an address; nothing in it can raise."""
    args, all_columns = address.to_dict(), address.getlist("columns")
    words = args.get("q", "").replace("\x00", "")[:100].strip() if searchable else ""
    asked = Asked(words=words if fold(words).strip() else "")
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
    asked.ignored += [
        gettext("A field no longer in use") for key in args if CUSTOM_KEY.match(key) and not any(key in filter_names(column_of(model, name)) for name in filterable)
    ]
    if args.get("sort", "").lstrip("-") in sortable:
        asked.sort = args["sort"]
    asked.size = int(args["size"]) if args.get("size") in map(str, SIZES) else 50
    asked.page = min(int(args["page"]), 10_000_000) if args.get("page", "").isdecimal() and len(args["page"]) < 9 and int(args["page"]) else 1
    asked.after, asked.before = cursor(args.get("after")), cursor(args.get("before"))
    asked.last = args.get("last") == "1"
    wanted = [name for name in dict.fromkeys(",".join(all_columns).split(",")) if name][:MOST_COLUMNS]
    asked.columns = tuple(name for name in wanted if name in choosable)
    asked.gone = [name[:60] for name in wanted if name not in choosable]
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
        if column.kind == "link" and value == NOBODY:
            return NOBODY
        if column.kind in ("link", "number"):
            number = int(value)
            return number if abs(number) <= HIGHEST_ID else None
        if column.kind == "bool":
            return {"1": True, "0": False}.get(value)
        if column.kind in ("date", "birth_date", "moment"):
            day = date.fromisoformat(value)
            return day if 1900 <= day.year <= 2200 else None
        if column.kind in ("money", "decimal", "percent"):
            number = Decimal(value.replace("\u202f", "").replace("\xa0", "").replace(" ", "").replace(",", "."))
            return number if number.is_finite() and abs(number) < Decimal(10) ** 13 else None
    except (ValueError, InvalidOperation):
        return None
    return value[:200]


class Listing:
    """The statements of one entity's list, for one address."""

    def __init__(self, model: Any, columns: Sequence[str], asked: Asked, session: Session, where: list[ColumnElement[bool]] | None = None, under: Under = ()) -> None:
        self.model, self.columns, self.asked, self.session, self.under = model, tuple(columns), asked, session, under
        self.where = tuple(where or ())
        self.dialect = session.get_bind().dialect.name

    def sort_column(self) -> tuple[Column, bool]:
        name = self.asked.sort.lstrip("-") or "id"
        return column_of(self.model, name), self.asked.sort.startswith("-") or not self.asked.sort

    @property
    def keyset(self) -> bool:
        """Whether the sort column can carry a cursor: one that is never empty."""
        return not self.sort_column()[0].nullable

    @property
    def backwards(self) -> bool:
        """A page that is read from its end: the one before a place, or the last."""
        return self.keyset and ((self.asked.before is not None and self.place is not None) or self.asked.last)

    @cached_property
    def place(self) -> list[Any] | None:
        """Where the page begins: [sort value, id]; None at the start, and for a cursor that is not one of this order."""
        sent = (self.asked.after or self.asked.before) if self.keyset else None
        column = self.sort_column()[0]
        if sent is None or column.name == "id":
            return sent
        value = typed(column, sent[0])
        return None if value is None else [value, sent[1]]

    @cached_property
    def question(self) -> Question:
        asked = self.asked
        column, descending = self.sort_column()
        numbered = self.place is None and asked.page > 1 and not asked.last
        long_words, short_words = words_in(asked.words)
        return Question(
            self.model,
            self.dialect,
            self.columns,
            sort=column.name,
            descending=descending is not self.backwards,
            filters=tuple(f"{key}:{NOBODY}" if value == NOBODY and filtered_column(self.model, key).kind == "link" else key for key, value in asked.filters.items()),
            long_words=len(long_words),
            short_words=len(short_words),
            place=self.place is not None,
            numbered=numbered,
            under=self.under,
            limit=asked.size + 1,
            walled=scope_of(self.session).kind is ScopeKind.PARTNER,
            newest=not (numbered or self.backwards or asked.sort or asked.filters or self.where) and scope_of(self.session).sees_everything,
        )

    @cached_property
    def values(self) -> dict[str, Any]:
        """The values of every name that the statements of this question may hold."""
        asked = self.asked
        found = {f"filter_{key}": filter_value(filtered_column(self.model, key), key, value) for key, value in asked.filters.items()}
        if asked.words:
            found |= search_values(self.model, asked.words, self.dialect)
        found["skipped"] = (asked.page - 1) * asked.size
        if self.place is not None:
            found["place_id"] = self.place[1]
            if self.sort_column()[0].name != "id":
                found["place_value"] = self.place[0]
        return found

    def run(self, statement: Select[Any]) -> Any:
        return self.session.execute(statement, self.values, execution_options={"kept": not self.where})

    def rows(self) -> Rows:
        """One page: one statement, one more row than shown, to know whether there is a next page."""
        found = list(self.run(page_of(self.question) if not self.where else build_page(self.question, self.where)))
        backwards = self.backwards
        more = len(found) > self.asked.size
        found = found[: self.asked.size]
        if backwards:
            found.reverse()
        came_from = self.asked.after is not None or self.asked.page > 1
        attribute = self.sort_column()[0].name
        ends = [place_of(row, attribute) for row in (found[:1] + found[-1:])] if self.keyset else []
        return Rows(
            found,
            has_next=more if not backwards else self.asked.before is not None,
            has_previous=more if backwards else came_from,
            first_key=ends[0] if ends else "",
            last_key=ends[-1] if ends else "",
        )

    def total(self) -> Total:
        """How many rows there are. A total above a thousand is an estimate or "1,000+", and is kept for a minute."""
        if self.where:
            return self.counted()
        paged = {"place_id", "place_value", "skipped"}
        key = (self.unpaged, scope_of(self.session), tuple(each for each in self.values.items() if each[0] not in paged))
        return kept_a_minute(key, self.counted, lambda total: not total.exact)

    @property
    def unpaged(self) -> Question:
        return replace(self.question, columns=(), under=(), sort="id", descending=True, place=False, numbered=False, newest=False, limit=0)

    def counted(self) -> Total:
        """One statement: a count that stops at a thousand, and the table's size beside it."""
        everything = not self.asked.is_filtered and not self.where and scope_of(self.session).sees_everything
        if everything:
            statement = size_of(self.model, self.dialect)
        else:
            statement = counted_of(self.unpaged) if not self.where else build_count(self.unpaged, self.where)
        number, estimate = self.run(statement).one()
        if number <= COUNTED:
            return Total(number, exact=True)
        return Total(max(int(estimate or 0), COUNTED), exact=False, estimated=True) if everything else Total(COUNTED, exact=False)

    def everything(self) -> Select[Any]:
        """Every row that is asked for, to be run with `values`: what exports stream."""
        return build_whole(replace(self.question, place=False, numbered=False, newest=False), self.where)


def filter_value(column: Column, key: str, value: str) -> Any:
    """A filter's value as its statement wants it. Days that bound a moment begin at midnight where the house is."""
    wanted = parsed(column, value)
    if column.kind in TEXTS:
        return f"%{like(str(wanted).lower())}%"
    if column.kind == "moment":
        return to_utc(datetime.combine(wanted + timedelta(days=key.endswith("_to")), clock())).replace(tzinfo=UTC)
    return wanted


def typed(column: Column, value: Any) -> Any:
    """The sort value of a cursor in its column's type; None for anything that is not one."""
    try:
        if column.kind in ("money", "decimal", "percent"):
            number = Decimal(str(value))
            return number if number.is_finite() and abs(number) < Decimal(10) ** 13 else None
        if column.kind == "number":
            return int(value) if abs(int(value)) <= HIGHEST_ID else None
        if column.kind == "bool":
            return bool(int(value))
        if column.kind in ("date", "birth_date"):
            return date.fromisoformat(str(value))
        if column.kind == "moment":
            moment = datetime.fromisoformat(str(value))
            return moment.astimezone(UTC) if moment.tzinfo else None
        if column.kind == "choice":
            return column.choices(value) if column.choices else None
    except (ValueError, InvalidOperation, TypeError, OverflowError):
        return None
    return encodable(str(value))[:500]


def place_of(row: Any, attribute: str) -> str:
    value = None if attribute == "id" else row.sorted_by
    return json.dumps([value if isinstance(value, int | None) else str(value), row.id])


def total_words(total: Total) -> str:
    """The total as a list's head shows it."""
    if total.exact:
        return format_decimal(total.number)
    if total.estimated:
        precise = 10 ** max(len(str(total.number)) - 2, 0)  # two digits: an estimate that looks exact misleads
        return gettext("about %(number)s", number=format_decimal(round(total.number / precise) * precise))
    return gettext("%(number)s+", number=format_decimal(total.number))
