"""Days as people type them, in either language."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from app.models import today
from app.views.base.days import day_typed


@pytest.mark.parametrize(
    "typed",
    ["31/12/2026", "31.12.2026", "31-12-2026", "31 12 2026", "31/12/26", "311226", "31122026", "2026-12-31", " 31/12/2026 ",
     "31 déc. 2026", "31 décembre 2026", "31 DÉCEMBRE 2026", "31 December 2026", "31 Dec 26", "31st december 2026"],
)  # fmt: skip
def test_a_day_is_read_as_people_type_it(typed):
    assert day_typed(typed) == date(2026, 12, 31)


@pytest.mark.parametrize(("typed", "days"), [("aujourd’hui", 0), ("today", 0), ("demain", 1), ("hier", -1), ("+7", 7), ("+ 30", 30)])
def test_a_day_is_said_by_its_distance(typed, days):
    assert day_typed(typed) == today() + timedelta(days=days)


def test_a_year_of_two_digits_is_the_nearest_that_makes_sense():
    assert day_typed("12/04/80") == date(1980, 4, 12)
    assert day_typed("1er janv. 30").year == 2030
    assert day_typed("5/3") == date(today().year, 3, 5)
    assert day_typed("1 févr. 2027") == date(2027, 2, 1)


@pytest.mark.parametrize(
    "typed", ["31/02/2026", "32/01/2026", "1/13/2026", "soon", "2026-13-01", "31 foobar 2026", "+", "+99999", "1", "12/2026", "٣١/١٢/٢٠٢٦ x", "31//12//2026"]
)
def test_what_is_no_day_is_refused(typed):
    with pytest.raises((ValueError, KeyError, OverflowError)):
        day_typed(typed)


def test_a_form_shows_a_day_as_it_is_written_here_and_keeps_what_was_typed(house, cast):
    partner = cast.partner()
    contract = cast.contract(partner, cast.client(partner), effective_on=date(2020, 5, 1))
    visitor = cast.client_for("manager")
    page = visitor.get(f"/contracts/{contract.id}/edit").text
    assert 'name="effective_on" value="01/05/2020" placeholder="jj/mm/aaaa"' in page
    refused = visitor.post(f"/contracts/{contract.id}/edit", {"version": contract.version, "effective_on": "le 3 du mois"}).text
    assert 'name="effective_on" value="le 3 du mois"' in refused
    assert "Ce n’est pas une date" in refused or "pas une date" in refused
