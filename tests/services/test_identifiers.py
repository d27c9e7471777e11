"""Identifiers as people type them: DOMAIN 3's numbers."""

from __future__ import annotations

import pytest

from app.services import identifiers
from app.services.refusals import RuleBroken


@pytest.mark.parametrize("typed", ["732829320", "732 829 320", "732.829.320", "790884084", "352042345", "429882236"])
def test_valid_sirens_are_taken_in_any_grouping(typed):
    assert identifiers.siren(typed) == typed.replace(" ", "").replace(".", "")


@pytest.mark.parametrize("typed", ["732829321", "73282932", "7328293200", "ABCDEFGHI", "٧٣٢٨٢٩٣٢٠", ""])
def test_other_sirens_are_refused_in_words(house, typed):
    with house.app_context(), pytest.raises(RuleBroken):
        identifiers.siren(typed)


@pytest.mark.parametrize(("typed", "kept"), [("07 001 290", "07001290"), ("07004126", "07004126")])
def test_an_orias_number_has_eight_digits_and_no_check_digit(typed, kept):
    assert identifiers.orias(typed) == kept


def test_ibans_are_checked_and_grouped():
    assert identifiers.iban("fr76 3000 6000 0112 3456 7890 189") == "FR7630006000011234567890189"
    assert identifiers.grouped("iban", "FR7630006000011234567890189").replace("\u202f", " ") == "FR76 3000 6000 0112 3456 7890 189"


@pytest.mark.parametrize("typed", ["FR7630006000011234567890188", "FR76", "hello"])
def test_a_wrong_iban_is_refused(house, typed):
    with house.app_context(), pytest.raises(RuleBroken):
        identifiers.iban(typed)


@pytest.mark.parametrize("typed", ["01 23 45 67 89", "+33 1 23 45 67 89", "01.23.45.67.89"])
def test_phones_are_taken_as_people_write_them(typed):
    assert identifiers.phone(typed).lstrip("+").isdigit()


def test_a_web_address_gets_its_scheme_and_scripts_are_refused(house):
    assert identifiers.website("www.example.com") == "https://www.example.com"
    for typed in ("javascript:alert(1)", "https://x", "http://a b.c", "https://user@evil.example"):
        with house.app_context(), pytest.raises(RuleBroken):
            identifiers.website(typed)
