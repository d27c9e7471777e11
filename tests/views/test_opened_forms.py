"""An edit form that has just been opened comes from a kept page: it must be the very page that would be made for it."""

from __future__ import annotations

import re

import pytest

from app import models as m
from app.extensions import db
from app.views.base import opened
from app.views.base.entity import EntityView
from tests.trust import world

TOKEN = re.compile(r'data-token="[0-9a-f]{12}"')


def forms(house, side, catalogue):
    """Every edit form of the house: its address and whose frame it stands in."""
    found = [view for view in house.extensions["appbuilder"].baseviews if isinstance(view, EntityView) and view.edits and view.form]
    return [(f"{view.route_base}/{key}/edit", view.frame) for view in found if (key := (side.ids | catalogue).get(view.model.__name__))]


@pytest.mark.parametrize("language", ["fr", "en"])
def test_every_kept_form_is_the_page_that_would_be_made_for_it(house, cast, monkeypatch, language):
    ours, _theirs, catalogue = world.build(cast)
    catalogue["CustomField"] = cast.add(m.CustomField(holder=m.FieldHolder.CLIENT, kind=m.FieldKind.TEXT, key="x_12345678", names={"fr": "Jour", "en": "Day"})).id
    visitors = {"staff": cast.client_for("administrator"), "portal": cast.client_for("owner", ours.partner)}
    asked = {"headers": {"Accept-Language": language}}
    kept = {}
    for address, frame in forms(house, ours, catalogue):
        visitors[frame].get(address, **asked)  # makes the page; the next one is filled in
        kept[address] = visitors[frame].get(address, **asked)
    monkeypatch.setattr(opened, "is_as_usual", lambda view: False)
    same = 0
    for address, frame in forms(house, ours, catalogue):
        whole = visitors[frame].get(address, **asked)
        assert whole.status_code == kept[address].status_code, address
        assert TOKEN.sub("", whole.text) == TOKEN.sub("", kept[address].text), address
        same += whole.status_code == 200
    assert same > 15, "most of them can be opened"


def test_a_kept_form_is_nobody_elses(house, cast):
    """Two people of the same rights: each sees one's own name, theme and tokens, and the record asked for."""
    ours, theirs, _catalogue = world.build(cast)
    one, other = cast.client_for("manager"), cast.staff("manager", first_name="Zoé", last_name="Autre", theme="dark")
    pages = [visitor.get(f"/partners/{side.partner.id}/edit").text for visitor, side in ((one, ours), (cast.signed_in(other), theirs), (one, theirs))]
    assert 'data-bs-theme="dark"' not in pages[0]
    assert 'data-bs-theme="dark"' in pages[1]
    assert "Zoé Autre" not in pages[2]
    assert world.MARK not in pages[0]
    assert ours.partner.name not in pages[1] + pages[2]
    tokens = {re.search(r'name="csrf_token" value="([^".]+)', page)[1] for page in pages}  # behind the first dot stands the second it was made
    assert len(tokens) == 2, "one for each person"


def test_a_kept_form_shows_what_it_points_at_by_todays_name(house, cast):
    partner = cast.partner(name="Ancien nom")
    client = cast.client(partner)
    visitor = cast.client_for("manager")
    assert 'name="partner_id_text" value="Ancien nom"' in visitor.get(f"/clients/{client.id}/edit").text
    with cast.writing():
        db.session.get_one(m.Partner, partner.id).name = "Nouveau <nom>"
    assert 'name="partner_id_text" value="Nouveau &lt;nom&gt;"' in visitor.get(f"/clients/{client.id}/edit").text


def test_a_partner_that_has_no_name_yet_is_called_by_its_address_in_forms(house, cast):
    partner = cast.partner(name=None, email="sans@nom.example", status=m.PartnerStatus.DRAFT)
    contact = cast.add(m.Contact(partner_id=partner.id, name="Quelqu’un"))
    assert 'name="partner_id_text" value="sans@nom.example"' in cast.client_for("manager").get(f"/contacts/{contact.id}/edit").text
