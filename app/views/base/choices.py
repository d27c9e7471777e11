"""Boxes whose choices are the administrators' or the reader's: values of a list, yes or no or neither, a name in each language."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from flask import current_app
from flask_babel import get_locale, gettext, lazy_gettext as _
from wtforms import Field, SelectField, ValidationError
from wtforms.fields.choices import SelectChoice
from wtforms.widgets import TextInput

from app.models import Country, Listed
from app.models.lookups import territories
from app.views.base.typed import cleaned


class NamesField(Field):
    """A name in each language: one box for each."""

    widget = TextInput()

    def process(self, formdata: Any, *args: Any, **options: Any) -> None:
        super().process(None, *args, **options)
        sent = {code: formdata.get(f"{self.name}_{code}") for code in current_app.config["LANGUAGES"]} if formdata is not None else {}
        if any(text is not None for text in sent.values()):
            self.data = {code: name for code, text in sent.items() if (name := cleaned(text))}
            self.raw_data = list(self.data.values()) or [""]

    def boxes(self) -> list[tuple[str, str, str]]:
        """(language, its own name, what stands in its box)."""
        return [(code, facts["name"], (self.data or {}).get(code, "")) for code, facts in current_app.config["LANGUAGES"].items()]


def answer(value: Any) -> bool | None:
    """What a box of AnswerField sent, or a record holds. Raises ValueError."""
    if value is None or isinstance(value, bool):
        return value
    return (None, True, False)[("", "1", "0").index(value)]


class AnswerField(SelectField):
    """Yes, no, or not answered yet, which is neither."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options, choices=[SelectChoice("", ""), SelectChoice("1", _("Yes")), SelectChoice("0", _("No"))], coerce=answer)

    def iter_choices(self) -> Iterator[Any]:
        for each in self.choices:
            yield each.value, each.label, each.value == ("" if self.data is None else str(int(self.data))), {}

    def pre_validate(self, form: Any) -> None:
        """Nothing beside coerce: there are three values."""


def is_offered(value: Any) -> bool:
    """Whether a value may be given to something new: one of a list that is no longer offered may not."""
    return not isinstance(value, Listed) or isinstance(value, Country) or value in list(type(value))


class ListedField(SelectField):
    """A value of a list that administrators keep: what is offered now, and what the record has already."""

    def __init__(self, *args: Any, listed: type[Listed], required: bool = True, fallback: Any = None, **options: Any) -> None:
        super().__init__(*args, **options, choices=None, coerce=lambda value: listed(value) if value else None)
        self.listed, self.may_be_empty, self.fallback = listed, not required, fallback

    def process_formdata(self, valuelist: list[str]) -> None:
        try:
            super().process_formdata(valuelist)
        except ValueError:  # in words that say what to do
            raise ValueError(gettext("This choice is not available. Please choose from the list.")) from None

    def iter_choices(self) -> Iterator[Any]:
        """(value, label, whether it is chosen, more), like every select of WTForms; countries stand in two groups."""
        if self.may_be_empty:
            yield "", "", self.data is None, {}
        offered = list(self.listed)
        held = [self.object_data] if isinstance(self.object_data, Listed) and self.object_data not in offered else []
        groups = (gettext("Often chosen"), gettext("All countries")) if issubclass(self.listed, Country) else ("", "")
        for value in (*offered, *held):
            yield value.value, value.label, value == self.data, {"group": groups[0]}
        if issubclass(self.listed, Country):
            for code, name in territories(get_locale().language).items():
                if code not in (*offered, *held):
                    yield code, name, code == self.data, {"group": groups[1]}

    def pre_validate(self, form: Any) -> None:
        if self.data is None and self.fallback is not None:
            self.data = self.fallback if is_offered(self.fallback) else next(iter(self.listed), None)
        if self.data is None or self.data == self.object_data or self.data in list(self.listed) or issubclass(self.listed, Country):
            return
        raise ValidationError(gettext("This choice is not available. Please choose from the list."))
