"""What a record's page shows: its facts in sections, its tabs, its history; and the chips that say what a list filters."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from babel import Locale
from flask import current_app, g, request, url_for
from flask_babel import get_locale, gettext, lazy_gettext as _
from markupsafe import Markup

from app.extensions import db
from app.models import Choice, Listed, User
from app.models.custom import fields_of, named
from app.permissions import HISTORY as HISTORY_ACCESS, READ
from app.services import custom, history
from app.views.base.columns import Column, column_of, day, plain_words, written
from app.views.base.forms import HouseForm
from app.views.base.guards import signed_in
from app.views.base.listing import CUSTOM_KEY, Asked, Listing, filter_names, parsed, total_words
from app.views.base.remembered import remembers_words
from app.views.base.rows import Dress, written_rows
from app.views.base.statements import NOBODY

if TYPE_CHECKING:
    from app.views.base.entity import EntityView


def value_of(record: Any, column: Column) -> Any:
    if column.kind == "link" and column.relation:
        other = getattr(record, column.relation)
        return None if other is None else str(other)
    return getattr(record, column.name)


def shown(record: Any, column: Column) -> Markup:
    return written(column, value_of(record, column), getattr(record, "currency", None) or "EUR")


def linked(view: EntityView, record: Any, column: Column) -> Markup:
    """A fact of a record's page; a record that it points at is a link for whoever may open it."""
    words = shown(record, column)
    other = view_of(column.target, view.frame) if column.kind == "link" and words else None
    if other is None or not other.may(READ) or (view.frame == "portal" and column.name != "client_id"):
        return words
    return Markup('<a href="{}">{}</a>').format(other.address("show_record", record_id=getattr(record, column.name)), words)


def facts(view: EntityView, record: Any) -> list[tuple[str, list[tuple[str, Markup]]]]:
    """The record's sections: (title, [(label, value)])."""
    sections = view.sections_of(record)
    kind = getattr(record, "kind", None)

    def fits(name: str) -> bool:
        return kind in view.only_for.get(column_of(view.model, name).name, (kind,))

    return [
        (str(title), [(str((column := column_of(view.model, name)).label), linked(view, record, column)) for name in names if fits(name)])
        for title, names in sections.items()
    ]


def tab_views(view: EntityView, record: Any) -> dict[str, EntityView]:
    """The related views of a record that this person may open, by their short names."""
    by_class = {type(each).__name__: each for each in current_app.extensions["appbuilder"].baseviews}
    named = [by_class[tab if isinstance(tab, str) else tab.__name__] for tab in view.tabs_of(record)]
    return {each.slug: each for each in named if signed_in().may(each.access, READ)}


def view_of(model: Any, frame: str) -> EntityView | None:
    """The house's own view of an entity in one of the two frames."""
    views = current_app.extensions["appbuilder"].baseviews
    return next((each for each in views if getattr(each, "model", None) is model and getattr(each, "frame", "") == frame and hasattr(each, "list_columns")), None)


def record_page(view: EntityView, record: Any) -> dict[str, Any]:
    """Everything the template needs beside the record; only the chosen tab is read."""
    chosen = request.args.get("tab", "")
    parts = parts_of(view, record)
    tabs, sees_history = parts["tabs"], parts["sees_history"]
    page: dict[str, Any] = parts | {
        "facts": facts(view, record),
        "tab": chosen if chosen in tabs else "",
        "actions": [each for each in view.actions.values() if view.may(each.needs) and each.fits(record)],
    }
    if chosen in tabs:
        page["related"] = related(view, record, tabs[chosen])
    if chosen == "history" and sees_history:
        page["tab"], page["entries"] = "history", [entry_words(view, entry) for entry in history.of_record(view.model.__name__, record.id)]
    return page


def parts_of(view: EntityView, record: Any) -> dict[str, Any]:
    """What a record's tabs name, on its own page and on the pages beside it."""
    sees_history = view.frame == "staff" and view.model.recorded and signed_in().may(HISTORY_ACCESS, READ)
    return {"tabs": tab_views(view, record), "sees_history": sees_history}


def related(view: EntityView, record: Any, other: EntityView) -> dict[str, Any]:
    """The first rows of a tab."""
    key = link_to(other.model, view.model)
    columns = [name for name in other.list_columns if column_of(other.model, name).name != key]
    under = other.under_of(columns)
    listing = Listing(other.model, columns, Asked(size=20, sort=other.first_sort), db.session(), [*other.where(), getattr(other.model, key) == record.id], under)
    rows = listing.rows()
    return {
        "view": other,
        "key": key,
        "columns": [column_of(other.model, name) for name in columns],
        "rows": written_rows(other.model, columns, rows.rows, other.route_base, Dress(under)),
        "more": rows.has_next,
        "total": total_words(listing.total()),
        "adds_at": other.adds_at.format(record.id) if other.adds_at and other.may(2) else None,
        "may_add": other.adds and key in other.fields and other.may(2) and view.may_change(record),
        "back": url_for(f"{view.endpoint}.show_record", record_id=record.id, tab=other.slug),
    }


def link_to(model: Any, target: Any) -> str:
    """The column by which a related entity points at this one."""
    return next(column.key for column in model.__table__.columns if any(key.column.table is target.__table__ for key in column.foreign_keys))


def hint_of(record: Any) -> str:
    """A quiet second fact that tells two records of the same name apart."""
    for name in ("email",) if isinstance(record, User) else ("siren", "birth_date", "email", "code", "city"):
        if hasattr(type(record), name) and getattr(record, name, None):
            return plain_words(column_of(type(record), name), getattr(record, name))
    return ""


FACTS = {"erased": _("Values erased"), "taken_in": _("Record taken in"), "given_back": _("Record given back")}  # what the house notes beside the columns
REASONS = {"merge": _("merge of two records")}
AUTHORS = {"system": _("The house itself"), "demo": _("Demonstration data")}  # what writes without a person


def entry_words(view: EntityView, entry: Any) -> dict[str, Any]:
    """One entry of history in words: field labels and values as a person reads them."""
    changes = []
    for name, (before, after) in (entry.values.changes if entry.values else {}).items():
        if name in view.silent_about:
            continue
        if name in view.model.__table__.c and "label" not in view.model.__table__.c[name].info and name not in fields_of(view.model):
            continue  # a column of the house's own, such as a number's key
        changes.append((label_for(view.model, name), stored_words(view.model, name, before), stored_words(view.model, name, after)))
    return {
        "entry": entry,
        "author": str(AUTHORS.get(entry.actor, entry.actor)) if entry.actor_id is None else entry.actor,
        "changes": changes,
        "erased": entry.values is None,
        "reason": str(REASONS.get(entry.reason.partition(":")[0], entry.reason)),
    }


def label_for(model: Any, name: str) -> str:
    if name in fields_of(model) or name in model.__table__.c:
        return str(column_of(model, name).label)
    return past_names().get(name) or gettext("A field no longer in use") if CUSTOM_KEY.fullmatch(name) else str(FACTS.get(name, name))


def past_names() -> dict[str, str]:
    """The labels of fields and options that are gone, read once per request and only where history speaks of one."""
    if "past_names" not in g:
        g.past_names = custom.past_names(db.session())
    return g.past_names


def stored_words(model: Any, name: str, value: Any) -> str:
    """A value that history keeps as JSON, as the record's own page writes it."""
    if value in (None, ""):
        return "—"
    if isinstance(value, dict) and name in model.__table__.c and column_of(model, name).kind == "names":
        return named(value) or "—"
    if CUSTOM_KEY.fullmatch(name) and name not in fields_of(model):
        return past_names().get(f"option:{value}") or (gettext("Yes") if value is True else gettext("No") if value is False else str(value))
    if (name not in model.__table__.c and name not in fields_of(model)) or isinstance(value, list | dict):
        return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    column = column_of(model, name)
    try:
        return plain_words(column, typed_again(column, value)) or "—"
    except (ValueError, InvalidOperation, TypeError):  # kept before the column became what it is
        return str(value)


def typed_again(column: Column, value: Any) -> Any:
    """A value of history in its column's type; a record that it points at by its name, if it is still there."""
    if column.kind == "link":
        return find_label(column, int(value)) or f"no. {value}"
    if column.kind == "choice" and column.choices is not None:
        return column.choices(value)
    if column.kind in ("date", "birth_date"):
        return date.fromisoformat(value)
    if column.kind == "moment":
        return datetime.fromisoformat(value)
    return Decimal(value) if column.kind in ("money", "decimal", "percent") else value


def differences(view: EntityView, form: HouseForm, record: Any) -> dict[str, str]:
    """For each field that differs from the record as it is now: what stands there now."""
    found = {}
    for name in view.fields:
        column = column_of(view.model, name)
        typed = form[name].data
        if typed != getattr(record, name) and not (typed in (None, "") and getattr(record, name) in (None, "")):
            found[name] = plain_words(column, value_of(record, column)) or gettext("(empty)")
    return found


def choosable_columns(view: type[EntityView], form: dict[Any, list[str]] | None = None, show: dict[Any, list[str]] | None = None) -> tuple[str, ...]:
    """The columns that people may put into a list: its own, then what the record's page and form show, but for long texts."""
    found = {column_of(view.model, name).name: name for name in view.list_columns}
    for names in (*(show or view.show or {}).values(), *(form or view.form).values()):
        for name in names:
            column = column_of(view.model, name)
            if column.kind not in ("text", "categories"):
                found.setdefault(column.name, name)
    return tuple(found.values())


@remembers_words
@lru_cache(maxsize=1_000)
def column_labels(model: Any, names: tuple[str, ...], locale: Locale) -> list[str]:
    return [str(column_of(model, name).label) for name in names]


def heads(view: EntityView, asked: Asked) -> list[dict[str, Any]]:
    """The table's head: each column's label, and the address that sorts by it."""
    found = []
    sorted_by = asked.sort.lstrip("-")
    names = view.columns_of(asked)
    for name, label in zip(names, column_labels(view.model, names, get_locale()), strict=True):
        column = column_of(view.model, name)
        here = sorted_by == column.name
        sort = None if column.name not in (view.sort or []) else f"-{column.name}" if asked.sort == column.name else column.name
        order = None if not here else "descending" if asked.sort.startswith("-") else "ascending"
        found.append({"kind": column.kind, "label": label, "address": asked.address(sort=sort) if sort else None, "order": order})
    return found


def filter_chips(view: EntityView, asked: Asked, rows: list[Any]) -> dict[str, Any]:
    """The filters of a list: those that are set, as chips with the address without them, and those that can be set. The name
    of a linked record stands in every row that the filter let through, so it is read there and asked for only without one."""
    first = rows[0]._mapping if rows else {}
    chips = []
    for key, value in asked.filters.items():
        column = next(column_of(view.model, name) for name in view.filters or [] if key in filter_names(column_of(view.model, name)))
        chips.append({"words": chip_words(column, key, value, first.get(f"{column.name}_label")), "without": asked.address(**{key: None})})
    available, names = filterable(view.model, tuple(view.filters or ()))
    return {"chips": chips, "available": available, "names": names}


@remembers_words
@lru_cache(maxsize=500)
def filterable(model: Any, columns: tuple[str, ...]) -> tuple[list[Column], dict[str, list[str]]]:
    """The columns that can be filtered by, and their names in an address."""
    available = [column_of(model, name) for name in columns]
    return available, {column.name: filter_names(column) for column in available}


def chip_words(column: Column, key: str, value: str, name: str | None) -> str:
    known = parsed(column, value)
    if column.kind == "link":
        words = gettext("none") if known == NOBODY else name or find_label(column, known) or value
    else:
        words = str(known.label) if isinstance(known, Choice | Listed) else day(known, str(get_locale())) if column.kind == "moment" else plain_words(column, known)
    if key == column.name:
        return gettext("%(label)s: %(value)s", label=column.label, value=words)
    return f"{column.label} {'≥' if key.endswith(('_min', '_from')) else '≤'} {words}"


def find_label(column: Column, key: int) -> str:
    row = db.session.get(column.target, key)
    return str(row) if row is not None else ""
