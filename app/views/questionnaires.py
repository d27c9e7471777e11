"""Questionnaires as compliance keeps them: the version in force, the next one in preparation, and a rehearsal of either."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import abort, flash, redirect, render_template, request
from flask_babel import gettext
from sqlalchemy import select

from app.extensions import db
from app.models import Questionnaire, QuestionnaireKind
from app.permissions import QUESTIONNAIRES, WRITE
from app.services import once
from app.services.questionnaires import Definition, Question, QuestionKind, answers, reading, versions
from app.services.questionnaires.definition import CHOICES, Words, read
from app.services.refusals import STALE, RuleBroken
from app.views import answering, question_form
from app.views.base import HouseView, page, signed_in

Edit = Callable[[Definition], Definition]


def kind_named(name: str) -> QuestionnaireKind:
    return next((kind for kind in QuestionnaireKind if kind.value == name), None) or abort(404)


def numbered(kind: QuestionnaireKind, number: str) -> Questionnaire:
    if not number.isdecimal() or len(number) > 6:
        abort(404)
    return db.first_or_404(select(Questionnaire).where(Questionnaire.kind == kind, Questionnaire.number == int(number)))


def mark() -> int:
    """The state of the version that a form was opened with."""
    sent = request.form.get("mark", "")
    return int(sent) if sent.isdecimal() and len(sent) < 10 else -1


class QuestionnairesView(HouseView):
    access, route_base = QUESTIONNAIRES, "/questionnaires"

    @page("/")
    def list(self) -> str:
        held = [(kind, versions.in_force(kind), versions.in_preparation(kind)) for kind in QuestionnaireKind]
        return render_template("questionnaires/list.html", held=held, count=lambda row: len([*read(row.content).questions()]))

    @page("/<name>/")
    def show(self, name: str) -> Any:
        """The version in preparation, where there is one; else the one in force."""
        kind = kind_named(name)
        return self.screen(kind, versions.in_preparation(kind) or versions.in_force(kind) or abort(404))

    @page("/<name>/versions/<number>")
    def version(self, name: str, number: str) -> Any:
        kind = kind_named(name)
        row = numbered(kind, number)
        return self.screen(kind, row if row.published_at is not None else abort(404))

    def screen(self, kind: QuestionnaireKind, row: Questionnaire, refusal: RuleBroken | None = None) -> Any:
        edits = row.published_at is None and signed_in().may(QUESTIONNAIRES, WRITE)
        return render_template(
            "questionnaires/show.html",
            kind=kind,
            row=row,
            definition=read(row.content),
            published=versions.published(kind),
            waits=versions.in_preparation(kind),
            edits=edits,
            may_write=signed_in().may(QUESTIONNAIRES, WRITE),
            refusal=refusal,
            one_time=once.new_token(),
            condition_words=answering.condition_words,
        ), (409 if refusal.sentence == STALE else 422) if refusal else 200

    def deed(self, name: str, do: Callable[[QuestionnaireKind], Any], done: str, where: str = "") -> Any:
        """Runs one verb on the version in preparation and comes back; a refusal is said on the page."""
        kind = kind_named(name)
        try:
            once.claim(request.form.get("one_time"), signed_in().id)
            do(kind)
            db.session.commit()
            flash(done, "good")
        except once.AlreadyDone:
            pass
        except RuleBroken as refusal:
            db.session.rollback()
            return self.screen(kind, versions.in_preparation(kind) or versions.in_force(kind) or abort(404), refusal)
        return redirect(where or f"/questionnaires/{name}/")

    def edit(self, name: str, change: Edit, done: str) -> Any:
        return self.deed(name, lambda kind: versions.change(self.prepared(kind), mark(), change, signed_in().name), done)

    def prepared(self, kind: QuestionnaireKind) -> Questionnaire:
        found = versions.in_preparation(kind)
        if found is None:
            raise RuleBroken(STALE)
        return found

    @page("/<name>/begin", needs=WRITE, methods=("POST",))
    def begin(self, name: str) -> Any:
        return self.deed(
            name, lambda kind: versions.prepare_next(kind, signed_in().name), gettext("The next version is in preparation. Nobody is asked it before you publish it.")
        )

    @page("/<name>/publish", needs=WRITE, methods=("POST",))
    def publish(self, name: str) -> Any:
        done = gettext("This version is in force for whoever answers from now on.")
        return self.deed(name, lambda kind: versions.publish(self.prepared(kind), mark(), signed_in().name), done)

    @page("/<name>/discard", needs=WRITE, methods=("POST",))
    def discard(self, name: str) -> Any:
        return self.deed(name, lambda kind: versions.discard(self.prepared(kind), mark()), gettext("The version in preparation has been discarded."))

    @page("/<name>/sections", needs=WRITE, methods=("POST",))
    def sections(self, name: str) -> Any:
        """Adds a section, renames one, or takes an empty one away."""
        key, words = request.form.get("section", "")[:20], question_form.words("text")
        if request.form.get("deed") == "remove":
            return self.edit(name, lambda definition: versions.without_section(definition, key), gettext("The section has been removed."))
        return self.edit(name, lambda definition: versions.with_section(definition, question_form.section(key, words)), gettext("The section has been saved."))

    @page("/<name>/questions/<key>/move", needs=WRITE, methods=("POST",))
    def move(self, name: str, key: str) -> Any:
        by = -1 if request.form.get("deed") == "up" else 1
        return self.edit(name, lambda definition: versions.moved(definition, key, by), gettext("The question has been moved."))

    @page("/<name>/questions/<key>/remove", needs=WRITE, methods=("POST",))
    def remove(self, name: str, key: str) -> Any:
        return self.edit(name, lambda definition: versions.without(definition, key), gettext("The question has been removed."))

    @page("/<name>/questions/<key>", needs=WRITE, methods=("GET", "POST"))
    def question(self, name: str, key: str) -> Any:
        """A question, or a new one (`key` is "new", the address names its section)."""
        kind = kind_named(name)
        row = versions.in_preparation(kind)
        definition = read(row.content) if row is not None else Definition()
        held = definition.question(key)
        section = request.values.get("section", "")[:20]
        is_there = held is not None or (key == "new" and section in [each.key for each in definition.sections])
        if not is_there and request.method == "GET":
            abort(404)
        refusal, shown = None, held
        if request.method == "POST":
            try:
                if row is None or not is_there:
                    raise RuleBroken(STALE)
                shown = question_form.read(held)
                once.claim(request.form.get("one_time"), signed_in().id)
                made: Question = shown
                versions.change(row, mark(), lambda definition: versions.put(definition, section, made), signed_in().name)
                db.session.commit()
                flash(gettext("The question has been saved."), "good")
                return redirect(f"/questionnaires/{name}/#{made.key}")
            except once.AlreadyDone:
                return redirect(f"/questionnaires/{name}/")
            except RuleBroken as broken:
                db.session.rollback()
                refusal, row = broken, versions.in_preparation(kind)
                definition = read(row.content) if row is not None else Definition()
        return render_template(
            "questionnaires/question.html",
            kind=kind,
            key=key,
            section=section,
            held=held,
            boxes=question_form.boxes(shown if request.method == "GET" else None),
            kinds=QuestionKind,
            conditions=before(definition, key, section),
            levels=definition.levels,
            mark=row.version if row is not None else 0,
            refusal=refusal,
            one_time=once.new_token(),
        ), (409 if refusal.sentence == STALE else 422) if refusal else 200

    @page("/<name>/classes", needs=WRITE, methods=("GET", "POST"))
    def classes(self, name: str) -> Any:
        kind = kind_named(name)
        row = versions.in_preparation(kind)
        if row is None and request.method == "GET":
            abort(404)
        refusal = None
        if request.method == "POST":
            try:
                row = self.prepared(kind)
                levels = question_form.levels(read(row.content))
                once.claim(request.form.get("one_time"), signed_in().id)
                versions.change(row, mark(), lambda definition: versions.with_levels(definition, levels), signed_in().name)
                db.session.commit()
                flash(gettext("The classes have been saved."), "good")
                return redirect(f"/questionnaires/{name}/")
            except once.AlreadyDone:
                return redirect(f"/questionnaires/{name}/")
            except RuleBroken as broken:
                db.session.rollback()
                refusal, row = broken, versions.in_preparation(kind)
        boxes = question_form.level_boxes(read(row.content) if row is not None else Definition())
        facts = {
            "kind": kind,
            "boxes": boxes,
            "tones": question_form.TONES,
            "mark": row.version if row is not None else 0,
            "refusal": refusal,
            "one_time": once.new_token(),
        }
        return render_template("questionnaires/classes.html", **facts), (409 if refusal.sentence == STALE else 422) if refusal else 200

    @page("/<name>/rules", needs=WRITE, methods=("GET", "POST"))
    def rules(self, name: str) -> Any:
        """Which answers contradict each other, and how long they are good for."""
        kind = kind_named(name)
        row = versions.in_preparation(kind)
        if row is None and request.method == "GET":
            abort(404)
        refusal = None
        if request.method == "POST":
            try:
                row = self.prepared(kind)
                contradictions, review = question_form.rules()
                once.claim(request.form.get("one_time"), signed_in().id)
                versions.change(row, mark(), lambda definition: versions.with_rules(definition, contradictions, review), signed_in().name)
                db.session.commit()
                flash(gettext("The contradictions have been saved."), "good")
                return redirect(f"/questionnaires/{name}/")
            except once.AlreadyDone:
                return redirect(f"/questionnaires/{name}/")
            except RuleBroken as broken:
                db.session.rollback()
                refusal, row = broken, versions.in_preparation(kind)
        definition = read(row.content) if row is not None else Definition()
        facts = {
            "kind": kind,
            "boxes": question_form.rule_boxes(definition),
            "choices": before(definition, "", ""),
            "mark": row.version if row is not None else 0,
            "refusal": refusal,
            "one_time": once.new_token(),
        }
        return render_template("questionnaires/rules.html", **facts), (409 if refusal.sentence == STALE else 422) if refusal else 200

    @page("/<name>/rehearsal/<number>", methods=("GET", "POST"))
    def rehearse(self, name: str, number: str) -> Any:
        """What score would these answers give? Nothing is kept."""
        kind = kind_named(name)
        row = numbered(kind, number)
        definition, found, wrong = read(row.content), None, {}
        if request.method == "POST":
            values, wrong = answering.refusals_of(definition, request.form)
            if not wrong:
                found = reading.outcome_words(definition, answers.outcome(definition, values), values)
        sheet = answering.sheet(row, request.form, wrong)
        return render_template("questionnaires/rehearsal.html", kind=kind, row=row, sheet=sheet, found=found), 422 if wrong else 200


def before(definition: Definition, key: str, section_key: str) -> list[tuple[Words, list[tuple[str, Words]]]]:
    """The answers that a question may depend on: those of the questions with choices that stand before it; before the end of its
    section, for a new one."""
    found = []
    for section in definition.sections:
        for question in section.questions:
            if question.key == key:
                return found
            if question.kind in CHOICES:
                found.append((question.text, [(f"{question.key}:{option.key}", option.text) for option in question.options]))
        if key == "new" and section.key == section_key:
            return found
    return found
