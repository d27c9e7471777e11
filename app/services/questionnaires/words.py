"""Short ways to write a questionnaire down in code, in both languages."""

from __future__ import annotations

from app.services.questionnaires.definition import Option, Question, QuestionKind, Words


def said(fr: str, en: str) -> Words:
    return {"fr": fr, "en": en}


def choose(key: str, words: tuple[str, str], *answers: tuple, help: tuple[str, str] | None = None, condition: tuple[str, tuple[str, ...]] | None = None) -> Question:
    """A question with one answer; each answer is (key, French, English, points, ceiling), the last two left out where they are none."""
    options = tuple(Option(row[0], said(row[1], row[2]), row[3] if len(row) > 3 else 0, ceiling=row[4] if len(row) > 4 else "") for row in answers)
    return Question(key, QuestionKind.SINGLE, said(*words), said(*help) if help else {}, options=options, condition=condition)


def tick(key: str, words: tuple[str, str], *answers: tuple[str, str, str], condition: tuple[str, tuple[str, ...]] | None = None, required: bool = True) -> Question:
    return Question(
        key, QuestionKind.SEVERAL, said(*words), required=required, options=tuple(Option(row[0], said(row[1], row[2])) for row in answers), condition=condition
    )
