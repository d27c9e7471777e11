"""Answering a questionnaire and reading what was answered: the questions as form fields, what was typed as answers, answers in words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from flask import flash, redirect, render_template, request
from flask_babel import gettext, lazy_gettext as _
from sqlalchemy import select
from werkzeug.datastructures import MultiDict

from app.extensions import db
from app.models import Answers, Partner, Questionnaire, QuestionnaireKind
from app.permissions import MY_COMPANY, PARTNER_FILE, WRITE
from app.services import once, owners
from app.services.questionnaires import Definition, Question, QuestionKind, answers, said_in, versions
from app.services.questionnaires.definition import FIGURES, read
from app.services.refusals import RuleBroken
from app.views.base import EntityView, HouseView, Portal, drafts, page, signed_in
from app.views.base.days import day_typed
from app.views.base.forms import figure_box, number_typed

FEWEST_ROWS, SPARE_ROWS = 3, 2
Typed = MultiDict[str, str]
KYP = QuestionnaireKind.KNOW_YOUR_PARTNER


@dataclass(frozen=True)
class Box:
    """A question as a form shows it."""

    question: Question
    name: str
    label: str
    help: str
    held: list[str]
    error: str
    rows: list[list[tuple[str, str]]]  # of a table: (name, text) by row and column
    when: tuple[str, str, str] | None  # the name of the field it depends on, the values, and that in words

    @property
    def value(self) -> str:
        return self.held[0] if self.held else ""


@dataclass(frozen=True)
class Sheet:
    """A version as it is being answered."""

    questionnaire: Questionnaire
    definition: Definition
    sections: list[tuple[str, list[Box]]]

    @property
    def first_error(self) -> str:
        return next((box.name for _title, boxes in self.sections for box in boxes if box.error), "")


def sheet(questionnaire: Questionnaire, typed: Typed, wrong: dict[str, Any] | None = None) -> Sheet:
    definition = read(questionnaire.content)
    return Sheet(questionnaire, definition, sections_of(definition, typed, wrong or {}))


def sections_of(definition: Definition, typed: Typed, wrong: dict[str, Any]) -> list[tuple[str, list[Box]]]:
    return [(said_in(section.text), [box_of(definition, question, typed, wrong) for question in section.questions]) for section in definition.sections]


def box_of(definition: Definition, question: Question, typed: Typed, wrong: dict[str, Any]) -> Box:
    name = f"q_{question.key}"
    rows = table_rows(question, typed) if question.kind is QuestionKind.TABLE else []
    return Box(question, name, said_in(question.text), said_in(question.help), typed.getlist(name), str(wrong.get(name, "")), rows, condition_words(definition, question))


def condition_words(definition: Definition, question: Question) -> tuple[str, str, str] | None:
    if question.condition is None or (before := definition.question(question.condition[0])) is None:
        return None
    wanted = [option for option in before.options if option.key in question.condition[1]]
    answers_wanted = ", ".join(said_in(option.text) for option in wanted)
    words = gettext("If you answered “%(question)s” with: %(answers)s", question=said_in(before.text), answers=answers_wanted)
    return f"q_{before.key}", " ".join(option.key for option in wanted), words


def table_rows(question: Question, typed: Typed) -> list[list[tuple[str, str]]]:
    """The boxes of a table: the rows that hold something, and some to spare."""

    def row(number: int) -> list[tuple[str, str]]:
        return [(name := f"q_{question.key}_{number}_{column.key}", typed.get(name, "")) for column in question.columns]

    last = max((number for number in range(MOST_TYPED) if any(text.strip() for _name, text in row(number))), default=-1)
    return [row(number) for number in range(max(FEWEST_ROWS, last + 1 + SPARE_ROWS))]


MOST_TYPED = 40  # rows that are read from a form; the service says how many are kept


def typed_of(values: answers.Values) -> Typed:
    """Kept answers as somebody would have typed them, to begin the next ones with."""
    typed: Typed = MultiDict()
    for key, value in values.items():
        if isinstance(value, list) and value and isinstance(value[0], dict):
            for number, row in enumerate(value):
                for column, text in row.items():
                    typed.add(f"q_{key}_{number}_{column}", text)
        elif isinstance(value, list):
            for each in value:
                typed.add(f"q_{key}", each)
        else:
            typed.add(f"q_{key}", value)
    return typed


def shown_as_typed(definition: Definition, values: answers.Values) -> Typed:
    """The same with figures and days the way the reader writes them."""
    typed = typed_of(values)
    for question in definition.questions():
        held = values.get(question.key)
        if held and question.kind in FIGURES:
            typed[f"q_{question.key}"] = figure_box(Decimal(held))
        elif held and question.kind is QuestionKind.DATE:
            typed[f"q_{question.key}"] = f"{date.fromisoformat(held):%d/%m/%Y}"
    return typed


def read_typed(definition: Definition, typed: Typed) -> tuple[answers.Values, dict[str, Any]]:
    """What was typed as answers, and a sentence for each field that cannot be read."""
    values: answers.Values = {}
    wrong: dict[str, Any] = {}
    for question in definition.questions():
        name = f"q_{question.key}"
        text = typed.get(name, "").replace("\x00", "").strip()
        try:
            if question.kind is QuestionKind.SEVERAL:
                values[question.key] = typed.getlist(name)
            elif question.kind is QuestionKind.TABLE:
                rows = range(MOST_TYPED)
                values[question.key] = [{column.key: typed.get(f"{name}_{row}_{column.key}", "").replace("\x00", "") for column in question.columns} for row in rows]
            elif text and question.kind in FIGURES:
                values[question.key] = f"{number_typed(text[:40], 2):f}"
            elif text and question.kind is QuestionKind.DATE:
                values[question.key] = day_of(text)
            else:
                values[question.key] = text
        except ValueError as fault:
            wrong[name] = str(fault)
    return values, wrong


def day_of(text: str) -> date:
    try:
        found = day_typed(text[:40])
    except (ValueError, KeyError, OverflowError):
        raise ValueError(gettext("This is not a date. Write it like 31/12/2026.")) from None
    if not 1900 <= found.year <= 2200:
        raise ValueError(gettext("A date lies between 1900 and 2200."))
    return found


def refusals_of(definition: Definition, typed: Typed) -> tuple[answers.Values, dict[str, Any]]:
    """The answers, and everything that is wrong with them by field: what cannot be read and what the rules refuse."""
    values, wrong = read_typed(definition, typed)
    asked = {f"q_{question.key}" for question in answers.asked(definition, values)}
    wrong = {name: sentence for name, sentence in wrong.items() if name in asked}
    try:
        values = answers.checked(definition, values)
    except RuleBroken as refusal:
        told = {**({refusal.field: refusal.sentence} if refusal.field else {}), **refusal.others}
        wrong = {**told, **wrong}
    return values, wrong


def contradicting(partner_id: int, values: answers.Values) -> dict[str, Any]:
    """An answer that the partner's own file contradicts, by its field."""
    if values.get("exposed") == "no" and owners.are_exposed(partner_id):
        return {"q_exposed": _("You have named a beneficial owner who is politically exposed: please answer yes, or correct the owner.")}
    return {}


def questionnaire_shown(kind: QuestionnaireKind) -> Questionnaire | None:
    """The version that the form was opened with, valid for a while when another one has been published since; else the one in force."""
    sent = request.form.get("questionnaire", "")
    if sent.isdecimal() and len(sent) < 10:
        shown = db.session.get(Questionnaire, int(sent))
        if shown is not None and shown.kind is kind and versions.can_be_answered(shown):
            return shown
    return versions.in_force(kind)


class AnswersView(EntityView):
    """What partners have answered, version by version; nobody changes it."""

    model, access, slug, icon = Answers, PARTNER_FILE, "answers", "ui-checks"
    list_columns = ["created_at", "partner", "score", "by"]
    filters = ["partner_id", "created_at"]
    sort = ["created_at"]
    form = {}
    show = {_("Answers"): ["partner", "created_at", "by"]}
    adds = edits = deletes = False
    show_template = portal_show_template = "questionnaires/answers.html"
    portal = Portal(access=MY_COMPANY, list_columns=["created_at", "by"], show={_("Answers"): ["created_at", "by"]}, icon="ui-checks", adds=False)


class PortalQuestionnaireView(HouseView):
    """A partner answers anew: what it said before stays as it was."""

    access, frame, route_base = MY_COMPANY, "portal", "/portal/questionnaire"

    @page("/", needs=WRITE, methods=("GET", "POST"))
    def answer(self) -> Any:
        shown = questionnaire_shown(KYP)
        if shown is None:
            flash(gettext("There is no questionnaire at the moment."), "warn")
            return redirect("/portal/profile/")
        partner_id = signed_in().partner_id or 0
        typed, wrong, told = request.form, {}, ""
        if request.method == "POST":
            values, wrong = refusals_of(read(shown.content), typed)
            wrong = wrong or contradicting(partner_id, values)
            if not wrong:
                try:
                    once.claim(request.form.get("one_time"), signed_in().id)
                    partner = db.first_or_404(select(Partner).where(Partner.id == partner_id))
                    answers.answer(partner, shown, values, signed_in().name)
                    db.session.commit()
                    drafts.done()
                    flash(gettext("Your answers have been saved."), "good")
                    return redirect("/portal/profile/#knowledge")
                except once.AlreadyDone:
                    return redirect("/portal/profile/#knowledge")
                except RuleBroken as refusal:
                    db.session.rollback()
                    told, shown = str(refusal.sentence), questionnaire_shown(KYP) or shown
        else:
            before = answers.latest(partner_id, KYP)
            typed = drafts.typed() or (shown_as_typed(read(before.questionnaire.content), before.values) if before else MultiDict())
        return render_template(
            "questionnaires/answer.html", told=told, sheet=sheet(shown, typed, wrong), draft=drafts.begun(), one_time=once.new_token()
        ), 422 if wrong or told else 200
