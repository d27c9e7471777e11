"""The first day: a guide for each role, whose every address can be opened by it, and a hint that is put away once."""

from __future__ import annotations

import html
import re

import pytest

from app import models as m
from app.views.guides import GUIDES
from tests.cast import PARTNER_ROLES, STAFF_ROLES

EN = {"headers": {"Accept-Language": "en"}}


@pytest.mark.parametrize("role", [*STAFF_ROLES, *PARTNER_ROLES])
def test_a_guide_leads_only_where_its_role_may_go(house, cast, role):
    visitor = cast.client_for(role)
    page = visitor.get("/help/", **EN).text
    links = [html.unescape(found) for found in re.findall(r'<a href="([^"]+)">Go there</a>', page)]
    assert len(links) == sum(bool(step.href) for step in GUIDES[role])
    for link in links:
        assert visitor.get(link).status_code == 200, link


@pytest.mark.parametrize("role", ["manager", "owner"])
def test_the_hint_on_the_home_page_is_put_away_once_and_for_all(house, cast, role):
    partner = cast.partner()
    person = cast.staff(role) if role == "manager" else cast.member(partner)
    visitor = cast.signed_in(person, partner if role == "owner" else None)
    home = "/" if role == "manager" else "/portal/"
    assert 'action="/help/put-away"' in visitor.get(home).text
    assert visitor.post("/help/put-away").location == home
    assert 'action="/help/put-away"' not in visitor.get(home).text
    assert 'action="/help/put-away"' not in cast.signed_in(person, partner if role == "owner" else None).get(home).text
    assert "/help/" in visitor.get(home).text, "it stays behind one's name"


def test_a_guide_is_found_by_the_search(house, cast):
    page = html.unescape(cast.client_for("manager").get("/search/?q=assign", **EN).text)
    assert "Assign offerings" in page
    assert "/help/#step-" in page


def test_an_applicant_finishes_its_file_first(house, cast):
    partner = cast.partner(status=m.PartnerStatus.DRAFT)
    assert "Once your file has been validated" in cast.client_for("owner", partner).get("/help/", **EN).text


def test_somebody_with_a_role_that_the_house_added_reads_the_readers_guide(house, cast):
    person = cast.staff("reader")
    with cast.writing() as session:
        role = m.Role(name="Stagiaire")
        session.add(role)
        session.get_one(m.User, person.id).roles = [role]
    page = cast.signed_in(person).get("/help/", **EN)
    assert page.status_code == 200
