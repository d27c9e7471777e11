"""Versions of a questionnaire: the one in force, the one being prepared, and how the second becomes the first."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from itertools import combinations

from flask import current_app
from flask_babel import lazy_gettext as _
from sqlalchemy import Select, func, select
from sqlalchemy.exc import IntegrityError

from app.extensions import db
from app.models import Questionnaire, QuestionnaireKind, now
from app.services.questionnaires.definition import CHOICES, Contradiction, Definition, Level, Question, QuestionKind, Section, read, said_in, written
from app.services.refusals import STALE, RuleBroken

MOST_QUESTIONS = 100


def newest(kind: QuestionnaireKind) -> Select[Questionnaire]:
    """The newest published version, to be read on any session."""
    wanted = select(Questionnaire).where(Questionnaire.kind == kind, Questionnaire.published_at.is_not(None))
    return wanted.order_by(Questionnaire.number.desc()).limit(1)


def in_force(kind: QuestionnaireKind) -> Questionnaire | None:
    """The version that is asked today."""
    return db.session.scalar(newest(kind))


GRACE = timedelta(days=1)


def can_be_answered(row: Questionnaire) -> bool:
    """Whether a form that shows this version may still be sent: the one in force, or the one before for a day, for whoever had it open
    when the next one came. Nobody chooses the questions that suit."""
    if row.published_at is None:
        return False
    newer = select(func.min(Questionnaire.published_at)).where(Questionnaire.kind == row.kind, Questionnaire.number > row.number)
    since = db.session.scalar(newer.where(Questionnaire.published_at.is_not(None)))
    return since is None or since > now() - GRACE


def published(kind: QuestionnaireKind) -> list[Questionnaire]:
    wanted = select(Questionnaire).where(Questionnaire.kind == kind, Questionnaire.published_at.is_not(None))
    return list(db.session.scalars(wanted.order_by(Questionnaire.number.desc())))


def in_preparation(kind: QuestionnaireKind) -> Questionnaire | None:
    return db.session.scalar(select(Questionnaire).where(Questionnaire.kind == kind, Questionnaire.published_at.is_(None)))


def prepare_next(kind: QuestionnaireKind, by: str) -> Questionnaire:
    """The version being prepared; begun as a copy of the one in force, if there is none yet."""
    held = in_preparation(kind)
    if held is not None:
        return held
    before = in_force(kind)
    number = (db.session.scalar(select(func.max(Questionnaire.number)).where(Questionnaire.kind == kind)) or 0) + 1
    row = Questionnaire(kind=kind, number=number, content=before.content if before else written(Definition()), by=by)
    db.session.add(row)
    try:
        db.session.flush()
    except IntegrityError:  # somebody else has begun at the same moment
        db.session.rollback()
        raise RuleBroken(STALE) from None
    return row


def change(row: Questionnaire, mark: int, edit: Callable[[Definition], Definition], by: str) -> None:
    """Changes the version being prepared, if it still is the one that was shown (`mark`). Raises RuleBroken."""
    if row.published_at is not None or row.version != mark:
        raise RuleBroken(STALE)
    definition = edit(read(row.content))
    check(definition)
    row.content, row.by = written(definition), by
    db.session.flush()


def publish(row: Questionnaire, mark: int, by: str) -> None:
    """Puts a version in force for whoever answers from now on. What was shown before can still be answered."""
    if row.published_at is not None or row.version != mark:
        raise RuleBroken(STALE)
    definition = read(row.content)
    check(definition)
    if not list(definition.questions()):
        raise RuleBroken(_("There is no question yet."))
    if not definition.levels:
        raise RuleBroken(_("There is no class yet."))
    refuse_untranslated(definition)
    if row.kind is QuestionnaireKind.QPR:
        refuse_unsafe(definition)
    row.published_at, row.by = now(), by
    db.session.flush()


def refuse_untranslated(definition: Definition) -> None:
    """Raises RuleBroken while words that somebody will read are missing in one of the house's languages."""
    languages = current_app.config["LANGUAGES"]
    texts = [*(section.text for section in definition.sections), *(level.text for level in definition.levels)]
    texts += [contradiction.text for contradiction in definition.contradictions]
    named = [(text, said_in(text)) for text in texts]
    for question in definition.questions():
        parts = [*(option.text for option in question.options), *(column.text for column in question.columns)]
        named += [(text, said_in(question.text)) for text in (question.text, *parts)]
    named += [(question.help, said_in(question.text)) for question in definition.questions() if question.help]
    for words, name in named:
        missing = [facts["name"] for code, facts in languages.items() if not words.get(code)]
        if missing:
            raise RuleBroken(_("“%(name)s” is not complete in: %(languages)s.", name=name[:80], languages=", ".join(missing)))


def refuse_unsafe(definition: Definition) -> None:
    """In a risk profile a safer answer, one of fewer points, never leads to a higher class. Raises RuleBroken for a question by which
    it could."""
    places = {level.key: place for place, level in enumerate(sorted(definition.levels, key=lambda level: level.least))}
    for question in definition.questions():
        scored = any(option.points for option in question.options) or bool(question.bands)
        if scored and (question.weight < 0 or question.condition is not None):
            raise RuleBroken(
                _("“%(question)s” counts points and is not asked of everybody: a safer answer elsewhere could raise the class.", question=said_in(question.text)[:80])
            )
        bounds = [(option.points, places.get(option.ceiling, len(places)), places.get(option.floor, 0)) for option in question.options]
        for one, other in combinations(sorted(bounds), 2):
            if one[0] < other[0] and (one[1] > other[1] or one[2] > other[2]):
                raise RuleBroken(_("In “%(question)s”, an answer of fewer points leads to a higher class than one of more.", question=said_in(question.text)[:80]))


def discard(row: Questionnaire, mark: int) -> None:
    if row.published_at is not None or row.version != mark:
        raise RuleBroken(STALE)
    db.session.delete(row)
    db.session.flush()


# --- edits ----------------------------------------------------------------------------------------


def check(definition: Definition) -> None:
    """Raises RuleBroken for a definition that could not be asked or scored."""
    seen: set[str] = set()
    if sum(len(section.questions) for section in definition.sections) > MOST_QUESTIONS:
        raise RuleBroken(_("At most %(limit)s questions.", limit=MOST_QUESTIONS))
    for question in definition.questions():
        words = next((each for each in question.text.values() if each), question.key)
        if question.condition is not None:
            before = definition.question(question.condition[0])
            if before is None or before.key not in seen or before.kind not in CHOICES:
                raise RuleBroken(_("“%(question)s” depends on a question that does not stand before it.", question=words[:80]), "condition")
            if not all(before.option(key) for key in question.condition[1]):
                raise RuleBroken(_("“%(question)s” depends on an answer that is no longer offered.", question=words[:80]), "condition")
        if question.kind in CHOICES and len(question.options) < 2:
            raise RuleBroken(_("“%(question)s” needs at least two answers to choose from.", question=words[:80]), "options")
        if question.kind is QuestionKind.TABLE and not question.columns:
            raise RuleBroken(_("“%(question)s” needs at least one column.", question=words[:80]), "columns")
        if any(option.floor and definition.level(option.floor) is None for option in question.options):
            raise RuleBroken(_("“%(question)s” names a class that no longer exists.", question=words[:80]), "options")
        if any(option.ceiling and definition.level(option.ceiling) is None for option in question.options):
            raise RuleBroken(_("“%(question)s” names a class that no longer exists.", question=words[:80]), "options")
        seen.add(question.key)
    for contradiction in definition.contradictions:
        for key, answers in (contradiction.first, contradiction.second):
            asked = definition.question(key)
            if asked is None or not all(asked.option(answer) for answer in answers):
                raise RuleBroken(_("The contradiction “%(name)s” names an answer that is no longer offered.", name=said_in(contradiction.text)[:80]), "contradictions")


def place_of(definition: Definition, key: str) -> tuple[int, int] | None:
    """Where a question stands: its section's place, and its place within it."""
    for at, section in enumerate(definition.sections):
        for within, question in enumerate(section.questions):
            if question.key == key:
                return at, within
    return None


def with_questions(definition: Definition, at: int, questions: tuple[Question, ...]) -> Definition:
    sections = list(definition.sections)
    sections[at] = replace(sections[at], questions=questions)
    return replace(definition, sections=tuple(sections))


def put(definition: Definition, section_key: str, question: Question) -> Definition:
    """Replaces the question of this key, or adds it at the end of a section."""
    found = place_of(definition, question.key)
    if found is not None:
        at, within = found
        held = definition.sections[at].questions
        return with_questions(definition, at, (*held[:within], question, *held[within + 1 :]))
    at = next((place for place, section in enumerate(definition.sections) if section.key == section_key), -1)
    if at < 0:
        raise RuleBroken(STALE)
    return with_questions(definition, at, (*definition.sections[at].questions, question))


def without(definition: Definition, key: str) -> Definition:
    found = place_of(definition, key)
    if found is None:
        raise RuleBroken(STALE)
    at, within = found
    held = definition.sections[at].questions
    return with_questions(definition, at, (*held[:within], *held[within + 1 :]))


def moved(definition: Definition, key: str, by: int) -> Definition:
    """A question one place further up or down, into the next section where its own ends."""
    found = place_of(definition, key)
    if found is None:
        raise RuleBroken(STALE)
    at, within = found
    held = list(definition.sections[at].questions)
    question = held.pop(within)
    if 0 <= within + by <= len(held):
        held.insert(within + by, question)
        return with_questions(definition, at, tuple(held))
    if not 0 <= at + by < len(definition.sections):
        return definition
    after = definition.sections[at + by].questions
    return with_questions(with_questions(definition, at, tuple(held)), at + by, (question, *after) if by > 0 else (*after, question))


def with_section(definition: Definition, section: Section) -> Definition:
    """Renames the section of this key, or adds it at the end."""
    known = [each.key for each in definition.sections]
    sections = tuple(replace(each, text=section.text) if each.key == section.key else each for each in definition.sections)
    return replace(definition, sections=sections if section.key in known else (*sections, section))


def without_section(definition: Definition, key: str) -> Definition:
    going = next((section for section in definition.sections if section.key == key), None)
    if going is None:
        raise RuleBroken(STALE)
    if going.questions:
        raise RuleBroken(_("This section still holds questions. Move or remove them first."))
    return replace(definition, sections=tuple(section for section in definition.sections if section.key != key))


def with_rules(definition: Definition, contradictions: tuple[Contradiction, ...], review: int) -> Definition:
    """`review` in months."""
    if not 0 <= review <= 120:
        raise RuleBroken(_("Between 0 and %(limit)s months.", limit=120), "review")
    return replace(definition, contradictions=contradictions, review=review)


def with_levels(definition: Definition, levels: tuple[Level, ...]) -> Definition:
    if not levels or min(level.least for level in levels) > 0:
        raise RuleBroken(_("The lowest class begins at 0 points."), "levels")
    if len({level.least for level in levels}) < len(levels):
        raise RuleBroken(_("Two classes begin at the same number of points."), "levels")
    return replace(definition, levels=tuple(sorted(levels, key=lambda level: level.least)))
