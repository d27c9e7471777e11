"""The form of one question: what stands in its boxes, and the question that was typed. Options, bands, columns and classes are rows
of boxes, of which some are always spare; an empty row is no row."""

from __future__ import annotations

import secrets
from dataclasses import replace
from decimal import Decimal
from typing import Any

from flask import current_app, request
from flask_babel import lazy_gettext as _

from app.services.questionnaires import Definition, Level, Option, Question, QuestionKind, Section
from app.services.questionnaires.definition import CHOICES, FIGURES, Band, Column, Contradiction, Words
from app.services.refusals import RuleBroken, refuse_all
from app.views.base.forms import figure_box, number_typed
from app.views.base.typed import cleaned

SPARE = 3
MOST = 30  # rows
LONGEST = 500
HIGHEST = 1_000  # points and weights
TONES = {"good": _("Green"), "warn": _("Amber"), "bad": _("Red"), "quiet": _("Grey")}

Boxes = dict[str, Any]


def languages() -> list[str]:
    return list(current_app.config["LANGUAGES"])


def words(name: str) -> Words:
    """The words of a field in each language."""
    return {language: text for language in languages() if (text := cleaned(request.form.get(f"{name}_{language}", "").replace("\x00", "")))}


def new_key(letter: str) -> str:
    return f"{letter}{secrets.token_hex(3)}"


def section(key: str, text: Words) -> Section:
    if not text:
        raise RuleBroken(_("Please give the section a title."))
    if any(len(each) > LONGEST for each in text.values()):
        raise RuleBroken(_("At most %(limit)s characters; you typed %(typed)s.", limit=LONGEST, typed=max(map(len, text.values()))))
    return Section(key or new_key("s"), text)


# --- boxes ----------------------------------------------------------------------------------------


def boxes(question: Question | None) -> Boxes:
    """What stands in the form: of the question, or as it was sent."""
    if question is None:
        sent: Boxes = {name: text for name, text in request.form.items() if name not in ("csrf_token", "one_time")}
        sent["condition"] = request.form.getlist("condition")
        return with_rows(
            sent,
            {name: 1 + max((number for number in range(MOST) if any(sent.get(f"{name}_{number}_{part}") for part in parts)), default=-1) for name, parts in ROWS.items()},
        )
    held: Boxes = {f"{name}_{language}": text for name, texts in (("text", question.text), ("help", question.help)) for language, text in texts.items()}
    held |= {"kind": question.kind.value, "weight": str(question.weight), "required": "y" if question.required else ""}
    held |= {name: figure_box(limit) for name, limit in (("least", question.least), ("most", question.most)) if limit is not None}
    for number, option in enumerate(question.options):
        held |= {f"option_{number}_{language}": text for language, text in option.text.items()}
        held |= {
            f"option_{number}_key": option.key,
            f"option_{number}_points": str(option.points),
            f"option_{number}_floor": option.floor,
            f"option_{number}_ceiling": option.ceiling,
        }
    for number, band in enumerate(question.bands):
        held |= {f"band_{number}_least": figure_box(band.least), f"band_{number}_points": str(band.points)}
    for number, column in enumerate(question.columns):
        held |= {f"column_{number}_{language}": text for language, text in column.text.items()} | {f"column_{number}_key": column.key}
    held["condition"] = [f"{question.condition[0]}:{key}" for key in question.condition[1]] if question.condition else []
    return with_rows(held, {"option": len(question.options), "band": len(question.bands), "column": len(question.columns)})


ROWS = {"option": ("fr", "en", "points", "key"), "band": ("least", "points"), "column": ("fr", "en", "key")}


def with_rows(held: Boxes, filled: dict[str, int]) -> Boxes:
    return {**held, "rows": {name: range(min(MOST, count + SPARE)) for name, count in filled.items()}}


def level_boxes(definition: Definition) -> Boxes:
    if request.method == "POST":
        return {
            **request.form,
            "rows": range(1 + SPARE + max((number for number in range(MOST) if any(request.form.get(f"level_{number}_{part}") for part in ("fr", "en"))), default=0)),
        }
    held: Boxes = {"rows": range(len(definition.levels) + SPARE)}
    for number, level in enumerate(definition.levels):
        held |= {f"level_{number}_{language}": text for language, text in level.text.items()}
        held |= {f"level_{number}_key": level.key, f"level_{number}_least": str(level.least), f"level_{number}_tone": level.tone}
    return held


# --- reading --------------------------------------------------------------------------------------


def read(before: Question | None) -> Question:
    """The question that was typed, under the key it had. Raises RuleBroken with everything that is wrong, by field."""
    wrong: dict[str, Any] = {}
    kind = next((each for each in QuestionKind if each.value == request.form.get("kind")), QuestionKind.SINGLE)
    text, help_words = words("text"), words("help")
    if not text:
        wrong["text"] = _("Please write the question.")
    for name, each in (("text", text), ("help", help_words)):
        if any(len(part) > LONGEST for part in each.values()):
            wrong[name] = _("At most %(limit)s characters; you typed %(typed)s.", limit=LONGEST, typed=max(map(len, each.values())))
    question = Question(
        key=before.key if before else new_key("q"),
        kind=kind,
        text=text,
        help=help_words,
        required=bool(request.form.get("required")),
        weight=whole("weight", wrong, 1),
        condition=condition(wrong),
    )
    if kind.value != request.form.get("kind"):
        wrong["kind"] = _("This choice is not available. Please choose from the list.")
    if kind in CHOICES:
        question = replace(question, options=tuple(options(wrong, {option.key for option in before.options} if before else set())))
    elif kind in FIGURES:
        least, most = figure("least", wrong), figure("most", wrong)
        if least is not None and most is not None and least > most:
            wrong["most"] = _("Less than the smallest value.")
        question = replace(question, least=least, most=most, bands=tuple(bands(wrong)))
    elif kind is QuestionKind.TABLE:
        question = replace(question, columns=tuple(columns(wrong, {column.key for column in before.columns} if before else set())))
    refuse_all(wrong)
    return question


def whole(name: str, wrong: dict[str, Any], default: int = 0, field: str = "") -> int:
    sent = request.form.get(name, "").strip()
    try:
        number = int(sent or default) if len(sent) < 10 else HIGHEST + 1
    except ValueError:
        number = HIGHEST + 1
    if abs(number) > HIGHEST or (name == "weight" and number < 0):
        wrong[field or name] = _("A whole number up to %(limit)s.", limit=HIGHEST)
        return default
    return number


def figure(name: str, wrong: dict[str, Any], field: str = "") -> Decimal | None:
    sent = request.form.get(name, "").strip()
    if not sent:
        return None
    try:
        return number_typed(sent[:40], 2)
    except ValueError as fault:
        wrong[field or name] = str(fault)
        return None


def row_words(name: str, wrong: dict[str, Any], field: str) -> Words:
    text = words(name)
    if any(len(each) > LONGEST for each in text.values()):
        wrong[field] = _("At most %(limit)s characters; you typed %(typed)s.", limit=LONGEST, typed=max(map(len, text.values())))
    return text


def key_of(name: str, letter: str, known: set[str]) -> str:
    """The key that a row had, if it is one of this question's own and no row before has it; else a new one."""
    sent = request.form.get(f"{name}_key", "")
    if sent not in known:
        return new_key(letter)
    known.remove(sent)
    return sent


def options(wrong: dict[str, Any], known: set[str]) -> list[Option]:
    found = []
    for number in range(MOST):
        text = row_words(f"option_{number}", wrong, "options")
        if text:
            points = whole(f"option_{number}_points", wrong, field="options")
            floor, ceiling = (request.form.get(f"option_{number}_{bound}", "")[:40] for bound in ("floor", "ceiling"))
            found.append(Option(key_of(f"option_{number}", "o", known), text, points, floor, ceiling))
    return found


def bands(wrong: dict[str, Any]) -> list[Band]:
    found = []
    for number in range(MOST):
        least = figure(f"band_{number}_least", wrong, field="bands")
        if least is not None:
            found.append(Band(least, whole(f"band_{number}_points", wrong, field="bands")))
    return sorted(found, key=lambda band: band.least)


def columns(wrong: dict[str, Any], known: set[str]) -> list[Column]:
    named = ((number, row_words(f"column_{number}", wrong, "columns")) for number in range(MOST))
    return [Column(key_of(f"column_{number}", "c", known), text) for number, text in named if text]


def condition(wrong: dict[str, Any]) -> tuple[str, tuple[str, ...]] | None:
    """The answers under which the question is asked: all of one question."""
    sent = [each.partition(":")[::2] for each in request.form.getlist("condition") if ":" in each]
    if not sent:
        return None
    if len({question for question, _answer in sent}) > 1:
        wrong["condition"] = _("All of these answers belong to one question.")
        return None
    return sent[0][0], tuple(answer for _question, answer in sent)


def levels(definition: Definition) -> tuple[Level, ...]:
    wrong: dict[str, Any] = {}
    found, known = [], {level.key for level in definition.levels}
    for number in range(MOST):
        if text := row_words(f"level_{number}", wrong, "levels"):
            tone = request.form.get(f"level_{number}_tone", "quiet")
            found.append(Level(key_of(f"level_{number}", "l", known), text, whole(f"level_{number}_least", wrong, field="levels"), tone if tone in TONES else "quiet"))
    refuse_all(wrong)
    return tuple(found)


# --- contradictions and review ----------------------------------------------------------------------


def rule_boxes(definition: Definition) -> Boxes:
    """What stands in the form of contradictions: of the definition, or as it was sent."""
    if request.method == "POST":
        held: Boxes = {name: request.form.getlist(name) if name.endswith(("_first", "_second")) else text for name, text in request.form.items()}
        filled = [number for number in range(MOST) if any(request.form.get(f"pair_{number}_{part}") for part in ("fr", "en", "first", "second"))]
        return {"review": "", **held, "rows": range(min(MOST, 2 + max(filled, default=0)))}
    held = {"review": str(definition.review), "rows": range(min(MOST, len(definition.contradictions) + 1))}
    for number, each in enumerate(definition.contradictions):
        held |= {f"pair_{number}_{language}": text for language, text in each.text.items()}
        held |= {f"pair_{number}_{side}": [f"{key}:{answer}" for answer in answers] for side, (key, answers) in (("first", each.first), ("second", each.second))}
    return held


def rules() -> tuple[tuple[Contradiction, ...], int]:
    """The contradictions and the months that were typed; an empty card is none. Raises RuleBroken."""
    found: list[Contradiction] = []
    wrong: dict[str, Any] = {}
    for number in range(MOST):
        text, first, second = words(f"pair_{number}"), side(f"pair_{number}_first"), side(f"pair_{number}_second")
        if not text and not first and not second:
            continue
        if not text or len(first) != 1 or len(second) != 1 or first.keys() == second.keys():
            raise RuleBroken(_("Contradiction %(number)s: please write the sentence, and tick answers of exactly two questions.", number=number + 1))
        (one,), (other,) = first.items(), second.items()
        found.append(Contradiction(one, other, text))
    review = whole("review", wrong)
    refuse_all(wrong)
    return tuple(found), review


def side(name: str) -> dict[str, tuple[str, ...]]:
    """The answers that were ticked on one side, by question."""
    found: dict[str, tuple[str, ...]] = {}
    for sent in request.form.getlist(name):
        question, _colon, answer = sent[:80].partition(":")
        found[question] = (*found.get(question, ()), answer)
    return found
