"""What a questionnaire asks: sections of questions, what each answer counts, and the classes that a score falls into.

A definition is kept as JSON in a version's `content`; `read()` and `written()` are each other's inverse. Words are kept in every
language: {"fr": …, "en": …}.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from decimal import Decimal
from typing import Any

from flask_babel import get_locale, lazy_gettext as _

from app.models import Choice

Words = dict[str, str]
MOST_ROWS = 20  # of a table


class QuestionKind(Choice):
    SINGLE = "single", _("One choice")
    SEVERAL = "several", _("Several choices")
    NUMBER = "number", _("A number")
    AMOUNT = "amount", _("Amount in euros")
    DATE = "date", _("Date")
    TEXT = "text", _("Text")
    TABLE = "table", _("Table")


CHOICES = (QuestionKind.SINGLE, QuestionKind.SEVERAL)
FIGURES = (QuestionKind.NUMBER, QuestionKind.AMOUNT)


def said_in(words: Words, language: str | None = None) -> str:
    """Words in a language, the reader's if none is named; in another one rather than not at all."""
    wanted = language or (get_locale().language if get_locale() else "fr")
    return words.get(wanted) or next((each for each in words.values() if each), "")


@dataclass(frozen=True)
class Option:
    """An answer to choose: what it counts, the class below which nobody falls who chooses it (`floor`, a level's key) and the one
    above which nobody rises (`ceiling`)."""

    key: str
    text: Words
    points: int = 0
    floor: str = ""
    ceiling: str = ""


@dataclass(frozen=True)
class Band:
    """What a figure counts from here on; the highest band that it reaches is the one that holds."""

    least: Decimal
    points: int


@dataclass(frozen=True)
class Column:
    """A column of a table; its answers are text."""

    key: str
    text: Words


@dataclass(frozen=True)
class Question:
    """`condition` names a question with choices that stands before this one and the answers under which this one is asked;
    a question that is not asked counts nothing and keeps nothing."""

    key: str
    kind: QuestionKind
    text: Words
    help: Words = field(default_factory=dict)
    required: bool = True
    weight: int = 1
    options: tuple[Option, ...] = ()
    bands: tuple[Band, ...] = ()
    columns: tuple[Column, ...] = ()
    least: Decimal | None = None
    most: Decimal | None = None
    condition: tuple[str, tuple[str, ...]] | None = None

    def option(self, key: str) -> Option | None:
        return next((each for each in self.options if each.key == key), None)


@dataclass(frozen=True)
class Section:
    key: str
    text: Words
    questions: tuple[Question, ...] = ()


@dataclass(frozen=True)
class Level:
    """A class: reached from so many points on."""

    key: str
    text: Words
    least: int = 0
    tone: str = "quiet"


@dataclass(frozen=True)
class Contradiction:
    """Two answers that do not go together: (question, its answers) twice, and what is said of them."""

    first: tuple[str, tuple[str, ...]]
    second: tuple[str, tuple[str, ...]]
    text: Words


@dataclass(frozen=True)
class Definition:
    """`review` is how many months the answers are good for; 0 for ever."""

    sections: tuple[Section, ...] = ()
    levels: tuple[Level, ...] = ()
    contradictions: tuple[Contradiction, ...] = ()
    review: int = 0

    def questions(self) -> Iterator[Question]:
        for section in self.sections:
            yield from section.questions

    def question(self, key: str) -> Question | None:
        return next((each for each in self.questions() if each.key == key), None)

    def level(self, key: str) -> Level | None:
        return next((each for each in self.levels if each.key == key), None)


# --- to and from JSON -----------------------------------------------------------------------------


def written(definition: Definition) -> dict[str, Any]:
    """The definition as JSON, without what is empty."""

    def plain(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: plain(each) for key, each in value.items() if each not in (None, "", (), [], {})}
        if isinstance(value, list | tuple):
            return [plain(each) for each in value]
        return str(value) if isinstance(value, Decimal) else value

    return plain(asdict(definition))


def read(content: dict[str, Any]) -> Definition:
    return Definition(
        sections=tuple(
            Section(each["key"], each.get("text", {}), tuple(read_question(question) for question in each.get("questions", ()))) for each in content.get("sections", ())
        ),
        levels=tuple(Level(each["key"], each.get("text", {}), each.get("least", 0), each.get("tone", "quiet")) for each in content.get("levels", ())),
        contradictions=tuple(Contradiction(pair(each["first"]), pair(each["second"]), each.get("text", {})) for each in content.get("contradictions", ())),
        review=content.get("review", 0),
    )


def pair(held: list[Any]) -> tuple[str, tuple[str, ...]]:
    return held[0], tuple(held[1])


def read_question(held: dict[str, Any]) -> Question:
    condition = held.get("condition")
    return Question(
        key=held["key"],
        kind=QuestionKind(held["kind"]),  # type: ignore[call-arg]
        text=held.get("text", {}),
        help=held.get("help", {}),
        required=held.get("required", False),
        weight=held.get("weight", 0),
        options=tuple(
            Option(each["key"], each.get("text", {}), each.get("points", 0), each.get("floor", ""), each.get("ceiling", "")) for each in held.get("options", ())
        ),
        bands=tuple(Band(Decimal(each["least"]), each.get("points", 0)) for each in held.get("bands", ())),
        columns=tuple(Column(each["key"], each.get("text", {})) for each in held.get("columns", ())),
        least=Decimal(held["least"]) if "least" in held else None,
        most=Decimal(held["most"]) if "most" in held else None,
        condition=pair(condition) if condition else None,
    )
