"""A company's file is filled from the registers, by SIREN or by name, and nothing that was typed is lost."""

from __future__ import annotations

import html
import re

import pytest

from app import models as m
from app.connectors.registers import local

EN = {"headers": {"Accept-Language": "en"}}


def values(page):
    """What the form's boxes hold, by name."""
    return {name: html.unescape(value) for name, value in re.findall(r'<input class="form-control" type="[a-z]+" id="\w+" name="(\w+)" value="([^"]*)"', page)}


def look_up(visitor, sought, path="/partners/new", **typed):
    return visitor.post(path, {"from_register": "1", "company_sought": sought, **typed}, **EN)


def test_a_siren_fills_the_form_and_saves_nothing(house, cast):
    before = cast.count(m.Partner)
    answer = look_up(cast.client_for("manager"), "732 829 320", phone="04 76 00 00 00", city="Gap")
    assert answer.status_code == 200
    found = values(answer.text)
    assert (found["name"], found["siren"], found["city"], found["rcs_town"], found["orias_number"]) == ("CABINET DU PORT", "732 829 320", "Paris", "Paris", "07 004 126")
    assert found["phone"].replace(" ", "") == "0476000000", "what was typed elsewhere stays"
    assert "Filled in from the register" in answer.text
    assert cast.count(m.Partner) == before


def test_a_liberal_profession_gets_no_rcs(house, cast):
    page = look_up(cast.client_for("manager"), "999000037").text
    assert '<option value="liberal" selected>' in page
    assert values(page)["rcs_town"] == ""


def test_a_name_gives_a_choice_of_companies_and_the_chosen_one_fills(house, cast):
    visitor = cast.client_for("manager")
    page = look_up(visitor, "cabinet", note="À rappeler").text
    chosen = re.findall(r'class="company" name="from_register" value="(\d{9})"', page)
    assert set(chosen) == {"732829320", "999000029", "999000094"}
    assert "closed" in page
    assert "À rappeler" in html.unescape(page)
    filled = visitor.post("/partners/new", {"from_register": "732829320", "company_sought": "cabinet"}, **EN).text
    assert values(filled)["name"] == "CABINET DU PORT"
    assert values(filled)["siren"] == "732 829 320"


def test_accents_and_case_do_not_matter_and_one_hit_fills_at_once(house, cast):
    assert values(look_up(cast.client_for("manager"), "cabinet ferme").text)["siren"] == "999 000 029"


@pytest.mark.parametrize(
    ("sought", "sentence"),
    [("732829321", "check digit is wrong"), ("12345", "nine digits"), ("ab", "at least three letters"), ("", "at least three letters"), ("zzzzzz", "No company of this name"),
     ("999000086", "does not know this SIREN"), ("999000078", "does not answer"), ("silence", "does not answer"), ("<script>alert(1)</script>", "No company")],
)  # fmt: skip
def test_what_finds_nothing_says_so_beside_the_box_and_keeps_everything(house, cast, sought, sentence):
    answer = look_up(cast.client_for("manager"), sought, name="Mon cabinet")
    assert answer.status_code == 200
    assert sentence in html.unescape(re.search(r'id="company_sought_help".*?</div></div>', answer.text, re.DOTALL)[0])
    assert values(answer.text)["name"] == "Mon cabinet"
    assert "<script>alert" not in answer.text


def test_an_edited_partner_keeps_its_version_so_that_a_conflict_is_still_seen(house, cast):
    partner = cast.partner()
    visitor = cast.client_for("manager")
    with cast.writing() as session:
        session.get_one(m.Partner, partner.id).city = "Gap"
    page = look_up(visitor, "732829320", f"/partners/{partner.id}/edit", version=str(partner.version)).text
    assert f'name="version" value="{partner.version}"' in page
    assert cast.get(m.Partner, partner.id).name == partner.name


def test_an_applicant_fills_its_own_file_the_same_way(house, cast):
    partner = cast.partner(status=m.PartnerStatus.DRAFT, siren=None, name="")
    page = look_up(cast.client_for("owner", partner), "732829320", "/partner/file/company").text
    assert values(page)["name"] == "CABINET DU PORT"
    assert cast.get(m.Partner, partner.id).name == ""


def test_who_may_not_write_partners_asks_no_register(house, cast, monkeypatch):
    monkeypatch.setattr(local.LocalRegister, "company", lambda self, siren: pytest.fail("asked"))
    assert look_up(cast.client_for("reader"), "732829320").status_code == 403


def test_whoever_asks_the_registers_without_end_waits_and_nobody_else_does(house, cast, monkeypatch):
    monkeypatch.setattr("app.services.companies.FREE", 3)
    hasty, other = cast.client_for("manager"), cast.client_for("manager")
    for _turn in range(3):
        assert "Filled in from the register" in look_up(hasty, "732829320").text
    answer = look_up(hasty, "732829320", name="Ma société")
    assert "Too many attempts." in answer.text
    assert values(answer.text)["name"] == "Ma société", "nothing typed is lost"
    assert "Filled in from the register" in look_up(other, "732829320").text
