"""What the engine knows of a column: its words, its kind, and how a value of it is written for a reader."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import cache, lru_cache
from html import escape as escape_html, unescape
from typing import Any

from babel import dates
from babel.numbers import format_currency, format_decimal, get_decimal_symbol, get_group_symbol
from flask import current_app
from flask_babel import LazyString, format_date, get_locale, gettext, to_user_timezone
from markupsafe import Markup, escape
from sqlalchemy import Boolean, Date, Enum, Integer, Numeric, String, Text, inspect
from sqlalchemy.orm import ColumnProperty, joinedload

from app.models import Choice, Listed, Money
from app.models.base import Moment
from app.models.custom import TEXT_LENGTH, Field as CustomFacts, InLanguage, fields_of, named
from app.models.lookups import ListedIn
from app.services.identifiers import grouped
from app.views.base.remembered import remembers_words


@dataclass(frozen=True)
class Column:
    """A column of an entity, as the engine sees it."""

    name: str
    label: LazyString | InLanguage
    help: LazyString | None
    kind: str
    required: bool
    length: int | None = None
    choices: Any = None  # an enumeration, or a list that administrators keep
    target: Any = None  # the entity a foreign key points at
    relation: str | None = None  # and the relationship beside it
    default: Any = None
    nullable: bool = False
    places: int = 2  # decimals of a number
    currency: str = ""  # of its amounts, where it is not the row's own
    more: LazyString | None = None  # what stands behind the field's question mark
    starts: Callable[[Any], Any] | None = None  # makes what a new form starts with, the present day; emptied, it is asked for


TAG = re.compile(r"<[^>]*>")  # in what the writers below have made: every value in it is escaped

BY_TYPE: list[tuple[type, str]] = [
    (Enum, "choice"),
    (ListedIn, "choice"),
    (Money, "money"),
    (Moment, "moment"),
    (Boolean, "bool"),
    (Date, "date"),
    (Integer, "number"),
    (Numeric, "decimal"),
    (Text, "text"),
    (String, "line"),
]


@remembers_words
@cache
def column_of(model: Any, name: str) -> Column:
    """The column's facts; raises KeyError for a name the entity does not have."""
    if (custom := fields_of(model).get(name)) is not None:
        return custom_column(custom)
    mapper = inspect(model)
    if name in mapper.relationships:
        name = next(iter(mapper.relationships[name].local_columns)).key
    attribute: ColumnProperty = mapper.column_attrs[name]
    column = attribute.columns[0]
    target = next((other.class_ for other in mapper.registry.mappers for key in column.foreign_keys if other.local_table is key.column.table), None)
    relation = next((each.key for each in mapper.relationships if column in each.local_columns and each.direction.name == "MANYTOONE"), None)
    kind = "link" if target is not None and relation else column.info.get("kind") or next((kind for type_, kind in BY_TYPE if isinstance(column.type, type_)), "other")
    has_default = column.default is not None
    starts = column.default.arg if has_default and column.default.is_callable and kind == "date" else None
    return Column(
        name=name,
        label=column.info.get("label", name),
        help=column.info.get("help"),
        kind=kind,
        required=not column.nullable and (not has_default or starts is not None),
        length=getattr(column.type, "length", None) if kind not in ("choice", "text") else 10_000 if kind == "text" else None,
        choices=getattr(column.type, "enum_class", None),
        target=target if relation else None,
        relation=relation,
        default=column.default.arg if has_default and column.default.is_scalar else None,
        nullable=bool(column.nullable),
        more=column.info.get("more"),
        starts=starts,
    )


def custom_column(known: CustomFacts) -> Column:
    """A field of the house's own, as a column: nothing in the engine asks which of the two it is."""
    length = TEXT_LENGTH if known.column_kind in ("line", "url") else None
    return Column(
        known.key,
        known.label,
        None,
        known.column_kind,
        known.required,
        length,
        known.options,
        nullable=True,
        places=4 if known.kind == "number" else 2,
        currency="EUR",
    )


@cache
def pointed_at(model: Any) -> tuple[Any, ...]:
    """The options that load a record together with the records its foreign keys point at."""
    return tuple(joinedload(getattr(model, each.key)) for each in inspect(model).relationships if each.direction.name == "MANYTOONE" and not each.viewonly)


# --- values as people read them -----------------------------------------------------------------


def bears_currency(model: Any, names: Iterable[str]) -> bool:
    """Whether amounts among these columns are in the currency of their row; else they are in euros."""
    return hasattr(model, "currency") and any(column.kind == "money" and not column.currency for column in (column_of(model, name) for name in names))


def written(column: Column, value: Any, currency: str = "EUR") -> Markup:
    """A value as HTML for the current reader; an empty one is an empty string."""
    if value is None or value == "":
        return Markup("")
    return WRITERS.get(column.kind, write_text)(column, value, column.currency or currency)


def writer_for(column: Column, locale: str) -> Callable[[Any, str], Markup]:
    """The function that writes this column's values in one language, for tables where it is called many times."""
    fixed = column.currency
    fast: dict[str, Callable[[Any, str], Any]] = {
        "choice": lambda value, currency: choice_badge(value, locale),
        "date": lambda value, currency: day(value, locale),
        "birth_date": lambda value, currency: day(value, locale),
        "money": lambda value, currency: f'<span class="amount">{escape_html(amount(value, fixed or currency, locale))}</span>',
    }
    writer = WRITERS.get(column.kind, write_text)
    return fast.get(column.kind) or (lambda value, currency: writer(column, value, currency))


def plain_words(column: Column, value: Any, currency: str = "EUR") -> str:
    """The same without markup: for comparisons of two versions, history and mails."""
    if isinstance(value, Choice | Listed):
        return str(value.label)
    return unescape(TAG.sub("", str(written(column, value, currency)))) if value is not None else ""  # striptags() would lose the no-break spaces


def write_text(column: Column, value: Any, currency: str) -> Markup:
    return escape(value)


def write_identifier(column: Column, value: Any, currency: str) -> Markup:
    return escape(grouped(column.kind, value))


def write_choice(column: Column, value: Choice | Listed, currency: str) -> Markup:
    return choice_badge(value, str(get_locale()))


ICON_BY_TONE = {"good": "check-circle", "warn": "clock", "bad": "x-circle", "quiet": "circle"}


@remembers_words
@lru_cache(maxsize=2_000, typed=True)  # typed: "active" of a partner and "active" of a contract are equal texts
def choice_badge(value: Choice | Listed, locale: str) -> Markup:
    """A state: always an icon and a word, never a colour alone. Plain enumerations are words only."""
    tones = {member.tone for member in type(value)}
    if tones <= {"quiet"}:
        return escape(value.label)
    return Markup('<span class="state state-{}"><svg class="icon" aria-hidden="true"><use href="/assets/icons.svg#{}"></use></svg>{}</span>').format(
        value.tone, ICON_BY_TONE[value.tone], value.label
    )


@lru_cache(maxsize=20_000)
def day(value: date, locale: str) -> str:
    return format_date(value, "medium")


def write_date(column: Column, value: date, currency: str) -> Markup:
    return escape(day(value, str(get_locale())))


def write_moment(column: Column, value: datetime, currency: str) -> Markup:
    return escape(moment(value))


def moment(value: datetime) -> str:
    """« 22 nov. 2026, 03:49 »: to the minute, in the reader's time zone."""
    local, locale = to_user_timezone(value), str(get_locale())
    return dates.get_datetime_format("medium", locale).replace("'", "").format(dates.format_time(local, "short", locale=locale), day(local.date(), locale))


def write_bool(column: Column, value: bool, currency: str) -> Markup:
    return escape(gettext("Yes") if value else gettext("No"))


def write_money(column: Column, value: Decimal, currency: str) -> Markup:
    return Markup('<span class="amount">{}</span>').format(amount(value, currency, str(get_locale())))


def percent(value: Decimal) -> str:
    return gettext("%(number)s %%", number=format_decimal(value, locale=str(get_locale())))


def write_percent(column: Column, value: Decimal, currency: str) -> Markup:
    return escape(percent(value))


def write_number(column: Column, value: Any, currency: str) -> Markup:
    return escape(format_decimal(value, locale=str(get_locale())))


def write_list(column: Column, value: list[str], currency: str) -> Markup:
    return escape(", ".join(value))


def write_link_out(column: Column, value: str, currency: str) -> Markup:
    return Markup('<a href="{}" rel="noopener noreferrer" target="_blank">{}</a>').format(value, value.split("://")[-1])


def write_mail_address(column: Column, value: str, currency: str) -> Markup:
    return Markup('<a href="mailto:{}">{}</a>').format(value, value)


def write_names(column: Column, value: dict[str, str], currency: str) -> Markup:
    """A name kept in several languages, in the reader's."""
    return escape(named(value))


def write_sentence(column: Column, value: str, currency: str) -> Markup:
    """A sentence of the program's own, kept in English."""
    return escape(gettext(value))


def write_language(column: Column, value: str, currency: str) -> Markup:
    """A language by its own name."""
    return escape(current_app.config["LANGUAGES"].get(value, {"name": value})["name"])


WRITERS: dict[str, Callable[[Column, Any, str], Markup]] = {
    "choice": write_choice,
    "date": write_date,
    "birth_date": write_date,
    "moment": write_moment,
    "bool": write_bool,
    "money": write_money,
    "percent": write_percent,
    "number": write_number,
    "decimal": write_number,
    "categories": write_list,
    "siren": write_identifier,
    "orias": write_identifier,
    "iban": write_identifier,
    "phone": write_identifier,
    "url": write_link_out,
    "language": write_language,
    "names": write_names,
    "email": write_mail_address,
    "sentence": write_sentence,
}


@cache
def money_shape(currency: str, locale: str) -> tuple[str, str, str, str, str, str]:
    """Group and decimal signs, and what stands before and after the digits of a positive and of a negative amount: read off
    Babel's own output once, because formatting through Babel would take a third of a list page's time."""
    group, decimal = get_group_symbol(locale), get_decimal_symbol(locale)
    digits = f"1{group}234{group}567{decimal}89"
    before, after = format_currency(Decimal("1234567.89"), currency, locale=locale).split(digits)
    minus_before, minus_after = format_currency(Decimal("-1234567.89"), currency, locale=locale).split(digits)
    return group, decimal, before, after, minus_before, minus_after


def amount(value: Decimal, currency: str, locale: str) -> str:
    """An amount of money as Babel writes it (a test holds the two against each other)."""
    try:
        group, decimal, before, after, minus_before, minus_after = money_shape(currency, locale)
    except ValueError:  # a currency without two decimals, such as JPY
        return format_currency(value, currency, locale=locale)
    digits = f"{abs(value):,.2f}".translate({44: group, 46: decimal})
    return f"{minus_before}{digits}{minus_after}" if value < 0 else f"{before}{digits}{after}"
