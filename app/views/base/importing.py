"""What becomes of a line of somebody's file: its cells go through the same form and the same rules as what a person types."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from flask import current_app
from flask_babel import force_locale, gettext
from sqlalchemy import case, func, select
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.orm import load_only
from sqlalchemy.orm.exc import StaleDataError
from werkzeug.datastructures import MultiDict

from app.extensions import db
from app.models import ORIAS_CATEGORIES, Import, ImportLine, ImportState, Outcome, fold, now, number_key
from app.permissions import IMPORTS, WRITE
from app.services import imports
from app.services.refusals import RuleBroken
from app.views.base import saving
from app.views.base.columns import Column, column_of
from app.views.base.forms import HouseForm, fitting, form_for, lookup
from app.views.base.guards import signed_in
from app.views.base.import_columns import fields_to_import
from app.views.base.remembered import remembers_words
from app.views.base.sheets import DANGEROUS
from app.views.base.undo import as_json, from_json

if TYPE_CHECKING:
    from app.views.base.entity import EntityView

DIGITS = {"postcode": 5, "siren": 9, "orias_number": 8, "phone": 10}  # in France; a spreadsheet drops the zero in front
HERE = {"fr", "fra", "france"}
LONGEST_NAME = 200  # characters
YES, NO = {"1", "oui", "o", "yes", "y", "vrai", "true", "x"}, {"0", "non", "n", "no", "faux", "false"}
MOST_ALIKE = 200  # records whose names share all words of a line
FEW = 8  # choices that a refusal names


class ComesWithTheFile(Exception):
    """A line names a record that an earlier line of the same file brings: a check cannot find it yet, the import will."""


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


# --- cells --------------------------------------------------------------------------------------


def typed(view: EntityView, column: Column, cell: str, form: MultiDict[str, str], line: ImportLine) -> None:
    """Puts a cell into the form as a person would type it; raises RuleBroken for a word that no choice or record has."""
    text = cell[1:] if cell[:1] == "'" and cell[1:].startswith(DANGEROUS) else cell  # as our own sheets write it
    if column.kind == "link":
        form[column.name] = str(record_called(view, column, text, line))
    elif column.kind == "choice":
        form[column.name] = choice_called(column, text)
    elif column.kind == "bool":
        form[column.name] = answer_called(column, text)
    elif column.kind == "categories":
        form.setlist(column.name, categories_called(text))
    else:
        form[column.name] = text


def categories_called(text: str) -> list[str]:
    parts = text.replace(";", ",").replace(" ", ",").upper().split(",")
    unknown = next((part for part in parts if part and part not in ORIAS_CATEGORIES), None)
    if unknown:
        raise RuleBroken(gettext("“%(value)s” is not one of the choices: %(choices)s.", value=unknown[:60], choices=", ".join(ORIAS_CATEGORIES)))
    return [part for part in parts if part]


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


def record_called(view: EntityView, column: Column, text: str, line: ImportLine) -> int:
    """The one record of this very name, SIREN, e-mail address or code."""
    wanted = fold(text)
    alike = lookup(column, text, view.narrow.get(column.name), limit=50) if len(text) <= LONGEST_NAME else []
    named = [each.id for each in alike if wanted in {fold(str(each)), *(fold(str(value)) for value in keys_of(each))}]
    if not named and text.replace(" ", "").isdigit() and hasattr(column.target, "siren"):
        named = list(db.session.scalars(select(column.target.id).where(column.target.siren == text.replace(" ", "")[:9]).limit(2)))
    if not named and column.target is view.model and imports.will_be_there(line, text):
        raise ComesWithTheFile
    if len(named) != 1:
        words = gettext("Several records are called “%(name)s”.") if named else gettext("No record is called “%(name)s”.")
        raise RuleBroken(words % {"name": text[:60]})
    return named[0]


def keys_of(record: Any) -> list[Any]:
    return [value for name in ("siren", "email", "code", "name") if (value := getattr(record, name, None))]


# --- a line -------------------------------------------------------------------------------------


def applied(view: EntityView, record: Import, line: ImportLine) -> Result:
    """Writes one line in a savepoint of its own: nothing of a refused line stays."""
    result = Result(Outcome.REFUSED)
    try:
        sent = cells_of(view, record, line)
        with db.session.begin_nested():
            write(view, record, line, sent, result)
        return result
    except ComesWithTheFile:
        return Result(Outcome.CREATED, changes={name: [None, cell] for name, cell in sent.items() if column_of(view.model, name).kind in ("line", "email")})
    except RuleBroken as broken:
        reason = said(view, broken)
    except (IntegrityError, StaleDataError) as error:
        name = saving.field_of_violation(view.model, error) if isinstance(error, IntegrityError) else None
        words = gettext("Another record already has this value.") if name else gettext("These values do not go together. Please check them.")
        reason = said(view, RuleBroken(words, name))
    except Exception as error:  # a cell that nobody foresaw must not hold up the lines behind it
        reason = unforeseen(error)
    return Result(Outcome.REFUSED, reason)


def unforeseen(error: Exception) -> str:
    """The sentence for what went wrong on our side; the connection's own faults go on, for then nothing can be written at all."""
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        raise error
    current_app.logger.exception("a line of a file could not be read")
    return gettext("Something went wrong on our side with this line. It has been noted.")


def cells_of(view: EntityView, record: Import, line: ImportLine) -> dict[str, str]:
    """The filled cells by their field, with the zeros that a spreadsheet takes away."""
    if len(line.cells) > len(record.heads):
        raise RuleBroken(gettext("This line has more cells than there are columns: perhaps a separator stands within one of them."))
    gone = next((place for place, name in record.columns.items() if name not in view.fields), None)
    if gone is not None:
        raise RuleBroken(gettext("The field that the column “%(head)s” went into is no longer there.", head=record.heads[int(gone)]))
    sent = {name: line.cells[int(place)] for place, name in record.columns.items() if line.cells[int(place)]}
    abroad = "country" in sent and fold(sent["country"]) not in HERE
    for name, width in DIGITS.items():
        if name in sent and sent[name].isdigit() and len(sent[name]) == width - 1 and not abroad:
            sent[name] = f"0{sent[name]}"
    return sent


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
    initial = {} if found is not None else view.starting_values()
    names = list(sent) if found is not None else [name for name in view.fields if name in sent or (column_of(view.model, name).required and name not in initial)]
    form = checked_form(view, line, names, sent, found)
    values = initial | {name: form[name].data for name in names}
    if found is None:
        found = view.model()
        saving.put(view, found, values, new=True)
        result.outcome, result.changes = Outcome.CREATED, {name: [None, as_json(values[name])] for name in sent}
    else:
        before = {name: getattr(found, name) for name in view.fields}
        result.outcome = Outcome.CHANGED if any(before[name] != value for name, value in values.items()) else Outcome.UNCHANGED
        if result.outcome is Outcome.CHANGED:
            saving.put(view, found, values)
            after = {name: getattr(found, name) for name in view.fields}  # a rule may have changed more than the file says
            result.changes = {name: [as_json(before[name]), as_json(after[name])] for name in view.fields if before[name] != after[name]}
    result.record = found


def checked_form(view: EntityView, line: ImportLine, names: list[str], sent: dict[str, str], found: Any = None) -> HouseForm:
    """The form with these cells in it; raises RuleBroken with all that is wrong."""
    cells: MultiDict[str, str] = MultiDict()
    wrong = []
    for name in names:
        try:
            if name in sent:
                typed(view, column_of(view.model, name), sent[name], cells, line)
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
        form = checked_form(view, line, names, {name: sent[name] for name in names})
    except RuleBroken:
        return None  # said with all that is wrong on the line
    values = identity(view.model, {name: form[name].data for name in names})
    result.key = line.key = imports.digest_of([str(value) for value in values.values()])
    db.session.flush()
    if (earlier := imports.same_before(line)) is not None:
        raise RuleBroken(gettext("Line %(number)s of this file is about the same record.", number=earlier))
    found = fitting_records(view.model, values)
    if len(found) > 1:
        raise RuleBroken(gettext("Several records of the house fit this line."))
    return found[0] if found else None


def identity(model: Any, values: dict[str, Any]) -> dict[str, Any]:
    """The same with a contract's number as suppliers mean it, whatever dashes and spaces it is written with."""
    if "number" in values and hasattr(model, "number_key"):
        return {name: value for name, value in values.items() if name != "number"} | {"number_key": number_key(values["number"])}
    return values


def fitting_records(model: Any, values: dict[str, Any]) -> list[Any]:
    """The records with these values; capitals and accents make no difference in names and addresses. Names are looked up in the
    index that search has, identifiers and dates by themselves."""
    texts = {name: str(value) for name, value in values.items() if name != "number_key" and column_of(model, name).kind in ("line", "email")}
    statement, words = fitting(model, " ".join(texts.values()))
    exact = [getattr(model, name) == value for name, value in values.items() if name not in texts]
    nearest = [case((func.lower(getattr(model, name)) == text.lower(), 0), else_=1) for name, text in texts.items()]  # before all that only share the words
    rows = db.session.scalars(statement.where(*exact).order_by(*nearest, model.id).limit(MOST_ALIKE), words)
    return [row for row in rows if all(fold(getattr(row, name) or "") == fold(text) for name, text in texts.items())]


def taken_back(view: EntityView, line: ImportLine) -> Result:
    """Undoes what a line has done, unless somebody has worked on the record since or other records hang on it."""
    record = db.session.get(view.model, line.record_id or 0)
    is_new = line.outcome is Outcome.CREATED
    if record is None or (is_new and line.done_at is not None and record.created_at > line.done_at):
        return Result(Outcome.TAKEN_BACK)  # gone already; its number may have gone to a record made since
    if record.version != line.record_version:
        return Result(Outcome.STAYS, gettext("This record has been changed since."))
    try:
        with db.session.begin_nested():
            if is_new:
                if used := saving.still_used(record, with_its_own=True):
                    raise RuleBroken(used)
                saving.remove(record)
            else:
                there = {name: before for name, (before, _after) in line.changes.items() if name in view.fields}
                saving.put(view, record, {name: from_json(column_of(view.model, name), before) for name, before in there.items()})
        return Result(Outcome.TAKEN_BACK)
    except RuleBroken as broken:
        reason = said(view, broken)
    except (IntegrityError, StaleDataError):
        reason = gettext("Other records depend on this one.")
    except Exception as error:
        reason = unforeseen(error)
    return Result(Outcome.STAYS, reason)


def pointed_at_by(view: EntityView, lines: list[ImportLine]) -> list[Any]:
    """The records that these lines point at, one statement for each kind: as long as they are held, their names are at hand."""
    found: list[Any] = []
    for column in (column for column in fields_to_import(view) if column.kind == "link"):
        keys = {key for line in lines for key in line.changes.get(column.name, ()) if isinstance(key, int)}
        if keys:
            names = [getattr(column.target, name) for name in column.target.labelled]
            found += db.session.scalars(select(column.target).where(column.target.id.in_(keys)).options(load_only(*names)))
    return found


# --- a piece of the file ------------------------------------------------------------------------


def advance(view: EntityView, record: Import, most: int, in_time: Callable[[], bool]) -> None:
    """Does the next lines of the present pass, as many as there is time for, and commits them together with how far it came.
    A check does them as the import would, looks at what came of it, and rolls back."""
    lines = imports.next_lines(record, most)
    place, done = (record.state, record.version), []
    for line in lines:
        done.append((line, taken_back(view, line) if record.state is ImportState.UNDOING else applied(view, record, line)))
        if not in_time():
            break
    results = [(line.number, Snapshot.of(result)) for line, result in done]
    if record.state is ImportState.CHECKING:
        db.session.rollback()
        if (record.state, record.version) != place:
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
    numbers = [number for number, _each in results]
    held = {line.number: line for line in db.session.scalars(select(ImportLine).where(ImportLine.import_id == record.id, ImportLine.number.in_(numbers)))}
    for number, each in results:
        line = held[number]
        line.outcome, line.reason, line.done_at = each.result.outcome, each.result.reason, now()
        if record.state is not ImportState.UNDOING:
            line.key = each.result.key if each.result.outcome is not Outcome.REFUSED else None
            line.changes = each.result.changes
            line.record_id, line.record_version, line.record_name = each.record_id, each.version, each.name
            if record.state is ImportState.CHECKING and each.result.outcome is Outcome.CREATED:
                line.record_id = None  # its number went with the rollback
    imports.passed(record, numbers, all_of_them)
    db.session.commit()
