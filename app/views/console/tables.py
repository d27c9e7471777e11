"""The tables as they are, to be read: every column but what must stay secret, filtered and in the order of any index."""

from __future__ import annotations

import operator
from datetime import date, datetime, time, timedelta
from typing import Any
from urllib.parse import urlencode

from flask import abort, redirect, request
from flask_admin.contrib.sqla.filters import BaseSQLAFilter
from flask_babel import LazyString, gettext, lazy_gettext as _
from markupsafe import Markup
from sqlalchemy import inspect

from app.models import Model
from app.models.base import HOUSE_ZONE
from app.views.base.columns import Column, column_of, plain_words
from app.views.base.days import day_typed
from app.views.base.listing import parsed
from app.views.console.desk import ModelDesk, console_page

# What signs, opens or proves, the search index's own text, and what somebody is still writing.
SECRET = frozenset({"password", "digest", "values_digest", "salt", "token", "key_hash", "lookup_hash", "registration_hash", "search_text", "number_key", "fields"})
SECRET_OF = {"mail": {"text", "html"}, "history_values": {"changes"}, "agreement": {"body", "proof"}}
LEFT_OUT = frozenset(
    {"second_factor", "identity_paper", "calendar_link", "draft", "submission", "history_values", "ab_api_key", "ab_register_user", "ab_group"}
)  # nothing but secrets, or unused
TESTS: dict[str, LazyString] = {"is": _("is"), "contains": _("contains"), "from": _("from"), "to": _("up to"), "empty": _("is empty")}
COMPARE = {"is": operator.eq, "from": operator.ge, "to": operator.le}
UNREADABLE = ("other", "names", "custom", "categories")  # JSON, and what only Flask-AppBuilder knows
TESTS_OF = {"text": ("contains", "is", "empty"), "ordered": ("is", "from", "to", "empty"), "set": ("is", "empty")}
DAYS = ("date", "birth_date", "moment")
ORDERED = ("date", "birth_date", "moment", "money", "number", "decimal", "percent")
LONGEST = 120  # characters of a cell


def readable_tables() -> list[Any]:
    found = [mapper.class_ for mapper in Model.registry.mappers if mapper.local_table.name not in LEFT_OUT]
    return sorted(found, key=lambda model: model.__tablename__)


def shown_columns(model: Any) -> list[str]:
    hidden = SECRET | SECRET_OF.get(model.__tablename__, set())
    return [attribute.key for attribute in inspect(model).column_attrs if attribute.key not in hidden]


class TableFilter(BaseSQLAFilter):
    """One test on one column, read like a list's own filter."""

    def __init__(self, model: Any, name: str, test: str) -> None:
        super().__init__(getattr(model, name), name)
        self.facts, self.test = typed(column_of(model, name)), test

    def operation(self) -> LazyString:
        return TESTS[self.test]

    def clean(self, value: str) -> Any:
        """The value in the column's type. Raises ValueError for one that makes no sense there."""
        if self.test in ("contains", "empty"):
            return value[:200]
        found = day_of(value) if self.facts.kind in DAYS else parsed(self.facts, value.strip())
        if found is None:
            raise ValueError(value)
        return found

    def apply(self, query: Any, value: Any, alias: Any = None) -> Any:
        column, wanted = self.get_column(alias), value  # clean() has been through it
        if self.test == "empty":
            return query.filter(column.is_(None))
        if self.test == "contains":
            return query.filter(column.icontains(wanted, autoescape=True))
        if self.facts.kind == "moment":
            begins = datetime.combine(wanted, time(), HOUSE_ZONE)
            after = datetime.combine(wanted + timedelta(days=1), time(), HOUSE_ZONE)
            return query.filter(*([column >= begins] * (self.test != "to") + [column < after] * (self.test != "from")))
        return query.filter(COMPARE[self.test](column, wanted))


def day_of(text: str) -> date:
    """A day in any of the ways that forms take one. Raises ValueError."""
    try:
        found = day_typed(text[:40])
    except (KeyError, OverflowError) as wrong:
        raise ValueError(text) from wrong
    if not 1900 <= found.year <= 2200:
        raise ValueError(text)
    return found


def typed(column: Column) -> Column:
    """A link is a number here: the table as it is."""
    return Column(column.name, column.label, None, "number", False) if column.kind == "link" else column


def tests_of(column: Column) -> tuple[str, ...]:
    kind = typed(column).kind
    if kind in UNREADABLE:
        return ("empty",)
    return TESTS_OF["ordered" if kind in ORDERED else "set" if kind in ("choice", "bool") else "text"]


class TableDesk(ModelDesk):
    """One table. Of Flask-Admin's addresses only the list is exposed; nothing here can be written."""

    is_table = True
    simple_list_pager, page_size = True, 50  # nobody counts a million rows to show fifty

    def __init__(self, model: Any, database: Any, **options: Any) -> None:
        names = shown_columns(model)
        keys = inspect(model).primary_key
        indexed = {column.name for column in keys} | {next(iter(index.columns)).name for index in model.__table__.indexes}
        self.column_list, self.column_sortable_list = names, [name for name in names if name in indexed]
        self.column_default_sort = (keys[0].name, True)
        self.column_filters = [TableFilter(model, name, test) for name in names for test in tests_of(column_of(model, name))]
        self.column_display_pk, self.column_auto_select_related = True, False
        super().__init__(model, database, **options)

    @console_page("/")
    def index_view(self) -> Any:
        if "add" in request.args:
            return self.with_filter(request.args["add"], request.args.get("value", ""))
        page = request.args.get("page", "0")
        if not page.isdecimal() or len(page) > 6:
            abort(404)
        self.list_template = "console/table.html"
        self._template_args.update(chips=self.chips(), tests=self.tests(), cell=self.cell, title=self.title)
        return super().index_view()

    @property
    def title(self) -> str:
        return str(getattr(self.model, "plural", self.model.__tablename__))

    def tests(self) -> list[tuple[str, list[tuple[str, LazyString]]]]:
        """The filters to choose from: by column, (number of the filter, test)."""
        found: dict[str, list[tuple[str, LazyString]]] = {}
        for number, each in enumerate(self._filters or []):
            found.setdefault(each.name, []).append((str(number), each.operation()))
        return list(found.items())

    def with_filter(self, number: str, value: str) -> Any:
        """One filter more, then the list by an address that says it; a value that makes no sense changes nothing."""
        args = self._get_list_extra_args()
        args.extra_args = {}
        filters = list(args.filters or [])
        if number.isdecimal() and len(number) < 5 and int(number) < len(self._filters or []):
            chosen = self._filters[int(number)]
            asked = (int(number), chosen.name, "" if chosen.test == "empty" else value.strip())
            if not chosen.validate(value):
                return redirect(self._get_list_url(args.clone(filters=filters, page=0)) + "&" + urlencode({"wrong": int(number), "typed": value[:60]}))
            if asked not in filters:
                filters.append(asked)
        return redirect(self._get_list_url(args.clone(filters=filters, page=0)))

    def chips(self) -> list[tuple[str, str, str]]:
        """Each filter that holds: column, what it says, and the address without it."""
        args = self._get_list_extra_args()
        args.extra_args = {}
        active = args.filters or []
        found = []
        for place, (number, name, value) in enumerate(active):
            flt = self._filters[number]
            words = str(flt.operation()) if flt.test == "empty" else f"{flt.operation()} {value}"
            found.append((name, words, self._get_list_url(args.clone(filters=[*active[:place], *active[place + 1 :]], page=0))))
        return found

    def get_invalid_value_msg(self, value: str, filter: Any) -> str:
        return gettext("“%(value)s” makes no sense for this column.", value=value[:60])

    def cell(self, row: Any, name: str) -> Markup | str:
        """A value as it lies in the table, dates and amounts as people read them."""
        value = getattr(row, name)
        if value is None:
            return ""
        column = typed(column_of(self.model, name))
        readable = column.kind in ("date", "birth_date", "moment", "money") or isinstance(value, date | bool)
        words = plain_words(column, value, getattr(row, "currency", None) or "EUR") if readable else str(value)
        return words if len(words) <= LONGEST else f"{words[:LONGEST]}…"
