"""Days as French law counts them: public holidays, working days, months."""

from __future__ import annotations

from datetime import date, timedelta
from functools import lru_cache

from dateutil.easter import easter
from dateutil.relativedelta import relativedelta

FIXED = ((1, 1), (5, 1), (5, 8), (7, 14), (8, 15), (11, 1), (11, 11), (12, 25))
AFTER_EASTER = (1, 39, 50)  # Easter Monday, Ascension, Whit Monday
SUNDAY = 6


@lru_cache(maxsize=50)
def holidays(year: int) -> frozenset[date]:
    """The eleven public holidays of a year (code du travail, L3133-1)."""
    return frozenset({*(date(year, month, day) for month, day in FIXED), *(easter(year) + timedelta(days=days) for days in AFTER_EASTER)})


def is_working(day: date) -> bool:
    """Whether it is a « jour ouvrable »: every day but Sundays and public holidays."""
    return day.weekday() != SUNDAY and day not in holidays(day.year)


def working_days_after(day: date, number: int) -> date:
    """The day on which a term of so many working days ends; the day on which it begins does not count."""
    while number:
        day += timedelta(days=1)
        number -= is_working(day)
    return day


def months_after(day: date, months: int) -> date:
    """The same day so many months later, or the last of that month where it does not have it (code de procédure civile, art. 641)."""
    return day + relativedelta(months=months)
