"""What the demo house knows of its partners: beneficial owners, answers, and two short lists of made-up people to screen against."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

from app.extensions import db
from app.models import BeneficialOwner, Control, ListKind, Partner, QuestionnaireKind
from app.services import owners, watch_lists
from app.services.questionnaires import answers, versions

ANSWERS: dict[str, Any] = {
    "clients": ["private", "professional"],
    "contact": "both",
    "area": "europe",
    "volume": "1800000",
    "funds": "no",
    "cash": "no",
    "crypto": "no",
    "agents": "no",
    "officer": "yes",
    "officer_name": "Anne-Marie Faure",
    "procedures": "current",
    "training": "2026-03-12",
    "sanctions": "no",
    "exposed": "no",
}


def entry(number: int, name: str, first_name: str, born: tuple[str, str, str], **facts: str) -> dict[str, Any]:
    """An entry as the register writes one."""
    year, month, day = born
    fields = [
        {"TypeChamp": "PRENOM", "Valeur": [{"Prenom": first_name}]},
        {"TypeChamp": "DATE_DE_NAISSANCE", "Valeur": [{"Jour": day, "Mois": month, "Annee": year}]},
        *(
            {"TypeChamp": kind, "Valeur": [{part: text}]}
            for kind, part, text in (("TITRE", "Titre", facts.get("office")), ("MOTIFS", "Motifs", facts.get("why")))
            if text
        ),
    ]
    return {"IdRegistre": number, "Nature": "Personne physique", "Nom": name, "RegistreDetail": fields}


LISTS = {
    ListKind.FREEZE: [
        entry(900001, "ZORGLUBSKI", "Anatole", ("1961", "4", "9"), why="Personne inventée pour la démonstration."),
        entry(900002, "KARABASOFF", "Igor", ("1970", "", ""), why="Personne inventée pour la démonstration."),
    ],
    ListKind.EXPOSED: [
        entry(910001, "FAURE", "Anne-Marie", ("1951", "11", "23"), office="Ancienne ministre (démonstration)"),
        entry(910002, "LAFONTAINE-DURIVAL", "Sidonie", ("1968", "2", "2"), office="Députée (démonstration)"),
    ],
}


def load_lists() -> None:
    for kind, entries in LISTS.items():
        content = {"Publications": {"DatePublication": "2026-11-02T00:00:00", "PublicationDetail": entries}}
        watch_lists.load(kind, f"demonstration-{kind.value}.json", json.dumps(content).encode(), "Claire Fontaine")


def load_knowledge(partner: Partner, first_name: str, last_name: str, born: date, **changes: Any) -> None:
    """One owner who holds it all, and answers to the questionnaire in force."""
    owner = BeneficialOwner(partner_id=partner.id, first_name=first_name, last_name=last_name, birth_date=born, control=Control.CAPITAL, share=100)
    db.session.add(owner)
    db.session.flush()
    owners.saved(owner, new=True)
    shown = versions.in_force(QuestionnaireKind.KNOW_YOUR_PARTNER)
    assert shown is not None
    answers.answer(partner, shown, ANSWERS | changes, f"{first_name} {last_name}")
    db.session.flush()
