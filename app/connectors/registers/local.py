"""Registers that answer without leaving the machine, picking the answer from the digits typed.

SIREN: numbers that do not begin with 999 are companies in good order. For those that do, the eighth digit decides:

    digit 8   example     the company …
    0, 1      999000011   is open, in the RCS, and registered with ORIAS in every category
    2         999000029   is closed, and struck off by ORIAS
    3         999000037   is a liberal profession: open, not in the RCS, registered as an agent (MIA, MIOBSP)
    4         999000045   is open and in the RCS, and unknown to ORIAS
    5         999000052   has been struck off as an insurance broker (COA), and is still a financial investment adviser (CIF)
    6         999000060   did not agree to be published: the open register does not find it; ORIAS knows it (CIF)
    7         999000078   cannot be looked up: the register does not answer
    8         999000086   is unknown to every register
    9         999000094   is open and in the RCS; ORIAS does not answer

The ORIAS number declared must be the register's own: ORIAS_NUMBERS below, else 07 followed by the SIREN's third to eighth digits.
Identity documents: a number that ends in 0 is reported stolen, one that ends in 9 gets no answer, any other is valid.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import date

from anyascii import anyascii

from app.connectors.registers import Company, Identity, Intermediary, Registration, Unavailable

EVERYTHING = {"COA": "INSCRIT", "COBSP": "INSCRIT", "CIF": "INSCRIT", "MIA": "INSCRIT"}
STATUSES_BY_DIGIT: dict[str, dict[str, str] | None] = {
    "2": {"COA": "SUPPRIME", "CIF": "SUPPRIME"},
    "3": {"MIA": "INSCRIT", "MIOBSP": "INSCRIT"},
    "4": None,
    "5": {"COA": "SUPPRIME", "CIF": "INSCRIT"},
    "6": {"CIF": "INSCRIT"},
    "8": None,
}
ORIAS_NUMBERS = {
    "732829320": "07004126",
    "999000011": "12068209",
    "999000029": "12066554",
    "999000037": "19001234",
    "999000052": "15002345",
    "999000060": "20003456",
}
NAMES_BY_DIGIT = {"2": "CABINET FERMÉ", "3": "MARIE CONSEIL", "4": "APPORT & CIE", "5": "COURTAGE SUSPENDU", "6": "DISCRET", "9": "CABINET DU LAC"}
LEGEND = ("732829320", "999000011", "999000029", "999000037", "999000045", "999000052", "999000060", "999000078", "999000086", "999000094")


class LocalRegister:
    """Stands in for recherche-entreprises, INSEE, INPI, ORIAS and the identity check; see the legend above."""

    name = "local"

    def company(self, siren: str) -> Company | None:
        digit = deciding_digit(siren)
        if digit == "7":
            raise Unavailable("recherche-entreprises")
        if digit in ("6", "8"):
            return None
        return Company(siren, name_of(siren), is_open=digit != "2", in_rcs=digit != "3", street="1 rue de la Paix", postcode="75002", city="Paris")

    def companies(self, words: str) -> list[Company]:
        """Companies of the legend whose name holds the words; « silence » gets no answer."""
        wanted = fold(words)
        if wanted == "silence":
            raise Unavailable("recherche-entreprises")
        found = (self.company(siren) for siren in LEGEND if deciding_digit(siren) != "7")
        return [company for company in found if company is not None and wanted in fold(company.name)]

    def registration(self, siren: str) -> Registration | None:
        company = self.company(siren)
        return None if company is None else Registration(siren, bool(company.in_rcs), "COMMERCIALE" if company.in_rcs else "LIBERALE_NON_REGLEMENTEE")

    def intermediaries(self, sirens: Sequence[str]) -> dict[str, Intermediary | None]:
        found = {}
        for siren in sirens:
            with suppress(Unavailable):
                found[siren] = self.intermediary(siren)
        return found

    def intermediary(self, siren: str) -> Intermediary | None:
        digit = deciding_digit(siren)
        if digit in ("7", "9"):
            raise Unavailable("ORIAS")
        statuses = STATUSES_BY_DIGIT.get(digit, EVERYTHING)
        return None if statuses is None else Intermediary(siren, orias_number(siren), name_of(siren), statuses)

    def identity(self, number: str, expires_on: date | None) -> Identity:
        if number.endswith("9"):
            raise Unavailable("identity")
        if number.endswith("0"):
            return Identity(number, False, "reported stolen")
        return Identity(number, True)


def fold(text: str) -> str:
    return " ".join(anyascii(text).lower().split())


def deciding_digit(siren: str) -> str:
    return siren[7] if siren.startswith("999") else "0"


def name_of(siren: str) -> str:
    return "CABINET DU PORT" if siren == "732829320" else NAMES_BY_DIGIT.get(deciding_digit(siren), "PATRIMOINE DES ALPES")


def orias_number(siren: str) -> str:
    """The ORIAS number under which this register knows a company: 07 and six of its digits, unless the legend says another."""
    return ORIAS_NUMBERS.get(siren, f"07{siren[2:8]}")
