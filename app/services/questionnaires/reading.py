"""What was answered, and what came of it, in the reader's words: for pages and for the document that is signed."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from flask_babel import format_currency, format_date, format_decimal

from app.models import Answers, ClientAnswers
from app.services.questionnaires import answers
from app.services.questionnaires.definition import CHOICES, Definition, Level, Question, QuestionKind, read, said_in


def answer_words(question: Question, value: Any) -> Any:
    """An answer as people read it: a text, or the rows of a table."""
    if question.kind in CHOICES:
        return ", ".join(said_in(option.text) for option in answers.chosen(question, value))
    if question.kind is QuestionKind.TABLE:
        return [[row.get(column.key, "") for column in question.columns] for row in value]
    if question.kind is QuestionKind.DATE:
        return format_date(date.fromisoformat(value), "medium")
    if question.kind is QuestionKind.AMOUNT:
        return format_currency(Decimal(value), "EUR")
    return format_decimal(Decimal(value)) if question.kind is QuestionKind.NUMBER else value


def told_under(definition: Definition, values: answers.Values) -> list[tuple[str, list[tuple[Question, str, Any]]]]:
    """What was answered, section by section: (question, its words, the answer in words)."""
    found = [
        (
            said_in(section.text),
            [(question, said_in(question.text), answer_words(question, values[question.key])) for question in section.questions if question.key in values],
        )
        for section in definition.sections
    ]
    return [(title, lines) for title, lines in found if lines]


def told(row: Answers | ClientAnswers) -> list[tuple[str, list[tuple[Question, str, Any]]]]:
    return told_under(read(row.questionnaire.content), row.values)


def level_words(level: Level | None) -> dict[str, str] | None:
    return {"words": said_in(level.text), "tone": level.tone, "key": level.key} if level else None


def class_of(row: Answers | ClientAnswers) -> dict[str, str] | None:
    """The class that the answers were given: its words and tone."""
    return level_words(read(row.questionnaire.content).level(row.level))


def reasons_of(row: Answers | ClientAnswers) -> dict[str, Any]:
    """Why the score is what it is: what counted, the most first, and the answers that alone decide."""
    definition = read(row.questionnaire.content)
    return outcome_words(definition, answers.outcome(definition, row.values), row.values)


def outcome_words(definition: Definition, found: answers.Outcome, values: answers.Values) -> dict[str, Any]:
    return {
        "score": found.score,
        "most": sum(most for _section, _points, most in found.sections),
        "level": level_words(found.level),
        "scale": [level_words(level) for level in sorted(definition.levels, key=lambda level: level.least)],
        "counted": [(said_in(each.question.text), answer_words(each.question, values[each.question.key]), each.points) for each in found.counted],
        "decisive": [(said_in(question.text), said_in(option.text)) for question, option in found.decisive],
        "limiting": [(said_in(question.text), said_in(option.text), ceiling_words(definition, option.ceiling)) for question, option in found.limiting],
        "contradictions": [said_in(each.text) for each in found.contradictions],
        "sections": [(said_in(section.text), points, most) for section, points, most in found.sections],
    }


def ceiling_words(definition: Definition, key: str) -> str:
    level = definition.level(key)
    return said_in(level.text) if level else ""
