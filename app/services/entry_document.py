"""The entry document (DER): what a client is told before anything else, made of its partner's file. It names the ORIAS categories that
stand there, and the mediators and authorities that go with them; where none is known, each mediator and authority with its activity.

Sources: code des assurances L521-2 and R521-1; AMF general regulation art. 325-5; ACPR recommendation 2022-R-01 (terms and mediation run
from the day on which a complaint was sent); code monétaire et financier L561-12; GDPR art. 13.
"""

from __future__ import annotations

from typing import Any

from flask_babel import LazyString, gettext, lazy_gettext as _
from sqlalchemy.orm import Session

from app.models import ORIAS_CATEGORIES, Partner
from app.services import checks, identifiers

INSURANCE, ADVICE = frozenset({"COA", "AGA", "MA", "MIA"}), frozenset({"CIF"})
CATEGORY_WORDS: dict[str, LazyString] = {
    "COA": _("insurance broker (COA)"),
    "AGA": _("general insurance agent (AGA)"),
    "MA": _("insurer’s agent (MA)"),
    "MIA": _("insurance intermediary’s agent (MIA)"),
    "COBSP": _("broker in banking and payment services (COBSP)"),
    "MOBSPL": _("agent in banking and payment services (MOBSPL)"),
    "MOBSP": _("exclusive agent in banking and payment services (MOBSP)"),
    "MIOBSP": _("agent of an intermediary in banking and payment services (MIOBSP)"),
    "CIF": _("financial investment adviser (CIF)"),
    "ALPSI": _("tied agent of an investment firm (ALPSI)"),
    "IFP": _("crowdfunding intermediary (IFP)"),
}


def part(title: str, *paragraphs: Any) -> dict[str, Any]:
    return {"title": title, "paragraphs": [each for each in paragraphs if each]}


def entry_parts(session: Session, partner: Partner) -> list[dict[str, Any]]:
    held = checks.standing_of(session, partner.id)
    return [
        part(gettext("Who advises you"), {"items": who_it_is(partner, held)}),
        part(
            gettext("What we do"),
            gettext("Within our registrations we present, propose and advise on savings, insurance, investment and credit products."),
            gettext("Before any advice we ask what you know, what you want and what you can bear."),
            gettext("We propose contracts of insurers, banks and asset managers with which we have an agreement. Their list is handed to you on request."),
        ),
        part(
            gettext("How we are paid"),
            gettext("By fees that you pay, by commissions that insurers, banks and asset managers pay us, or by both."),
            gettext("Before you subscribe to anything you are told which, and the amount or how it is worked out."),
        ),
        part(
            gettext("If something is not right"),
            gettext(
                "Write to us at the address above. We acknowledge a written complaint within ten working days after it was sent, and answer it at the latest two months after it was sent."
            ),
            gettext("Two months after you sent your written complaint, whether it has been answered or not, you can turn to the mediator free of charge:"),
            {"items": mediators(held)},
        ),
        part(gettext("Supervisory authorities"), {"items": authorities(held)}),
        part(
            gettext("Your data"),
            gettext(
                "What you tell us serves to advise you and to meet our legal duties. What due diligence asks for is kept for five years after the end of the business relationship."
            ),
            gettext(
                "You have the rights of access, rectification, erasure, objection, restriction and portability, within what the law provides. To use them,"
                " write to us at the address above. You can also complain to the CNIL (3 place de Fontenoy, TSA 80715, 75334 Paris Cedex 07, www.cnil.fr)."
            ),
        ),
        part(gettext("Receipt"), gettext("I have received this document before any advice.")),
    ]


def who_it_is(partner: Partner, held: frozenset[str]) -> list[str]:
    address = ", ".join(each for each in (partner.street, " ".join(filter(None, (partner.postcode, partner.city)))) if each)
    found = [gettext("Name: %(name)s", name=str(partner))]
    if address:
        found.append(gettext("Address: %(address)s", address=address))
    if partner.siren:
        found.append(gettext("SIREN: %(siren)s", siren=identifiers.grouped("siren", partner.siren)))
    if partner.orias_number:
        number = identifiers.grouped("orias", partner.orias_number)
        named = ", ".join(str(CATEGORY_WORDS[each]) for each in ORIAS_CATEGORIES if each in held)
        found.append(
            gettext("ORIAS: %(number)s (www.orias.fr), as %(kind)s", number=number, kind=named) if named else gettext("ORIAS: %(number)s (www.orias.fr)", number=number)
        )
    reach = " · ".join(each for each in (partner.email, identifiers.grouped("phone", partner.phone) if partner.phone else "") if each)
    return [*found, gettext("Contact: %(reach)s", reach=reach)] if reach else found


def mediators(held: frozenset[str]) -> list[str]:
    found = []
    if held & INSURANCE or not held:
        found.append(gettext("For insurance: La Médiation de l’Assurance, TSA 50110, 75441 Paris Cedex 09 (www.mediation-assurance.org)."))
    if held & ADVICE or not held:
        found.append(gettext("For financial investment advice: the AMF’s mediator, 17 place de la Bourse, 75082 Paris Cedex 02 (www.amf-france.org)."))
    if held - INSURANCE - ADVICE:
        found.append(gettext("For our other activities: the consumer mediator whose name and address we give you on request."))
    return found


def authorities(held: frozenset[str]) -> list[str]:
    """A partner that only gives financial investment advice is not under the ACPR; one that gives none is not under the AMF."""
    found = []
    if held != ADVICE:
        found.append(gettext("Autorité de contrôle prudentiel et de résolution (ACPR), 4 place de Budapest, CS 92459, 75436 Paris Cedex 09 (acpr.banque-france.fr)."))
    if held & ADVICE or not held:
        found.append(gettext("For financial investment advice: Autorité des marchés financiers (AMF), 17 place de la Bourse, 75082 Paris Cedex 02 (www.amf-france.org)."))
    return found
