"""Finding a company in the registers by its SIREN or its name, so that nobody copies out what a register knows."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

from flask_babel import lazy_gettext as _

from app.connectors import registers
from app.connectors.registers import Company
from app.services import identifiers, people, throttle
from app.services.crossings import crossing
from app.services.refusals import RuleBroken

SHOWN = 10
LEAST = 3  # letters, the register's own limit
FREE = 60  # look-ups of one person, before each waits longer than the one before


@dataclass(frozen=True)
class Found:
    """What the registers know of what was typed: one company whose facts can be filled in, or several to choose from."""

    facts: dict[str, str] = field(default_factory=dict)
    choices: tuple[Company, ...] = ()
    has_ceased: bool = False


def find(typed: str, person_id: int) -> Found:
    """Looks a company up; raises RuleBroken when there is none, when too little was typed, when no register answers, and when one
    person asks too often: the registers answer the whole house so many times a second."""
    hold_back(person_id)
    try:
        if identifiers.squeezed(typed).isdecimal():
            company = registers.chosen.company(identifiers.siren(typed))
            if company is None:
                raise RuleBroken(_("The open register does not know this SIREN. You can fill in the form by hand."), "company")
            return Found(facts_of(company), has_ceased=not company.is_open)
        if len(typed.strip()) < LEAST:
            raise RuleBroken(_("Please type a SIREN, or at least three letters of the name."), "company")
        found = registers.chosen.companies(typed.strip())[:SHOWN]
    except registers.Unavailable as silence:
        raise RuleBroken(_("The register does not answer at the moment. You can fill in the form by hand."), "company") from silence
    except RuleBroken as refusal:
        raise RuleBroken(refusal.sentence, "company") from refusal
    if not found:
        raise RuleBroken(_("No company of this name was found. You can fill in the form by hand."), "company")
    return Found(facts_of(found[0]), has_ceased=not found[0].is_open) if len(found) == 1 else Found(choices=tuple(found))


def hold_back(person_id: int) -> None:
    with crossing(reading=False) as session:
        try:
            throttle.admit(session, [throttle.Brake(people.digest_of(f"registers\x00{person_id}"), FREE, timedelta(seconds=30))])
        except RuleBroken as refusal:
            raise RuleBroken(refusal.sentence, "company") from refusal
        session.commit()


def is_in_rcs(company: Company) -> bool | None:
    """Whether it is in the RCS; None when the register that knows does not answer, and the form is left to the person."""
    if company.in_rcs is not None:
        return company.in_rcs
    try:
        entry = registers.chosen.registration(company.siren)
    except registers.Unavailable:
        return None
    return entry.in_rcs if entry is not None else None


def facts_of(company: Company) -> dict[str, str]:
    """What a partner's form holds of a company, with its ORIAS number where the register of intermediaries answers."""
    try:
        entry = registers.chosen.intermediary(company.siren)
    except registers.Unavailable:
        entry = None
    facts = {"siren": company.siren, "name": company.name, "street": company.street, "postcode": company.postcode, "city": company.city}
    in_rcs = is_in_rcs(company)
    if in_rcs is not None:
        facts |= {"exercise": "commercial", "rcs_town": company.city} if in_rcs else {"exercise": "liberal"}
    return {name: value for name, value in (facts | {"orias_number": entry.number if entry else ""}).items() if value}
