"""The machine-readable zone: ICAO 9303's own specimens, the French card, what is misread, and whose document it is."""

from __future__ import annotations

from contextlib import suppress
from datetime import date

import pytest
from hypothesis import given, strategies as st

from app.services import mrz
from app.services.refusals import RuleBroken

# The specimens of ICAO Doc 9303, parts 4 to 6, and the specimen that the French card was introduced with.
PASSPORT = "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<\nL898902C36UTO7408122F1204159ZE184226B<<<<<10"
CARD = "I<UTOD231458907<<<<<<<<<<<<<<<\n7408122F1204159UTO<<<<<<<<<<<6\nERIKSSON<<ANNA<MARIA<<<<<<<<<<"
TD2 = "I<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<\nD231458907UTO7408122F1204159<<<<<<<6"
FRENCH = "IDFRABERTHIER<<<<<<<<<<<<<<<<<<<<<<<\n8806923102858CORINNE<<<<<<<6512068F6"
SPECIMENS = {"TD3": PASSPORT, "TD1": CARD, "TD2": TD2, "CNI": FRENCH}


@pytest.mark.parametrize(("kind", "number"), [("TD3", "L898902C3"), ("TD1", "D23145890"), ("TD2", "D23145890")])
def test_the_specimens_are_read(kind, number):
    zone = mrz.read(SPECIMENS[kind])
    assert (zone.kind, zone.number, zone.surname, zone.given_names) == (kind, number, "ERIKSSON", "ANNA MARIA")
    assert (zone.birth_date, zone.expires_on, zone.issuer) == (date(1974, 8, 12), date(2012, 4, 15), "UTO")


def test_the_old_french_card_has_its_own_layout_and_no_expiry():
    zone = mrz.read(FRENCH)
    assert (zone.kind, zone.number, zone.surname, zone.given_names) == ("CNI", "880692310285", "BERTHIER", "CORINNE")
    assert (zone.birth_date, zone.expires_on) == (date(1965, 12, 6), None)


@pytest.mark.parametrize("typed", [PASSPORT.lower(), PASSPORT.replace("\n", ""), f"  {PASSPORT}\r\n", PASSPORT.replace("<<", " « "), PASSPORT.replace("A<M", "A < M")])
def test_pasted_lines_are_understood(typed):
    assert mrz.read(typed).number == "L898902C3"


@pytest.mark.parametrize("specimen", SPECIMENS.values(), ids=SPECIMENS)
def test_a_digit_misread_anywhere_it_counts_is_noticed(specimen):
    """Of all single digits that check digits stand for, changed to any other digit: not one goes through."""
    lines = mrz.lines_of(specimen)
    zone, parts = {90: mrz.td1, 88: mrz.td3, 72: mrz.french_card if specimen is FRENCH else mrz.td2}[sum(map(len, lines))](lines)
    covered = {each for part in parts for each in part.characters}
    assert covered
    undetected = 0
    for place, character in enumerate("\n".join(lines)):
        if not character.isdigit():
            continue
        for other in "0123456789".replace(character, ""):
            text = "\n".join(lines)
            changed = text[:place] + other + text[place + 1 :]
            with suppress(RuleBroken):
                undetected += mrz.read(changed).lines != zone.lines
    print(f"{zone.kind}: digits changed and not noticed {undetected}")
    assert undetected == 0


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("P<UTO", "5 characters"),
        (PASSPORT.replace("P<UTO", "V<UTO"), "not those of an identity card"),
        (PASSPORT.replace("ERIKSSON", "ÉRIKSSON"), "“É”"),
        (PASSPORT.replace("740812", "740813"), "birth date"),
        (PASSPORT.replace("120415", "120416"), "expiry date"),
        (PASSPORT.replace("L898902C3", "L898902C4"), "document number"),
        (CARD.replace("UTO<<<<<<<<<<<6", "UTO<<<<<<<<<<<7"), "stands for all lines"),
    ],
)
def test_what_is_wrong_is_said(house, typed, words):
    with house.test_request_context(headers={"Accept-Language": "en"}), pytest.raises(RuleBroken) as refusal:
        mrz.read(typed)
    from flask_babel import force_locale

    with house.app_context(), force_locale("en_GB"):
        assert words in str(refusal.value.sentence)


@given(st.text(max_size=120))
def test_nothing_typed_breaks_it(typed):
    with suppress(RuleBroken):
        mrz.read(typed)


def zone(surname, given, birth="740812"):
    names = f"{surname}<<{given}".ljust(39, "<")[:39]
    birth_digit = mrz.check_digit(birth)
    second = f"L898902C36UTO{birth}{birth_digit}F3204153ZE184226B<<<<<1"
    second = second[:27] + mrz.check_digit(second[21:27]) + second[28:]
    return mrz.read(f"P<UTO{names}\n{second}{mrz.check_digit(second[0:10] + second[13:20] + second[21:43])}")


BORN = date(1974, 8, 12)


@pytest.mark.parametrize(
    ("surname", "given", "last_name", "first_name"),
    [
        ("ERIKSSON", "ANNA<MARIA", "Eriksson", "Anna"),
        ("ERIKSSON", "ANNA<MARIA", "ERIKSSON", "Anna-Maria"),
        ("LE<GALL", "YANN", "Le Gall", "Yann"),
        ("DARTAGNAN", "CHARLES", "d’Artagnan", "Charles"),
        ("MUELLER", "JOERG", "Müller", "Jörg"),
        ("MULLER", "JORG", "Müller", "Jörg"),
        ("LEFEVRE<DUPONT", "CELINE", "Dupont", "Céline"),
        ("OEUVRARD", "ZOE", "Œuvrard", "Zoé"),
        ("PAPANDROPOULOS<DE<LA<VILLENEUVE", "ALEXAN", "Papandropoulos de la Villeneuve sur Loire", "Alexandra"),
    ],
)
def test_a_name_is_recognised_as_documents_print_it(surname, given, last_name, first_name):
    assert mrz.differences(zone(surname, given), first_name, last_name, BORN) == []


def test_another_person_is_noticed():
    printed = zone("ERIKSSON", "ANNA<MARIA")
    assert mrz.differences(printed, "Anna", "Martin", BORN) == ["last_name"]
    assert mrz.differences(printed, "Louise", "Eriksson", BORN) == ["first_name"]
    assert mrz.differences(printed, "Anna", "Eriksson", date(1974, 8, 13)) == ["birth_date"]
    assert mrz.differences(printed, "Anna", "Eriksson", None) == ["birth_date"]
