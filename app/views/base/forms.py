"""Forms made from columns: the words, the limits and the kind of input all come from the column."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from decimal import Decimal, InvalidOperation
from functools import cache, lru_cache
from typing import Any, NamedTuple

from babel.numbers import get_decimal_symbol, get_group_symbol
from flask import current_app
from flask_babel import get_locale, gettext, lazy_gettext as _
from flask_wtf import FlaskForm
from sqlalchemy import select
from wtforms import BooleanField, Field, IntegerField, SelectField, SelectMultipleField, StringField, TextAreaField, ValidationError
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, Length, Optional, StopValidation
from wtforms.widgets import TextInput

from app.extensions import db
from app.models import ORIAS_CATEGORIES, Choice, Listed
from app.models.indexes import matching, search_values, words_in
from app.models.scope import ScopeKind, scope_of
from app.services.identifiers import CHECKS, grouped
from app.services.refusals import RuleBroken
from app.views.base.choices import AnswerField, ListedField, NamesField
from app.views.base.columns import Column, column_of
from app.views.base.days import DayField
from app.views.base.listing import HIGHEST_ID
from app.views.base.remembered import remembers_words
from app.views.base.typed import cleaned, cleaned_text


class HouseForm(FlaskForm):
    """A form whose own strings come from the house's catalogue."""

    about_oneself = True  # whether the browser may fill in what it knows of the person who types

    class Meta:
        csrf = False  # CSRFProtect has checked the request's token, before any form is made

        @staticmethod
        def get_translations(form: Any) -> Any:
            return CatalogueTranslations()

    def validate_all(self, needed: Iterable[str] = ()) -> bool:
        """Validates, and asks for some more fields that have been left empty."""
        good = self.validate()
        for name in needed:
            if self[name].data in (None, "") and not self[name].errors:
                self.refuse(RuleBroken(gettext("Please fill in this field."), name))
                good = False
        return good

    def refuse(self, refusal: RuleBroken) -> None:
        """Puts a rule's sentence beside its field, or above the form."""
        field = self._fields.get(refusal.field or "")
        if field is None:
            self.form_errors.append(refusal.sentence)
        else:
            field.errors = [*field.errors, refusal.sentence]
        for name, sentence in refusal.others.items():
            self.refuse(RuleBroken(sentence, name))

    @property
    def first_error(self) -> str | None:
        return next((name for name, field in self._fields.items() if field.errors), None)


# WTForms' own sentences that can still be seen, named here so that they are extracted into our catalogue.
WTFORMS_SENTENCES = (
    _("Not a valid choice."),
    _("Not a valid integer value."),
    _("Invalid Choice: could not coerce."),
    _("Invalid choice(s): one or more data inputs could not be coerced."),
)


class CatalogueTranslations:
    """WTForms asks for its messages here, so that ours are used in every language."""

    def gettext(self, string: str) -> str:
        return gettext(string)

    def ngettext(self, singular: str, plural: str, number: int) -> str:
        return gettext(singular if number == 1 else plural)


class LengthSaid(Length):
    """Says the limit and how much was typed."""

    def __call__(self, form: Any, field: Field) -> None:
        typed = len(field.data or "")
        if typed > self.max:
            raise ValidationError(gettext("At most %(limit)s characters; you typed %(typed)s.", limit=self.max, typed=typed))


class Bounded:
    """A whole number that the database can hold."""

    def __call__(self, form: Any, field: Field) -> None:
        if field.data is not None and abs(field.data) > HIGHEST_ID:
            raise ValidationError(gettext("This number is too large."))


class PersonName:
    """A person's name: what is mailed to others under it must not carry an address of its own."""

    def __call__(self, form: Any, field: Field) -> None:
        if re.search(r"://|www\.|@", field.data or ""):
            raise ValidationError(gettext("A name holds no web or e-mail address."))


class Required(InputRequired):
    def __call__(self, form: Any, field: Field) -> None:
        if field.process_errors:
            return
        data = field.data.strip() if isinstance(field.data, str) else field.data
        if data in (None, "", []):
            field.errors = []
            raise StopValidation(gettext("Please fill in this field."))


class Checked:
    """An identifier's own check, which also brings it into its written form."""

    def __init__(self, kind: str) -> None:
        self.kind = kind

    def __call__(self, form: Any, field: Field) -> None:
        if field.data in (None, ""):
            return
        try:
            field.data = CHECKS[self.kind](field.data)
        except RuleBroken as refusal:
            raise ValidationError(str(refusal.sentence)) from refusal


class IdentifierField(StringField):
    """Shown in groups, accepted in any."""

    def __init__(self, *args: Any, kind: str = "", **options: Any) -> None:
        super().__init__(*args, **options)
        self.kind = kind

    def _value(self) -> str:
        return grouped(self.kind, self.data or "").replace("\u202f", " ") if not self.errors else (self.data or "")


class DecimalTyped(Field):
    """A number as people type it: « 12 345,67 », "12,345.67" or 12345.67. Amounts have two decimals at most."""

    widget = TextInput()

    def __init__(self, *args: Any, places: int = 2, **options: Any) -> None:
        super().__init__(*args, **options)
        self.places, self.typed = places, ""

    def _value(self) -> str:
        if self.typed:
            return self.typed
        if self.data is None:
            return ""
        if self.places != 2:
            return figure_box(self.data)
        return f"{self.data:,.2f}".translate(number_signs(str(get_locale())))

    def process_formdata(self, valuelist: list[str]) -> None:
        if not valuelist:
            return
        self.typed = valuelist[0].strip()
        self.data = None
        if self.typed:
            self.data = number_typed(self.typed, self.places)


def figure_box(number: Decimal) -> str:
    """A number as it stands in a box: ungrouped, for without decimals a group sign would be read as the decimal one."""
    return f"{number.normalize():f}".replace(".", get_decimal_symbol(str(get_locale())))


@cache
def number_signs(locale: str) -> dict[int, str]:
    """Python's group and decimal signs to a language's own."""
    return {ord(","): get_group_symbol(locale), ord("."): get_decimal_symbol(locale)}


def number_typed(text: str, places: int) -> Decimal:
    """Reads a number with spaces, comma or point; the last of comma and point is the decimal sign. Raises ValueError."""
    bare = re.sub(r"[\s\u00a0\u202f’'€]", "", text)
    if bare.count(",") and bare.count("."):
        thousands = "," if bare.rindex(",") < bare.rindex(".") else "."
        bare = bare.replace(thousands, "")
    bare = bare.replace(",", ".")
    try:
        number = Decimal(bare)
    except InvalidOperation:
        raise ValueError(gettext("This is not a number. Write it like 12345.67 or 12 345,67.")) from None
    if not number.is_finite() or (number and number.adjusted() >= 13):
        raise ValueError(gettext("This number is too large."))
    if number != number.quantize(Decimal(1).scaleb(-places)):
        raise ValueError(gettext("At most %(places)s decimals.", places=places))
    return number or Decimal(0)  # « 0E-200000000 » is zero with as many digits


class LookUp(NamedTuple):
    """Where a foreign key's box asks for records, and where one that is missing can be made, in which words."""

    choices: str = ""
    make: str = ""
    words: str = ""


NOWHERE = LookUp()


class MembersField(SelectField):
    """One of the members of an enumeration; or none of them, where a record can go without."""

    def __init__(self, *args: Any, members: type[Choice], may_be_empty: bool = False, **options: Any) -> None:
        offered = [SelectChoice(member.value, member.label) for member in members]
        super().__init__(*args, **options, choices=[SelectChoice("", ""), *offered] if may_be_empty else offered, coerce=lambda value: members(value) if value else None)
        self.members = members


class LookupField(Field):
    """A foreign key: the number goes in a hidden input, the name in a search box. Without JavaScript the name alone is
    enough where only one record has it. Only rows the person can see are found."""

    widget = TextInput()

    def __init__(self, *args: Any, column: Column, narrow: Callable[[], Any] | None = None, **options: Any) -> None:
        super().__init__(*args, **options)
        self.column, self.narrow, self.typed = column, narrow, ""
        self.known: str | None = None  # what the record is called that is chosen already, where that has been read

    def process(self, formdata: Any, *args: Any, **options: Any) -> None:
        if formdata is not None:
            self.typed = formdata.get(f"{self.name}_text", "").strip()[:200]
        super().process(formdata, *args, **options)

    def process_formdata(self, valuelist: list[str]) -> None:
        self.data = None
        sent = (valuelist[0] if valuelist else "").strip()
        if sent:
            if not sent.isdecimal() or len(sent) > 10 or int(sent) > HIGHEST_ID or self.row(int(sent)) is None:
                raise ValueError(gettext("This choice is not available. Please choose from the list."))
            self.data = int(sent)
        elif self.typed:
            found = lookup(self.column, self.typed, self.narrow, limit=2)
            if len(found) != 1:
                raise ValueError(gettext("Please choose from the list."))
            self.data = found[0].id

    def post_validate(self, form: Any, validation_stopped: bool) -> None:
        """Words that are no choice are said to be none, also where the field may stay empty: an empty number alone would pass."""
        if self.typed and self.process_errors:
            self.errors = list(self.process_errors)

    def row(self, key: int) -> Any:
        target = self.column.target
        wanted = select(target).where(target.id == key)
        narrowed = self.narrow() if self.narrow else None
        with db.session.no_autoflush:
            return db.session.scalar(wanted if narrowed is None else wanted.where(narrowed))

    @property
    def label_text(self) -> str:
        """The name of the record that is chosen."""
        if self.known is not None and self.data == self.object_data:
            return self.known
        if self.data is not None and (row := self.row(self.data)) is not None:
            return str(row)
        return self.typed


def lookup(column: Column, words: str, narrow: Callable[[], Any] | None, limit: int = 20) -> list[Any]:
    """Records of a foreign key's target that fit the words; under the session's scope like every other statement."""
    target = column.target
    statement, values = fitting(target, words)
    narrowed = narrow() if narrow else None
    if narrowed is not None:
        statement = statement.where(narrowed)
    order = [getattr(target, name) for name in target.labelled]
    with db.session.no_autoflush:
        return list(db.session.scalars(statement.order_by(*order, target.id).limit(limit), values))


def fitting(target: Any, words: str) -> tuple[Any, dict[str, str]]:
    """The rows of an entity that fit some words, and the values to run the statement with."""
    if not words.strip():
        return select(target), {}
    if hasattr(target, "search_text"):
        dialect = db.session.get_bind().dialect.name
        long_words, short_words = words_in(words)
        walled = scope_of(db.session()).kind is ScopeKind.PARTNER
        return select(target).where(matching(target, len(long_words), len(short_words), dialect, walled=walled)), search_values(target, words, dialect)
    label = getattr(target, target.labelled[0])
    for name in target.labelled[1:]:
        label = label + " " + getattr(target, name)
    return select(target).where(label.icontains(words.strip(), autoescape=True)), {}


def field_for(model: Any, name: str, narrow: Callable[[], Any] | None = None) -> Field:
    """The unbound form field of a column."""
    column = column_of(model, name)
    validators: list[Any] = [Required() if column.required and column.kind != "bool" else Optional()]
    if column.length:
        validators.append(LengthSaid(max=column.length))
    options: dict[str, Any] = {"label": column.label, "description": column.help or "", "validators": validators, "render_kw": {"more": column.more}}
    if column.kind == "link":
        return LookupField(**options, column=column, narrow=narrow)
    if column.kind == "choice":
        return choice_field(column, options)
    if column.kind == "names":
        return NamesField(**options)
    if column.kind == "language":
        return SelectField(**options, choices=[SelectChoice(code, facts["name"]) for code, facts in current_app.config["LANGUAGES"].items()])
    if column.kind == "categories":
        return SelectMultipleField(**options, choices=[SelectChoice(name) for name in ORIAS_CATEGORIES])
    if column.kind in ("date", "birth_date"):
        return DayField(**options | {"validators": validators + ([Checked("birth_date")] if column.kind == "birth_date" else [])})
    if column.kind in ("money", "decimal", "percent"):
        return DecimalTyped(**options, places=column.places)
    if column.kind == "number":
        return IntegerField(**options | {"validators": [*validators, Bounded()]})
    if column.kind == "bool" and column.nullable:
        return AnswerField(**options)
    if column.kind == "bool":
        return BooleanField(label=column.label, description=column.help or "", render_kw=options["render_kw"])
    if column.kind in CHECKS:
        # The length limit is checked on what was typed, so leave room for the spaces people group with.
        checked = [Required() if column.required else Optional(), LengthSaid(max=(column.length or 100) * 2), Checked(column.kind)]
        return IdentifierField(**options | {"validators": checked, "filters": [cleaned]}, kind=column.kind)
    return TextAreaField(**options, filters=[cleaned_text]) if column.kind == "text" else StringField(**options, filters=[cleaned])


def choice_field(column: Column, options: dict[str, Any]) -> Field:
    if issubclass(column.choices, Listed):
        return ListedField(**options, listed=column.choices, required=column.required or column.default is not None, fallback=column.default)
    return MembersField(**options, members=column.choices, may_be_empty=column.nullable)


def form_for(model: Any, names: list[str], narrow: dict[str, Callable[[], Any]] | None = None) -> type[HouseForm]:
    """The form class over some columns of an entity; `narrow` says which rows a foreign key may point at."""
    return made_form(model, tuple(names), tuple((narrow or {}).items()))


@remembers_words
@lru_cache(maxsize=500)
def made_form(model: Any, names: tuple[str, ...], narrow: tuple[tuple[str, Callable[[], Any]], ...]) -> type[HouseForm]:
    narrowed = dict(narrow)
    return type(f"{model.__name__}Form", (HouseForm,), {"about_oneself": False, **{name: field_for(model, name, narrowed.get(name)) for name in names}})
