"""What was answered: checked against the version that was shown, scored here and nowhere else, kept and never rewritten.

An answer is kept as JSON: a choice by its option's key, several as a list of them, figures as text ("12.5"), days as ISO dates, a
table as a list of {column: text}.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from flask_babel import lazy_gettext as _
from sqlalchemy import select
from sqlalchemy.orm import joinedload

from app.extensions import db
from app.models import Answers, Partner, Questionnaire, QuestionnaireKind
from app.models.scope import verb
from app.services.questionnaires.definition import CHOICES, FIGURES, MOST_ROWS, Contradiction, Definition, Level, Option, Question, QuestionKind, Section, read
from app.services.refusals import RuleBroken, refuse_all

LONGEST = 2_000  # characters of a text
Values = dict[str, Any]


@dataclass(frozen=True)
class Counted:
    """One question's part of a score: what was answered and what it counts, weighted."""

    question: Question
    points: int


Told = tuple[tuple[Question, Option], ...]


@dataclass(frozen=True)
class Outcome:
    """The score, the class it falls into, what counted most, the answers that alone forbid a lower class, those that alone keep
    it from a higher one that it would have reached, those that contradict each other, and each section's own points with the most that it could have had."""

    score: int
    level: Level | None
    counted: tuple[Counted, ...]
    decisive: Told
    limiting: Told = ()
    contradictions: tuple[Contradiction, ...] = ()
    sections: tuple[tuple[Section, int, int], ...] = ()


def chosen(question: Question, value: Any) -> list[Option]:
    keys = value if isinstance(value, list) else [value]
    return [option for option in question.options if option.key in keys]


def is_asked(definition: Definition, question: Question, values: Values) -> bool:
    """Whether its condition holds, and so on up the chain: a question that depends on one that is not asked is not asked."""
    if question.condition is None:
        return True
    key, wanted = question.condition
    before = definition.question(key)
    if before is None or not is_asked(definition, before, values):
        return False
    return any(option.key in wanted for option in chosen(before, values.get(key)))


def asked(definition: Definition, values: Values) -> list[Question]:
    return [question for question in definition.questions() if is_asked(definition, question, values)]


def points_of(question: Question, value: Any) -> int:
    """What an answer counts, weighted; nothing where there is none."""
    if question.kind in CHOICES:
        return question.weight * sum(option.points for option in chosen(question, value))
    if question.kind in FIGURES and value not in (None, ""):
        reached = [band for band in question.bands if band.least <= Decimal(value)]
        return question.weight * max(reached, key=lambda band: band.least).points if reached else 0
    return 0


def outcome(definition: Definition, values: Values) -> Outcome:
    """The score of some answers under a definition. The class that the score reaches is raised to the highest floor and then lowered to
    the lowest ceiling: of two answers that bound it, the safer one counts."""
    counted = [Counted(question, points_of(question, values.get(question.key))) for question in asked(definition, values)]
    score = sum(each.points for each in counted)
    told = sorted((each for each in counted if each.points), key=lambda each: -each.points)
    decisive, ceilings = decisive_among(counted, values, "floor"), decisive_among(counted, values, "ceiling")
    levels = sorted(definition.levels, key=lambda level: level.least)
    places = {level.key: place for place, level in enumerate(levels)}
    reached = max((place for place, level in enumerate(levels) if level.least <= score), default=0)
    raised = max([reached, *(places[option.floor] for _question, option in decisive if option.floor in places)])
    limiting = tuple((question, option) for question, option in ceilings if places.get(option.ceiling, raised) < raised)
    level = levels[min([raised, *(places[option.ceiling] for _question, option in limiting)])] if levels else None
    return Outcome(score, level, tuple(told), decisive, limiting, tuple(contradicted(definition, values)), tuple(by_section(definition, counted)))


def decisive_among(counted: list[Counted], values: Values, bound: str) -> Told:
    """The answers that set a bound ("floor" or "ceiling") by themselves."""
    choices = (each.question for each in counted if each.question.kind in CHOICES)
    return tuple((question, option) for question in choices for option in chosen(question, values.get(question.key)) if getattr(option, bound))


def contradicted(definition: Definition, values: Values) -> Iterator[Contradiction]:
    def holds(side: tuple[str, tuple[str, ...]]) -> bool:
        question = definition.question(side[0])
        return question is not None and is_asked(definition, question, values) and any(option.key in side[1] for option in chosen(question, values.get(side[0])))

    return (each for each in definition.contradictions if holds(each.first) and holds(each.second))


def by_section(definition: Definition, counted: list[Counted]) -> Iterator[tuple[Section, int, int]]:
    """Each section in which something counts: its points, and the most that the questions which were asked could have given."""
    points = {each.question.key: each.points for each in counted}
    for section in definition.sections:
        asked_here = [question for question in section.questions if question.key in points]
        most = sum(most_of(question) for question in asked_here)
        if most > 0:
            yield section, sum(points[question.key] for question in asked_here), most


def most_of(question: Question) -> int:
    if question.kind is QuestionKind.SINGLE:
        return question.weight * max((option.points for option in question.options), default=0)
    if question.kind is QuestionKind.SEVERAL:
        return question.weight * sum(max(option.points, 0) for option in question.options)
    return question.weight * max((band.points for band in question.bands), default=0)


# --- checking -------------------------------------------------------------------------------------


def checked(definition: Definition, values: Values) -> Values:
    """The answers as they are kept: those that were asked, in their own shape. Raises RuleBroken with a sentence for each question
    (field "q_<key>") that was left out or answered with something that is no answer."""
    kept: Values = {}
    wrong: dict[str, Any] = {}
    for question in definition.questions():
        if not is_asked(definition, question, kept):
            continue
        try:
            value = one(question, values.get(question.key))
        except RuleBroken as refusal:
            wrong[f"q_{question.key}"] = refusal.sentence
            continue
        except (ValueError, TypeError, AttributeError, ArithmeticError):
            wrong[f"q_{question.key}"] = _("This is not an answer to this question.")
            continue
        if value not in (None, "", []):
            kept[question.key] = value
        elif question.required:
            wrong[f"q_{question.key}"] = _("Please answer this question.")
    refuse_all(wrong)
    return kept


def one(question: Question, value: Any) -> Any:
    if value in (None, "", []):
        return None
    if question.kind is QuestionKind.SINGLE:
        return value if isinstance(value, str) and question.option(value) else no_such_answer()
    if question.kind is QuestionKind.SEVERAL:
        held = value if isinstance(value, list) else [value]
        return [option.key for option in question.options if option.key in held] if all(question.option(each) for each in held) else no_such_answer()
    if question.kind in FIGURES:
        return figure(question, value)
    if question.kind is QuestionKind.DATE:
        return value.isoformat() if isinstance(value, date) else date.fromisoformat(value).isoformat()
    if question.kind is QuestionKind.TABLE:
        return rows(question, value)
    return text(str(value))


def no_such_answer() -> Any:
    raise RuleBroken(_("This choice is not available. Please choose from the list."))


def figure(question: Question, value: Any) -> str:
    number = Decimal(value)
    if question.least is not None and number < question.least:
        raise RuleBroken(_("At least %(limit)s.", limit=f"{question.least.normalize():f}"))
    if question.most is not None and number > question.most:
        raise RuleBroken(_("At most %(limit)s.", limit=f"{question.most.normalize():f}"))
    return f"{number.normalize():f}"  # the same however it was typed


def text(value: str) -> str:
    if len(value) > LONGEST:
        raise RuleBroken(_("At most %(limit)s characters; you typed %(typed)s.", limit=LONGEST, typed=len(value)))
    return value.strip()


def rows(question: Question, value: Iterable[dict[str, str]]) -> list[dict[str, str]]:
    """The rows in which something stands."""
    columns = [column.key for column in question.columns]
    found = [{key: text(row.get(key, "")) for key in columns if row.get(key, "").strip()} for row in value]
    filled = [row for row in found if row]
    if len(filled) > MOST_ROWS:
        raise RuleBroken(_("At most %(limit)s rows.", limit=MOST_ROWS))
    return filled


# --- keeping --------------------------------------------------------------------------------------


def answer(partner: Partner, questionnaire: Questionnaire, values: Values, by: str) -> Answers:
    """Keeps a partner's answers to the version that was shown, with the score they have under it. Raises RuleBroken."""
    if questionnaire.published_at is None:
        raise RuleBroken(_("This questionnaire is not in use."))
    definition = read(questionnaire.content)
    kept = checked(definition, values)
    found = outcome(definition, kept)
    row = Answers(partner_id=partner.id, questionnaire_id=questionnaire.id, values=kept, score=found.score, level=found.level.key if found.level else "", by=by)
    with verb(db.session(), {Answers: None}):
        db.session.add(row)
    return row


def of_partner(partner_id: int, kind: QuestionnaireKind) -> list[Answers]:
    """Every time it was answered, the latest first."""
    wanted = select(Answers).join(Questionnaire, Questionnaire.id == Answers.questionnaire_id).options(joinedload(Answers.questionnaire))
    return list(db.session.scalars(wanted.where(Answers.partner_id == partner_id, Questionnaire.kind == kind).order_by(Answers.id.desc())))


def is_highest(row: Answers) -> bool:
    """Whether the answers fell into the highest class of their version."""
    levels = sorted(read(row.questionnaire.content).levels, key=lambda level: level.least)
    return len(levels) > 1 and row.level == levels[-1].key


def latest(partner_id: int, kind: QuestionnaireKind) -> Answers | None:
    return next(iter(of_partner(partner_id, kind)), None)
