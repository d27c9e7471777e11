"""A field of a form as HTML: its label, its control, what was wrong, its help. Written here and not in a template: a form has
a dozen of them, and through WTForms' widgets they take longer than the rest of the page."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, lru_cache
from html import escape
from itertools import groupby
from typing import Any

from babel import Locale
from flask_babel import get_locale, gettext
from markupsafe import Markup
from wtforms import BooleanField, Field, SelectField, SelectMultipleField, TextAreaField

from app.models import Choice
from app.views.base.choices import ListedField, NamesField
from app.views.base.days import SHAPE, DayField
from app.views.base.forms import NOWHERE, LookUp, LookupField, MembersField
from app.views.base.kept import fragments, icon, language
from app.views.base.remembered import remembers_words

# The keyboard that a phone shows, by the field's name: (type, inputmode).
KEYBOARDS = {
    "email": ("email", ""),
    "phone": ("tel", ""),
    "postcode": ("text", "numeric"),
    "siren": ("text", "numeric"),
    "orias_number": ("text", "numeric"),
}
# What a browser may fill in by itself, on forms about the person who types.
FILLS = {
    "email": "email",
    "phone": "tel",
    "first_name": "given-name",
    "last_name": "family-name",
    "job_title": "organization-title",
    "current": "current-password",
    "password_again": "new-password",
}


MARK = "\0"  # where a field's own value goes; no text of a page can hold it


def field_html(
    form: Any, name: str, lookups: dict[str, LookUp] | None = None, other: str | None = None, wide: bool = False, only_for: Any = None, needed: bool = False
) -> Markup:
    """`lookups` holds the addresses behind each foreign key, `other` the value that somebody else saved meanwhile, `only_for` the
    kinds of record that have this field (without JavaScript it shows for all), `needed` that those do not go without it."""
    around, put = around_field(form, name, lookups, other, wide, only_for, needed), values_of(form[name])
    pieces = str.split(around, MARK, len(put))
    return Markup("".join([piece + value for piece, value in zip(pieces, (*put, ""), strict=True)]))  # noqa: S704 - every value in it is escaped


def around_field(
    form: Any, name: str, lookups: dict[str, LookUp] | None = None, other: str | None = None, wide: bool = False, only_for: Any = None, needed: bool = False
) -> str:
    """What stands around the field's value, with a mark in each of its places; kept, unless it tells of something wrong."""
    field = form[name]
    at, fill, kinds = (lookups or {}).get(name, NOWHERE), fill_of(form, name), " ".join(sorted(only_for)) if only_for else ""
    if field.errors or other:
        return around_value(field, at, fill, kinds, wide, other, needed)
    key = ("field", type(form), field.name, bool(field.flags.required) or needed, at, fill, kinds, wide, language())
    return fragments().get_or_make(key, lambda: around_value(field, at, fill, kinds, wide, None, needed))


def around_value(field: Any, at: LookUp, fill: str, kinds: str, wide: bool, other: str | None, needed: bool = False) -> str:
    """The field's HTML with a mark in each place of `values_of`."""
    notes = notes_of(field, other)
    told = f' aria-describedby="{field.id}_help"' if notes else ""
    if field.errors:
        told = f' aria-invalid="true"{told}'
    told += ' aria-required="true"' if needed and not field.flags.required else ""
    label = escape(str(field.label.text))
    classes = ["field"]
    if isinstance(field, BooleanField):
        classes.append("field-check")
        inside = f'<div class="form-check form-switch">{switch(field, told)}<label class="form-check-label" for="{field.id}">{label}</label>{more_of(field)}</div>'
    elif isinstance(field, NamesField):
        inside = f'<fieldset class="names"><legend class="form-label">{label}</legend>{names_boxes(field, told)}</fieldset>'
    elif isinstance(field, SelectMultipleField):
        wide = True
        inside = f'<fieldset><legend class="form-label">{label}</legend>{more_of(field)}<div class="ticks">{MARK}</div></fieldset>'
    else:
        wide = wide or isinstance(field, TextAreaField)
        star = ' <span class="required" aria-hidden="true">*</span>' if field.flags.required or needed else ""
        target = f"{field.id}_text" if isinstance(field, LookupField) else field.id
        inside = f'<label class="form-label" for="{target}">{label}{star}</label>{more_of(field)}{control(field, told, label, at, fill)}'
    classes += ["field-wide"] * wide + ["field-bad"] * bool(field.errors)
    only = f' data-only-for="{escape(kinds)}"' if kinds else ""
    return f'<div class="{" ".join(classes)}"{only}>{inside}{notes}</div>'


def values_of(field: Any) -> tuple[str, ...]:
    """What the field holds, as HTML, in the order of its marks."""
    return writer_of(type(field))(field)


@cache
def writer_of(kind: type[Field]) -> Callable[[Any], tuple[str, ...]]:
    return next(write for base, write in VALUES if issubclass(kind, base))


def chosen_record(field: LookupField) -> tuple[str, str]:
    return "" if field.data is None else str(int(field.data)), escape(field.label_text)


def typed_day(field: DayField) -> tuple[str, str]:
    return escape(field._value()), field.data.isoformat() if field.data else ""


def typed_text(field: Field) -> tuple[str]:
    return ("" if input_of(field)[0] == "password" else escape(str(field._value())),)


VALUES: tuple[tuple[type[Field], Callable[[Any], tuple[str, ...]]], ...] = (
    (BooleanField, lambda field: (" checked" if field.data else "",)),
    (NamesField, lambda field: tuple(escape(value) for _code, _language, value in field.boxes())),
    (LookupField, chosen_record),
    (SelectMultipleField, lambda field: (ticks(field),)),
    (SelectField, lambda field: (options(field),)),
    (DayField, typed_day),
    (Field, typed_text),
)


def input_of(field: Any) -> tuple[str, str]:
    """The kind of input, and the keyboard that a phone shows."""
    return KEYBOARDS.get(field.short_name) or (getattr(field.widget, "input_type", ""), "")


def fill_of(form: Any, name: str) -> str:
    """The autocomplete of a field: nothing of one's own goes into a form about somebody else."""
    if name == "password":
        return "new-password" if "password_again" in form or not form.about_oneself else "current-password"
    return FILLS.get(name, "off") if form.about_oneself else "off"


def control(field: Any, told: str, label: str, at: LookUp, fill: str) -> str:
    """The input itself."""
    told += " required" if field.flags.required else ""
    if isinstance(field, LookupField):
        return look_up(field, told, label, at)
    if isinstance(field, SelectField):
        return f'<select class="form-select" id="{field.id}" name="{field.name}"{told}>{MARK}</select>'
    if isinstance(field, TextAreaField):
        return f'<textarea class="form-control" id="{field.id}" name="{field.name}" rows="4"{told}>\n{MARK}</textarea>'
    if isinstance(field, DayField):
        return day_input(field, told, fill)
    kind, keyboard = input_of(field)
    told += f' inputmode="{keyboard}"' if keyboard else ""
    return f'<input class="form-control" type="{kind}" id="{field.id}" name="{field.name}" value="{MARK}" autocomplete="{fill}"{told}>'


def day_input(field: DayField, told: str, fill: str) -> str:
    """A box to type a day in, and beside it the browser's calendar, which fills the box."""
    filled = "bday" if fill != "off" and field.short_name == "birth_date" else "off"
    names = f'id="{field.id}" name="{field.name}" value="{MARK}" placeholder="{escape(str(SHAPE))}"'
    box = f'<input class="form-control" type="text" {names} autocomplete="{filled}"{told}>'
    words = escape(gettext("Open the calendar"))
    button = f'<button type="button" class="icon-button" data-calendar hidden aria-label="{words}" title="{words}">{icon("calendar3")}</button>'
    return f'<div class="day">{box}{button}<input type="date" tabindex="-1" aria-hidden="true" value="{MARK}" hidden></div>'


def look_up(field: LookupField, told: str, label: str, at: LookUp) -> str:
    hidden = f'<input type="hidden" name="{field.name}" id="{field.id}" value="{MARK}">'
    box = (
        f'<input class="form-control" type="text" id="{field.id}_text" name="{field.name}_text" value="{MARK}" autocomplete="off"'
        f' role="combobox" aria-expanded="false" aria-autocomplete="list" aria-controls="{field.id}_list" placeholder="{escape(gettext("Type to search"))}"{told}>'
    )
    found = f'<ul class="lookup-list" id="{field.id}_list" role="listbox" aria-label="{label}" hidden></ul>'
    make = f' data-make="{escape(at.make)}" data-words="{escape(at.words)}"' if at.make else ""
    return f'<div class="lookup" data-choices="{escape(at.choices)}" data-none="{escape(gettext("Nothing found."))}"{make}>{hidden}{box}{found}</div>'


def options(field: SelectField) -> str:
    if isinstance(field, ListedField):
        return listed_options(field)
    if isinstance(field, MembersField):
        return member_options(tuple(choice.value for choice in field.choices), field.members, field.data, get_locale())
    return "".join(option(str(value), str(label), chosen) for value, label, chosen, _more in field.iter_choices())


@remembers_words
@lru_cache(maxsize=2_000)
def member_options(offered: tuple[str, ...], members: type[Choice], chosen: Choice | None, locale: Locale) -> str:
    return "".join(option(value, str(members(value).label) if value else "", chosen is not None and value == chosen.value) for value in offered)


def listed_options(field: ListedField) -> str:
    found = []
    for group, each in groupby(field.iter_choices(), lambda choice: choice[3].get("group", "")):
        inside = "".join(option(value, label, chosen) for value, label, chosen, _more in each)
        found.append(f'<optgroup label="{escape(group)}">{inside}</optgroup>' if group else inside)
    return "".join(found)


def option(value: str, word: str, chosen: bool) -> str:
    return f'<option value="{escape(value)}"{" selected" if chosen else ""}>{escape(word)}</option>'


def names_boxes(field: NamesField, told: str) -> str:
    first = f' id="{field.id}"{told}'
    return "".join(
        f'<label class="name-box"><span>{escape(spoken)}</span><input class="form-control" name="{field.name}_{code}" lang="{code}" value="{MARK}"'
        f' autocomplete="off"{first if place == 0 else ""}></label>'
        for place, (code, spoken, _value) in enumerate(field.boxes())
    )


def switch(field: BooleanField, told: str) -> str:
    return f'<input class="form-check-input" type="checkbox" id="{field.id}" name="{field.name}" value="y"{MARK}{told}>'


def ticks(field: SelectMultipleField) -> str:
    chosen = set(map(str, field.data or ()))
    return "".join(
        f'<label class="tick"><input type="checkbox" class="form-check-input" name="{field.name}" value="{escape(str(value))}"'
        f"{' checked' if str(value) in chosen else ''}> {escape(str(label))}</label>"
        for value, label, _chosen, _options in field.iter_choices()
    )


def more_of(field: Any) -> str:
    """The question mark beside a hard field's label, which opens an explanation; it needs no script."""
    more = (field.render_kw or {}).get("more")
    if not more:
        return ""
    words = escape(gettext("About “%(label)s”", label=field.label.text))
    return f'<details class="more"><summary aria-label="{words}" title="{words}">?</summary><p>{escape(str(more))}</p></details>'


def notes_of(field: Any, other: str | None) -> str:
    """What stands under the control: what was wrong, what is saved now, and the help."""
    parts = [f'<div class="field-error">{icon("exclamation-circle")}<span>{escape(str(error))}</span></div>' for error in field.errors]
    if other:
        parts.append(f'<div class="field-other">{icon("people")}<span>{escape(gettext("Now saved: %(value)s", value=other))}</span></div>')
    if field.description:
        parts.append(f'<div class="form-text">{escape(str(field.description))}</div>')
    return f'<div id="{field.id}_help" class="field-notes">{"".join(parts)}</div>' if parts else ""
