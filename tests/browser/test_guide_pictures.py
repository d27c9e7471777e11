"""The pictures of the guides, taken from the pages themselves: CORDEE_GUIDES=app/static/guides pytest tests/browser/test_guide_pictures.py
takes them anew; without it the test holds that every page still opens and that every picture is there, in both languages."""

from __future__ import annotations

import os
from datetime import date, timedelta
from decimal import Decimal
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from app import models as m
from app.views.guides import PICTURED, PICTURES
from tests.browser.test_every_page import sign_in

ALBUM = Path(__file__).resolve().parents[2] / "app" / "static" / "guides"
TAKEN = os.environ.get("CORDEE_GUIDES")
SIZE = (960, 600)


def furnish(cast, language):
    """A house with a little of everything that the pictures show."""
    manager = cast.staff("manager", first_name="Claire", last_name="Fontaine")
    partner = cast.partner(name="Patrimoine des Alpes", city="Grenoble", account_manager_id=manager.id)
    for name, town in (("Cabinet Lumière", "Lyon"), ("Rivage Conseil", "Nantes"), ("Midi Courtage", "Toulouse")):
        cast.partner(name=name, city=town, account_manager_id=manager.id)
    waiting = cast.partner(name="Horizon Crédit", city="Lille", status=m.PartnerStatus.PENDING_VALIDATION)
    cast.add(m.Alert(kind="to_validate", partner_id=waiting.id))
    supplier = cast.supplier(name="Boréal Assurances")
    product = cast.product(supplier, name="Sérénité Vie")
    for place, name in enumerate(("Martin", "Bernard", "Durand")):
        client = cast.client(partner, last_name=name, first_name="Léa")
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
    administrator, translator = cast.staff("administrator", language=language, first_name="Claire", last_name="Fontaine"), cast.staff("translator", language=language)
    for place, name in enumerate(("Obtenir l’attestation RC Pro", "Revue annuelle", "Rappeler M. Bernard")):
        cast.add(m.Task(partner_id=partner.id, name=name, due_on=m.today() + timedelta(days=place), assignee_id=administrator.id))
    cast.member(partner, "member", first_name="Hugo", last_name="Petit")
    owner = cast.member(partner, "owner", language=language, first_name="Anne", last_name="Roche")
    return administrator, translator, owner


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.parametrize("language", PICTURED)
def test_every_picture_of_the_guides_is_of_a_page_that_opens(house, cast, tab, language):
    administrator, translator, owner = furnish(cast, language)
    for person, door, places in (
        (administrator, "/login", [place for place in PICTURES if not place.startswith(("/portal", "/translations"))]),
        (translator, "/login", ["/translations/"]),
        (owner, "/partner/signin", [place for place in PICTURES if place.startswith("/portal")]),
    ):
        browser = tab(language)
        browser.page.set_viewport_size({"width": 1200, "height": 750})
        sign_in(browser, door, person.email)
        for place in places:
            assert browser.open(place).status == 200, place
            kept = ALBUM / language / f"{PICTURES[place]}.webp"
            if TAKEN:
                kept = Path(TAKEN) / language / kept.name
                kept.parent.mkdir(parents=True, exist_ok=True)
                Image.open(BytesIO(browser.page.screenshot())).resize(SIZE).save(kept, quality=70, method=6)
            assert Image.open(BytesIO(kept.read_bytes())).size == SIZE, f"take the pictures again: {kept.name}"
            assert kept.stat().st_size < 200_000
        assert browser.faults == []


def test_no_picture_is_left_over():
    for language in PICTURED:
        assert {path.stem for path in (ALBUM / language).glob("*")} == set(PICTURES.values())
