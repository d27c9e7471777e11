"""A small house with a little of everything, for the tests that take pictures."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from app import models as m
from tests.cast import Cast


@dataclass
class People:
    """Who looks at it, and what they look at."""

    administrator: Any
    translator: Any
    owner: Any
    applicant: Any
    partner: Any
    waiting: Any
    client: Any


def furnish(cast: Cast, language: str) -> People:
    """A house with a little of everything that the pictures show."""
    manager = cast.staff("manager", first_name="Hugo", last_name="Lemaire", email="hugo.lemaire@cordee.example")
    partner = cast.partner(name="Patrimoine des Alpes", city="Grenoble", account_manager_id=manager.id)
    for name, town in (("Cabinet Lumière", "Lyon"), ("Rivage Conseil", "Nantes"), ("Midi Courtage", "Toulouse")):
        cast.partner(name=name, city=town, account_manager_id=manager.id)
    waiting = cast.partner(name="Horizon Crédit", city="Lille", status=m.PartnerStatus.PENDING_VALIDATION)
    cast.add(m.Alert(kind="file_waits", partner_id=waiting.id))
    supplier = cast.supplier(name="Boréal Assurances")
    product = cast.product(supplier, name="Sérénité Vie")
    first = None
    for place, name in enumerate(("Martin", "Bernard", "Durand")):
        client = cast.client(partner, last_name=name, first_name="Léa")
        first = first or client
        for own in (client, None):
            cast.contract(
                partner,
                own,
                number=f"BO{place}{bool(own):d}48231",
                supplier=supplier,
                product=product,
                amount=Decimal(18_000 + place * 7_350),
                effective_on=date(2024, 3 + place, 1),
            )
    administrator, translator = (
        cast.staff("administrator", language=language, first_name="Claire", last_name="Fontaine", email="claire.fontaine@cordee.example"),
        cast.staff("translator", language=language, first_name="Inès", last_name="Marchand", email="ines.marchand@cordee.example"),
    )
    for place, name in enumerate(("Obtenir l’attestation RC Pro", "Revue annuelle", "Rappeler M. Bernard")):
        cast.add(m.Task(partner_id=partner.id, name=name, due_on=m.today() + timedelta(days=place), assignee_id=administrator.id))
    cast.member(partner, "member", first_name="Hugo", last_name="Petit")
    owner = cast.member(partner, "owner", language=language, first_name="Anne", last_name="Roche")
    applicant = cast.member(
        cast.partner(name="Cabinet Nouveau", status=m.PartnerStatus.DRAFT, city=None), "owner", language=language, first_name="Paul", last_name="Giraud"
    )
    return People(administrator, translator, owner, applicant, partner, waiting, first)
