"""What becomes of a line of somebody's file: its cells go through the same form and the same rules as what a person types."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from flask import current_app
from flask_babel import force_locale, gettext
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm.exc import StaleDataError
from werkzeug.datastructures import MultiDict

from app.extensions import db
from app.models import ORIAS_CATEGORIES, Import, ImportLine, ImportState, Outcome, fold, now, number_key
from app.permissions import IMPORTS, WRITE
from app.services import imports
from app.services.refusals import RuleBroken
from app.views.base import saving
from app.views.base.choices import is_offered
from app.views.base.columns import Column, column_of
from app.views.base.forms import HouseForm, fitting, form_for, lookup
from app.views.base.guards import signed_in
from app.views.base.remembered import remembers_words
from app.views.base.sheets import DANGEROUS
from app.views.base.undo import as_json, from_json

if TYPE_CHECKING:
    from app.views.base.entity import EntityView

YES, NO = {"1", "oui", "o", "yes", "y", "vrai", "true", "x"}, {"0", "non", "n", "no", "faux", "false"}
MOST_ALIKE = 200  # records whose names share all words of a line
FEW = 8  # choices that a refusal names
# Heads that other software writes, beside our own labels.
ALSO_CALLED = {
    "mail": "email", "courriel": "email", "adresse mail": "email", "adresse e-mail": "email", "email": "email", "tel": "phone", "telephone": "phone", "mobile": "phone",
    "portable": "phone", "cp": "postcode", "zip": "postcode", "ville": "city", "commune": "city", "adresse": "street", "rue": "street", "address": "street", "prenom": "first_name",
    "nom": "last_name", "nom de famille": "last_name", "surname": "last_name", "raison sociale": "name", "denomination": "name", "societe": "company_name", "orias": "orias_number",
    "n orias": "orias_number", "date naissance": "birth_date", "ne le": "birth_date", "site": "website", "site web": "website", "numero": "number", "numero contrat": "number",
    "cabinet": "partner_id", "apporteur": "partner_id", "compagnie": "supplier_id", "assureur": "supplier_id", "encours": "amount", "devise": "currency",
    "date effet": "effective_on", "date d'effet": "effective_on", "date echeance": "renews_on", "reference client": "reference", "type": "kind", "statut": "status",
}  # fmt: skip


@dataclass
class Result:
    """What a line comes to."""

    outcome: Outcome
    reason: str = ""
    key: str | None = None
    record: Any = None
    changes: dict[str, list[Any]] = field(default_factory=dict)  # {field: [before, after]}


def brings_in(view: EntityView) -> bool:
    """Whether the reader may bring a file into this list."""
    return bool(view.recognised_by) and view.frame == "staff" and view.may(WRITE) and signed_in().may(IMPORTS, WRITE)


def fields_to_import(view: EntityView) -> list[Column]:
    """The fields of the entity's form that a column of a file can go into, those of the house's own among them."""
    return [column for name in view.fields if (column := column_of(view.model, name)).kind != "names"]


def suggested(view: EntityView, heads: list[str]) -> dict[str, str]:
    """The field that each column seems to be, by its head: the label in any language, the field's name, or what others call it."""
    known = known_heads(view)
    found: dict[str, str] = {}
    for place, head in enumerate(heads):
        name = known.get(plain_head(head))
        if name and name not in found.values():
            found[str(place)] = name
    return found


def plain_head(head: str) -> str:
    return " ".join(fold(head).replace("_", " ").replace("°", " ").replace("*", " ").replace(".", " ").split())


def known_heads(view: EntityView) -> dict[str, str]:
    columns = fields_to_import(view)
    names = {column.name for column in columns}
    known = {head: name for head, name in ALSO_CALLED.items() if name in names}
    for language in current_app.config["LANGUAGES"]:
        with force_locale(language):
            known |= {plain_head(str(column.label)): column.name for column in columns}
    return known | {plain_head(column.name.removesuffix("_id")): column.name for column in columns}


# --- cells --------------------------------------------------------------------------------------


def typed(view: EntityView, column: Column, cell: str, form: MultiDict[str, str]) -> None:
    """Puts a cell into the form as a person would type it; raises RuleBroken for a word that no choice or record has."""
    text = cell[1:] if cell[:1] == "'" and cell[1:].startswith(DANGEROUS) else cell  # as our own sheets write it
    if column.kind == "link":
        form[column.name] = str(record_called(view, column, text))
    elif column.kind == "choice":
        form[column.name] = choice_called(column, text)
    elif column.kind == "bool":
        form[column.name] = answer_called(column, text)
    elif column.kind == "categories":
        form.setlist(
            column.name, [category for category in ORIAS_CATEGORIES if fold(category) in {fold(part) for part in text.replace(";", ",").replace(" ", ",").split(",")}]
        )
    else:
        form[column.name] = text


def answer_called(column: Column, text: str) -> str:
    """As the box sends it: a switch, or a choice where no answer is one too."""
    word = fold(text)
    if word not in YES | NO:
        raise RuleBroken(gettext("“%(value)s” is neither yes nor no.", value=text[:60]))
    return ("1" if word in YES else "0") if column.nullable else ("y" if word in YES else "false")


def choice_called(column: Column, text: str) -> str:
    found = words_of_choices(column.choices, tuple(current_app.config["LANGUAGES"])).get(fold(text))
    if found is None:
        offered = [str(each.label) for each in column.choices]
        words = ", ".join(offered[:FEW]) + ("…" if len(offered) > FEW else "")
        raise RuleBroken(gettext("“%(value)s” is not one of the choices: %(choices)s.", value=text[:60], choices=words))
    return found


@remembers_words
@lru_cache(maxsize=200)
def words_of_choices(choices: Any, languages: tuple[str, ...]) -> dict[str, str]:
    """Each choice by its value and by its name in every language."""
    known = {}
    for language in languages:
        with force_locale(language):
            known |= {fold(str(each.label)): each.value for each in choices}
    return known | {fold(each.value): each.value for each in choices}


def record_called(view: EntityView, column: Column, text: str) -> int:
    """The one record of this very name, SIREN, e-mail address or code."""
    wanted = fold(text)
    named = [
        each.id for each in lookup(column, text, view.narrow.get(column.name), limit=50) if wanted in {fold(str(each)), *(fold(str(value)) for value in keys_of(each))}
    ]
    if not named and text.replace(" ", "").isdigit() and hasattr(column.target, "siren"):
        named = list(db.session.scalars(select(column.target.id).where(column.target.siren == text.replace(" ", "")).limit(2)))
    if len(named) != 1:
        words = gettext("Several records are called “%(name)s”.") if named else gettext("No record is called “%(name)s”.")
        raise RuleBroken(words % {"name": text[:60]})
    return named[0]


def keys_of(record: Any) -> list[Any]:
    return [value for name in ("siren", "email", "code", "name") if (value := getattr(record, name, None))]


# --- a line -------------------------------------------------------------------------------------


def applied(view: EntityView, record: Import, line: ImportLine) -> Result:
    """Writes one line in a savepoint of its own: nothing of a refused line stays."""
    sent = {name: line.cells[int(place)] for place, name in record.columns.items() if line.cells[int(place)]}
    result = Result(Outcome.REFUSED)
    try:
        with db.session.begin_nested():
            write(view, record, line, sent, result)
    except RuleBroken as broken:
        result.outcome, result.reason, result.record = Outcome.REFUSED, said(view, broken), None
    except (IntegrityError, StaleDataError) as error:
        name = saving.field_of_violation(view.model, error) if isinstance(error, IntegrityError) else None
        words = gettext("Another record already has this value.") if name else gettext("These values do not go together. Please check them.")
        result.outcome, result.reason, result.record = Outcome.REFUSED, said(view, RuleBroken(words, name)), None
    return result


def said(view: EntityView, broken: RuleBroken) -> str:
    """Each sentence with its field's label before it."""
    sentences = {broken.field: broken.sentence, **broken.others}
    return " ".join(
        gettext("%(label)s: %(value)s", label=column_of(view.model, name).label, value=sentence) if name in view.fields else str(sentence)
        for name, sentence in sentences.items()
    )


def write(view: EntityView, record: Import, line: ImportLine, sent: dict[str, str], result: Result) -> None:
    if not sent:
        raise RuleBroken(gettext("This line is empty in the columns that you have chosen."))
    found = recognised(view, record, line, sent, result)
    initial = {} if found is not None else defaults_of(view)
    names = list(sent) if found is not None else [name for name in view.fields if name in sent or (column_of(view.model, name).required and name not in initial)]
    form = checked_form(view, names, sent, found)
    values = initial | {name: form[name].data for name in names}
    if found is None:
        found = view.model()
        saving.put(view, found, values, new=True)
        result.outcome, result.changes = Outcome.CREATED, {name: [None, as_json(values[name])] for name in sent}
    else:
        before = {name: getattr(found, name) for name in values}
        result.changes = {name: [as_json(before[name]), as_json(value)] for name, value in values.items() if before[name] != value}
        result.outcome = Outcome.CHANGED if result.changes else Outcome.UNCHANGED
        if result.changes:
            saving.put(view, found, values)
    result.record = found


def defaults_of(view: EntityView) -> dict[str, Any]:
    """What a new record starts with where the file says nothing."""
    values = {column.name: column.default for name in view.fields if (column := column_of(view.model, name)).default is not None and is_offered(column.default)}
    return values | {name: make() for name, make in view.defaults.items()}


def checked_form(view: EntityView, names: list[str], sent: dict[str, str], found: Any = None) -> HouseForm:
    """The form with these cells in it; raises RuleBroken with all that is wrong."""
    cells: MultiDict[str, str] = MultiDict()
    wrong = []
    for name in names:
        try:
            if name in sent:
                typed(view, column_of(view.model, name), sent[name], cells)
        except RuleBroken as broken:
            wrong.append(said(view, RuleBroken(broken.sentence, name)))
    form = form_for(view.model, names, view.narrow)(formdata=cells, obj=found)
    good = form.validate()
    if wrong or not good:
        wrong += [said(view, RuleBroken(str(error), name)) for name, errors in form.errors.items() if name for error in errors if not name_in(wrong, view, name)]
        raise RuleBroken(" ".join(wrong))
    return form


def name_in(wrong: list[str], view: EntityView, name: str) -> bool:
    """Whether a field has been spoken of already."""
    return any(sentence.startswith(str(column_of(view.model, name).label)) for sentence in wrong)


def recognised(view: EntityView, record: Import, line: ImportLine, sent: dict[str, str], result: Result) -> Any:
    """The record that this line is about, None when it is new; raises RuleBroken when there are several or the file has it twice."""
    names = [name for name in record.recognised.split(",") if name]
    if not names or any(name not in sent for name in names):
        return None
    try:
        form = checked_form(view, names, {name: sent[name] for name in names})
    except RuleBroken:
        return None  # said with all that is wrong on the line
    result.key = line.key = imports.digest_of([str(form[name].data) for name in names])
    db.session.flush()
    if (earlier := imports.same_before(line)) is not None:
        raise RuleBroken(gettext("Line %(number)s of this file is about the same record.", number=earlier))
    found = fitting_records(view.model, {name: form[name].data for name in names})
    if len(found) > 1:
        raise RuleBroken(gettext("Several records of the house fit this line."))
    return found[0] if found else None


def fitting_records(model: Any, values: dict[str, Any]) -> list[Any]:
    """The records with these values; capitals and accents make no difference in names and addresses. Names are looked up in the
    index that search has, identifiers and dates by themselves."""
    texts = {name: str(value) for name, value in values.items() if column_of(model, name).kind in ("line", "email")}
    if "number" in texts and hasattr(model, "number_key"):
        values, texts = values | {"number_key": number_key(texts.pop("number"))}, texts
        del values["number"]
    statement, words = fitting(model, " ".join(texts.values()))
    exact = [getattr(model, name) == value for name, value in values.items() if name not in texts]
    rows = db.session.scalars(statement.where(*exact).limit(MOST_ALIKE), words)
    return [row for row in rows if all(fold(getattr(row, name) or "") == fold(text) for name, text in texts.items())]


def taken_back(view: EntityView, line: ImportLine) -> Result:
    """Undoes what a line has done, unless somebody has worked on the record since or other records hang on it."""
    record = db.session.get(view.model, line.record_id or 0)
    if record is None:
        return Result(Outcome.TAKEN_BACK)
    if record.version != line.record_version:
        return Result(Outcome.STAYS, gettext("Somebody has changed this record since."))
    try:
        with db.session.begin_nested():
            if line.outcome is Outcome.CREATED:
                saving.remove(record)
            else:
                saving.put(view, record, {name: from_json(column_of(view.model, name), before) for name, (before, _after) in line.changes.items()})
    except RuleBroken as broken:
        return Result(Outcome.STAYS, said(view, broken))
    except (IntegrityError, StaleDataError, ValueError):
        return Result(Outcome.STAYS, gettext("Other records depend on this one."))
    return Result(Outcome.TAKEN_BACK)


# --- a piece of the file ------------------------------------------------------------------------


def advance(view: EntityView, record: Import, most: int, in_time: Callable[[], bool]) -> None:
    """Does the next lines of the present pass, as many as there is time for, and commits them together with how far it came.
    A check does them as the import would, looks at what came of it, and rolls back."""
    lines = imports.next_lines(record, most)
    reached, done = record.reached, []
    for line in lines:
        done.append((line, taken_back(view, line) if record.state is ImportState.UNDOING else applied(view, record, line)))
        if not in_time():
            break
    results = [(line.number, Snapshot.of(result)) for line, result in done]
    if record.state is ImportState.CHECKING:
        db.session.rollback()
        if record.reached != reached:
            raise StaleDataError  # another window has passed over the same lines
    finish(record, results, all_of_them=len(done) == len(lines) < most)


@dataclass(frozen=True)
class Snapshot:
    """A result without its record, which a rollback would take away."""

    result: Result
    record_id: int | None
    version: int | None
    name: str

    @classmethod
    def of(cls, result: Result) -> Snapshot:
        found = result.record
        return cls(result, found.id if found is not None else None, found.version if found is not None else None, str(found)[:200] if found is not None else "")


def finish(record: Import, results: list[tuple[int, Snapshot]], all_of_them: bool) -> None:
    lines = []
    for number, each in results:
        line = db.session.get_one(ImportLine, (record.id, number))
        line.outcome, line.reason, line.done_at = each.result.outcome, each.result.reason, now()
        if record.state is not ImportState.UNDOING:
            line.key, line.changes = each.result.key, each.result.changes
            line.record_id, line.record_version, line.record_name = each.record_id, each.version, each.name
            if record.state is ImportState.CHECKING and each.result.outcome is Outcome.CREATED:
                line.record_id = None  # its number went with the rollback
        lines.append(line)
    imports.passed(record, lines, all_of_them)
    db.session.commit()
