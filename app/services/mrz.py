"""The machine-readable zone of identity documents: read, checked and compared with what a person has declared.

Source: ICAO Doc 9303, parts 3 to 6 (TD1 cards of 3 × 30 characters, TD2 of 2 × 36, TD3 passports of 2 × 44), and the French
identity card issued until 2021 (2 × 36, of its own layout, without an expiry date).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from anyascii import anyascii
from flask_babel import LazyString, lazy_gettext as _

from app.models import today
from app.services.refusals import RuleBroken

SHAPES = {90: (3, 30), 72: (2, 36), 88: (2, 44)}  # characters in all: lines and their length
WEIGHTS = (7, 3, 1)
DOCUMENT_LETTERS = "PIAC"  # passport, card, card of another kind, crew card; V is a visa, which proves nobody's identity


@dataclass(frozen=True)
class Zone:
    """What the lines say. A name that fills its place to the end may have been cut."""

    kind: str
    issuer: str
    number: str
    surname: str
    given_names: str
    birth_date: date | None
    expires_on: date | None
    lines: str
    birth_digits: str = "<"
    expiry_digits: str = "<"
    surname_cut: bool = False
    given_cut: bool = False


@dataclass(frozen=True)
class Part:
    """A stretch of the zone that a check digit stands for."""

    name: LazyString
    characters: str
    digit: str
    may_be_blank: bool = False


def value(character: str) -> int:
    """0 to 9 for digits, 10 to 35 for letters, 0 for the filler."""
    return 0 if character == "<" else int(character, 36)


def check_digit(characters: str) -> str:
    return str(sum(value(each) * WEIGHTS[place % 3] for place, each in enumerate(characters)) % 10)


NUMBER, BIRTH, EXPIRY, OTHER, WHOLE = _("document number"), _("birth date"), _("expiry date"), _("additional digits"), _("last digit, which stands for all lines")


def read(typed: str) -> Zone:
    """The zone that was typed or pasted, in lines or in one piece; raises RuleBroken (field "mrz")."""
    lines = lines_of(typed)
    if lines[0][0] not in DOCUMENT_LETTERS:
        raise RuleBroken(_("These lines are not those of an identity card, a passport or a residence permit."), "mrz")
    if len(lines) == 3:
        zone, parts = td1(lines)
    elif len(lines[0]) == 44:
        zone, parts = td3(lines)
    else:
        zone, parts = french_card(lines) if lines[0].startswith("IDFRA") else td2(lines)
    for name, digits, found in ((BIRTH, zone.birth_digits, zone.birth_date), (EXPIRY, zone.expiry_digits, zone.expires_on)):
        if found is None and "<" not in digits:
            raise RuleBroken(_("There is no such day (%(part)s). Please compare these lines with the document.", part=name), "mrz")
    for part in parts:
        if part.digit != check_digit(part.characters) and not (part.may_be_blank and part.digit == "<" and not part.characters.strip("<")):
            raise RuleBroken(_("A character was misread: the check digit does not fit (%(part)s). Please compare these lines with the document.", part=part.name), "mrz")
    return zone


def lines_of(typed: str) -> list[str]:
    squeezed = re.sub(r"\s", "", typed).upper().replace("«", "<<").replace("‹", "<").replace("＜", "<")
    strange = re.sub(r"[A-Z0-9<]", "", squeezed)
    if strange:
        raise RuleBroken(_("These lines hold only letters, digits and “<”; not “%(character)s”.", character=strange[0]), "mrz")
    if len(squeezed) not in SHAPES:
        raise RuleBroken(
            _(
                "You typed %(typed)s characters. A card has 3 lines of 30 or 2 lines of 36, a passport 2 lines of 44; each “<” counts.",
                typed=len(squeezed),
            ),
            "mrz",
        )
    number, length = SHAPES[len(squeezed)]
    return [squeezed[place * length : (place + 1) * length] for place in range(number)]


def td1(lines: list[str]) -> tuple[Zone, list[Part]]:
    first, second, third = lines
    number, digit = long_number(first[5:14], first[14], first[15:30])
    parts = [
        Part(NUMBER, number, digit),
        Part(BIRTH, second[0:6], second[6]),
        Part(EXPIRY, second[8:14], second[14]),
        Part(WHOLE, first[5:30] + second[0:7] + second[8:15] + second[18:29], second[29]),
    ]
    return zone_of("TD1", lines, number, third, second[0:6], second[8:14]), parts


def td2(lines: list[str]) -> tuple[Zone, list[Part]]:
    first, second = lines
    number, digit = long_number(second[0:9], second[9], second[28:35])
    parts = [
        Part(NUMBER, number, digit),
        Part(BIRTH, second[13:19], second[19]),
        Part(EXPIRY, second[21:27], second[27]),
        Part(WHOLE, second[0:10] + second[13:20] + second[21:35], second[35]),
    ]
    return zone_of("TD2", lines, number, first[5:], second[13:19], second[21:27]), parts


def td3(lines: list[str]) -> tuple[Zone, list[Part]]:
    first, second = lines
    parts = [
        Part(NUMBER, second[0:9], second[9]),
        Part(BIRTH, second[13:19], second[19]),
        Part(EXPIRY, second[21:27], second[27]),
        Part(OTHER, second[28:42], second[42], may_be_blank=True),
        Part(WHOLE, second[0:10] + second[13:20] + second[21:43], second[43]),
    ]
    return zone_of("TD3", lines, second[0:9], first[5:], second[13:19], second[21:27]), parts


def french_card(lines: list[str]) -> tuple[Zone, list[Part]]:
    """Surname on the first line, twelve digits and the given names on the second; its last digit stands for both lines."""
    first, second = lines
    surname, given = first[5:30], second[13:27]
    parts = [Part(NUMBER, second[0:12], second[12]), Part(BIRTH, second[27:33], second[33]), Part(WHOLE, first + second[0:35], second[35])]
    zone = Zone(
        kind="CNI",
        issuer="FRA",
        number=second[0:12].replace("<", ""),
        surname=words(surname),
        given_names=words(given),
        birth_date=day(second[27:33], past=True),
        expires_on=None,
        lines="\n".join(lines),
        birth_digits=second[27:33],
        surname_cut=not surname.endswith("<"),
        given_cut=not given.endswith("<"),
    )
    return zone, parts


def zone_of(kind: str, lines: list[str], number: str, names: str, birth: str, expiry: str) -> Zone:
    surname, _gap, given = names.partition("<<")
    full = not names.endswith("<")
    return Zone(
        kind=kind,
        issuer=lines[0][2:5].strip("<"),
        number=number.replace("<", ""),  # a space or a hyphen of the printed number
        surname=words(surname),
        given_names=words(given),
        birth_date=day(birth, past=True),
        expires_on=day(expiry, past=False),
        lines="\n".join(lines),
        birth_digits=birth,
        expiry_digits=expiry,
        surname_cut=full and not given,
        given_cut=full,
    )


def long_number(short: str, digit: str, rest: str) -> tuple[str, str]:
    """A number of more than nine characters goes on among the additional ones, with its check digit at its end; the filler then
    stands in the digit's usual place."""
    if digit != "<":
        return short, digit
    more = rest.partition("<")[0]
    return (short + more[:-1], more[-1]) if more else (short, digit)


def words(field: str) -> str:
    return " ".join(part for part in field.split("<") if part)


def day(digits: str, past: bool) -> date | None:
    """A day from its six digits, or None when parts of it are unknown or it does not exist. Births lie behind; no document is good for
    more than twenty years, so an expiry further ahead was in the last century."""
    if not digits.isdecimal():
        return None
    year, month, number = int(digits[0:2]) + 2000, int(digits[2:4]), int(digits[4:6])
    try:
        found = date(year, month, number)
        latest = today() if past else today() + timedelta(days=366 * 20)
        return date(year - 100, month, number) if found > latest else found
    except ValueError:
        return None


# --- compared with what was declared --------------------------------------------------------------

TWO_LETTERS = str.maketrans({"Ä": "AE", "Ö": "OE", "Ü": "UE", "Å": "AA", "Ø": "OE", "Æ": "AE", "Œ": "OE", "ß": "SS", "Þ": "TH"})


PARTICLES = frozenset(
    ["DE", "DU", "DES", "LA", "LE", "LES", "D", "L", "VAN", "VON", "DER", "DEN", "DI", "DA", "DOS", "EL", "AL", "BEN", "SAINT", "SAINTE", "ST", "STE"]
)  # too many share them


def spellings(name: str) -> Iterator[list[str]]:
    """The ways in which a name may stand in a zone: accents dropped, or written as two letters."""
    for letters in (name.upper(), name.upper().translate(TWO_LETTERS)):
        plain = re.sub(r"['’`.]", "", anyascii(letters).upper())
        yield re.findall(r"[A-Z]+", plain)


def same_words(declared: list[str], printed: list[str], cut: bool) -> bool:
    """Whether one name holds the other: people leave out second names, and zones cut what is too long."""
    if not declared or not printed:
        return False
    one, other = "".join(declared), "".join(printed)
    if one == other or (cut and one.startswith(other)):
        return True
    some, others = set(declared) - PARTICLES, set(printed) - PARTICLES
    if not some or not others:
        return False
    return some <= others or others <= some or (cut and any(each.startswith(printed[-1]) for each in some))


def differences(zone: Zone, first_name: str, last_name: str, birth_date: date | None) -> list[str]:
    """Which of a person's declared facts the document does not bear out: "last_name", "first_name", "birth_date"."""
    found = []
    if not any(same_words(each, zone.surname.split(), zone.surname_cut) for each in spellings(last_name)):
        found.append("last_name")
    if not any(same_words(each, zone.given_names.split(), zone.given_cut) for each in spellings(first_name)):
        found.append("first_name")
    if zone.birth_date is None or birth_date != zone.birth_date:
        found.append("birth_date")
    return found
