"""Days as people type them: « 31/12/2026 », « 31.12.26 », « 311226 », « 31 déc. 2026 », « demain », « +7 », 2026-12-31."""

from __future__ import annotations

import re
from datetime import date, timedelta
from functools import cache
from typing import Any

from babel.dates import get_month_names
from flask_babel import gettext, lazy_gettext as _
from wtforms import DateField

from app.models import fold, today

# In both languages at once: whoever types "tomorrow" on a French page means it.
WORDS = {"aujourd'hui": 0, "aujourdhui": 0, "auj": 0, "today": 0, "demain": 1, "tomorrow": 1, "hier": -1, "yesterday": -1}
CENTURY_AHEAD = 20  # a year of two digits lies at most so many years ahead, else in the past: « 80 » is 1980
SHAPE = _("dd/mm/yyyy")


@cache
def months(languages: tuple[str, ...] = ("fr", "en")) -> dict[str, int]:
    """Month names and their abbreviations, folded and without dots, in both languages."""
    return {
        fold(name).replace(".", ""): number
        for language in languages
        for width in ("wide", "abbreviated")
        for context in ("format", "stand-alone")
        for number, name in get_month_names(width, context, language).items()
    }


def day_typed(text: str) -> date:
    """Reads a day; raises ValueError for anything that is none."""
    typed = fold(text.replace("’", "'")).strip()
    if typed in WORDS:
        return today() + timedelta(days=WORDS[typed])
    if match := re.fullmatch(r"\+ ?(\d{1,4})", typed):
        return today() + timedelta(days=int(match[1]))
    if match := re.fullmatch(r"(\d{4})-(\d{2})-(\d{2})", typed):
        return date(int(match[1]), int(match[2]), int(match[3]))
    if match := re.fullmatch(r"(\d{1,2})[/. -](\d{1,2})(?:[/. -](\d{2}|\d{4}))?", typed) or re.fullmatch(r"(\d{2})(\d{2})(\d{2}|\d{4})", typed):
        return date(year_of(match[3]), int(match[2]), int(match[1]))
    if match := re.fullmatch(r"(\d{1,2})(?:er|st|nd|rd|th)? ([a-z]+)\.?(?: (\d{2}|\d{4}))?", typed):
        return date(year_of(match[3]), months()[match[2]], int(match[1]))
    raise ValueError(text)


def year_of(digits: str | None) -> int:
    """The year meant by four digits, two, or none: this year."""
    if digits is None:
        return today().year
    if len(digits) == 4:
        return int(digits)
    year = today().year // 100 * 100 + int(digits)
    return year - 100 if year > today().year + CENTURY_AHEAD else year


class DayField(DateField):
    """A day, shown as 31/12/2026 in both languages and taken in any of the ways people type one."""

    def _value(self) -> str:
        if self.data is None:
            return self.raw_data[0] if self.raw_data else ""
        return f"{self.data:%d/%m/%Y}"

    def process_formdata(self, valuelist: list[Any]) -> None:
        typed = (valuelist[0] if valuelist else "").strip()[:40]
        self.data = None
        self.raw_data = [typed]
        if not typed:
            return
        try:
            self.data = day_typed(typed)
        except (ValueError, KeyError, OverflowError):
            raise ValueError(gettext("This is not a date. Write it like 31/12/2026.")) from None
        if not 1900 <= self.data.year <= 2200:
            self.data = None
            raise ValueError(gettext("A date lies between 1900 and 2200."))
