"""Fields of the house's own: made without code, and there at once in form, list, filter, export, history and portal."""

from __future__ import annotations

import io
import zipfile

import pytest

from app import models as m
from app.extensions import db
from tests.views.making_fields import field_of, indexes, make, saved

VALUES = {
    "text": ("Terrain & vue", "Terrain &amp; vue", "terrain"),
    "date": ("3/2/2027", "3 févr. 2027", "2027-02-03"),
    "number": ("12 345,678", "12\u202f345,678", "12345.678"),
    "amount": ("1 234,5", "1\u202f234,50\xa0€", "1234.50"),
    "yes_no": ("1", "Oui", "1"),
    "link": ("https://example.org/a", "example.org/a", "example.org"),
}


@pytest.mark.parametrize("kind", list(VALUES))
def test_a_field_is_at_once_in_form_record_list_filter_export_and_history(house, cast, kind):
    admin = cast.client_for("administrator")
    client, other = cast.client(cast.partner(), last_name="Avec"), cast.client(cast.partner(), last_name="Sans")
    field = field_of(cast, make(admin, kind, section_fr="Maison", section_en="House"))
    typed, written, sought = VALUES[kind]
    form = admin.get(f"/clients/{client.id}/edit").text
    assert f"Champ {kind}" in form
    assert "Maison" in form
    assert "Field" in admin.get(f"/clients/{client.id}/edit", headers={"Accept-Language": "en"}).text
    assert saved(admin, client, **{field.key: typed}).status_code == 302
    record = admin.get(f"/clients/{client.id}").text
    assert written in record
    listed = admin.get(f"/clients/?columns=name,{field.key}").text
    assert written in listed
    assert f"Champ {kind}" in listed
    suffix = {"date": "_from", "number": "_min", "amount": "_min"}.get(kind, "")
    found = admin.get(f"/clients/?{field.key}{suffix}={sought}").text
    assert "Avec" in found
    assert f"/clients/{other.id}" not in found
    sheet = admin.get(f"/clients/export.csv?columns=name,{field.key}").text
    assert f"Champ {kind}" in sheet
    book = admin.get(f"/clients/export.xlsx?columns=name,{field.key}")
    assert zipfile.ZipFile(io.BytesIO(book.get_data())).testzip() is None
    history = admin.get(f"/clients/{client.id}?tab=history").text
    assert f"Champ {kind}" in history
    assert written.replace("example.org/a", "example.org") in history
    value = cast.get(m.Client, client.id).custom[field.key]
    assert value == {"date": "2027-02-03", "number": "12345.678", "amount": 123450, "yes_no": True}.get(kind, typed)


def test_a_choice_has_options_in_both_languages(house, cast):
    admin = cast.client_for("administrator")
    client = cast.client(cast.partner(), last_name="Avec")
    number = make(admin, "choice")
    for french, english in (("Or", "Gold"), ("Argent", "Silver")):
        assert admin.post("/field-options/new", {"field_id": number, "names_fr": french, "names_en": english, "position": "1", "offered": "y"}).status_code == 302
    field = field_of(cast, number)
    option = cast.read(lambda session: next(each for each in session.query(m.CustomOption) if each.names["fr"] == "Or"))
    assert saved(admin, client, **{field.key: str(option.id)}).status_code == 302
    assert ">Or<" in admin.get(f"/clients/?columns=name,{field.key}").text
    assert ">Gold<" in admin.get(f"/clients/?columns=name,{field.key}", headers={"Accept-Language": "en"}).text
    assert "Avec" in admin.get(f"/clients/?{field.key}={option.id}").text
    assert saved(admin, client, **{field.key: "999999"}).status_code == 422
    refused = admin.post(f"/field-options/{option.id}/delete")
    assert refused.status_code == 409
    assert "1 fiche" in refused.text
    assert (
        admin.post(
            f"/field-options/{option.id}/edit", {"field_id": number, "names_fr": "Or massif", "position": "1", "offered": "y", "version": option.version}
        ).status_code
        == 302
    )
    assert "Or massif" in admin.get(f"/clients/{client.id}").text


@pytest.mark.parametrize(("kind", "typed"), [("date", "31/02/2027"), ("number", "douze"), ("amount", "1,234"), ("link", "javascript:alert(1)"), ("text", "x" * 501)])
def test_a_value_that_is_none_is_refused_beside_its_field(house, cast, kind, typed):
    admin = cast.client_for("administrator")
    client = cast.client(cast.partner(), last_name="Avec")
    field = field_of(cast, make(admin, kind))
    answer = saved(admin, client, **{field.key: typed})
    assert answer.status_code == 422
    assert typed.replace("'", "&#x27;") in answer.text
    assert cast.get(m.Client, client.id).custom == {}


def test_a_field_that_must_be_filled_in_is(house, cast):
    admin = cast.client_for("administrator")
    client = cast.client(cast.partner(), last_name="Avec")
    field = field_of(cast, make(admin, "text", required="y"))
    assert saved(admin, client).status_code == 422
    assert saved(admin, client, **{field.key: "oui"}).status_code == 302


@pytest.mark.parametrize("portal", ["hidden", "shown", "written"])
def test_the_portal_shows_and_takes_what_it_is_told_to(house, cast, portal):
    admin, partner = cast.client_for("administrator"), cast.partner()
    owner, client = cast.client_for("owner", partner), cast.client(partner, last_name="Avec")
    field = field_of(cast, make(admin, "text", portal=portal))
    saved(admin, client, **{field.key: "du bureau"})
    page = owner.get(f"/portal/clients/{client.id}").text
    assert ("du bureau" in page) == (portal != "hidden")
    assert ("Champ text" in owner.get(f"/portal/clients/?columns=name,{field.key}").text) == (portal != "hidden")
    assert saved(owner, client, "/portal/clients", **{field.key: "du portail"}).status_code == 302
    assert cast.get(m.Client, client.id).custom[field.key] == ("du portail" if portal == "written" else "du bureau")


def test_the_wall_refuses_what_a_form_would_not_offer(house, cast):
    from app.models.scope import OutOfScope, Scope, ScopeKind, acting

    admin, partner = cast.client_for("administrator"), cast.partner()
    client = cast.client(partner, last_name="Avec")
    field = field_of(cast, make(admin, "text", portal="shown"))
    with house.app_context():
        admin.get("/")
        house.extensions["cordee_words"].notice_lists()
        with acting(db.session(), Scope(ScopeKind.PARTNER, (partner.id,), 1)):
            record = db.session.get(m.Client, client.id)
            record.custom = {field.key: "glissé"}
            with pytest.raises(OutOfScope):
                db.session.commit()
            db.session.rollback()


def test_fields_of_partners_and_contracts(house, cast):
    admin, partner = cast.client_for("administrator"), cast.partner()
    contract = cast.contract(partner, cast.client(partner))
    of_partner = field_of(cast, make(admin, "amount", "partner", portal="written", names_fr="Capital social"))
    field_of(cast, make(admin, "number", "contract", portal="shown", names_fr="Parts"))
    owner = cast.client_for("owner", partner)
    version = cast.get(m.Partner, partner.id).version
    assert "Capital social" in owner.get("/portal/profile/edit").text
    assert owner.post("/portal/profile/edit", {"version": version, of_partner.key: "50 000", "country": "FR", "city": "Gap"}).status_code == 302
    assert "50\u202f000,00" in owner.get("/portal/profile/").text
    assert "50\u202f000,00" in admin.get(f"/partners/?columns=name,{of_partner.key}").text
    form = admin.get(f"/contracts/{contract.id}/edit").text
    assert "Parts" in form
    assert "Parts" in owner.get(f"/portal/contracts/{contract.id}").text


def test_ticking_makes_an_index_and_sorting_and_unticking_drops_it(house, cast):
    admin, partner = cast.client_for("administrator"), cast.partner()
    number = make(admin, "number", indexed="y")
    field = field_of(cast, number)
    for name, value in (("Un", "9"), ("Deux", "10"), ("Trois", "-1,5")):
        saved(admin, cast.client(partner, last_name=name), **{field.key: value})
    assert indexes(house, field.key) == 1
    page = admin.get(f"/clients/?sort={field.key}").text
    places = [page.index(f">{name}") for name in ("Trois", "Un", "Deux")]
    assert places == sorted(places)
    assert admin.get(f"/clients/?sort=-{field.key}&page=2").status_code == 200
    again = {"holder": "client", "kind": "number", "names_fr": "Champ", "portal": "hidden", "position": "1", "active": "y", "version": field.version}
    assert admin.post(f"/fields/{number}/edit", again).status_code == 302
    assert indexes(house, field.key) == 0


@pytest.mark.parametrize("kind", ["text", "choice", "date", "number", "amount", "yes_no", "link"])
def test_every_kind_can_have_an_index(house, cast, kind):
    assert indexes(house, field_of(cast, make(cast.client_for("administrator"), kind, indexed="y")).key) == 1


def test_a_field_deleted_while_a_link_filters_by_it_is_said(house, cast):
    admin = cast.client_for("administrator")
    client = cast.client(cast.partner(), last_name="Avec")
    number = make(admin, "text")
    field = field_of(cast, number)
    saved(admin, client, **{field.key: "perdu"})
    link = f"/clients/?{field.key}=perdu&columns=name,{field.key}&sort={field.key}"
    assert admin.get(link).status_code == 200
    assert "1 fiche" in admin.get(f"/fields/{number}/delete").text
    assert admin.post(f"/fields/{number}/delete", {"count": "0"}).status_code == 422
    assert admin.post(f"/fields/{number}/delete", {"count": "1"}).status_code == 302
    page = admin.get(link)
    assert page.status_code == 200
    assert "plus en service" in page.text
    assert "Avec" in page.text
    assert cast.get(m.Client, client.id).custom == {}
    assert "Champ text" in admin.get(f"/clients/{client.id}?tab=history").text


def test_a_field_out_of_use_disappears_and_comes_back_with_its_values(house, cast):
    admin = cast.client_for("administrator")
    client = cast.client(cast.partner(), last_name="Avec")
    number = make(admin, "text")
    field = field_of(cast, number)
    saved(admin, client, **{field.key: "gardé"})
    sent = {"holder": "client", "kind": "text", "names_fr": "Champ text", "portal": "hidden", "position": "1", "version": field.version}
    assert admin.post(f"/fields/{number}/edit", sent).status_code == 302
    assert "gardé" not in admin.get(f"/clients/{client.id}").text
    assert saved(admin, client).status_code == 302  # what is not shown is not lost
    assert admin.post(f"/fields/{number}/edit", sent | {"active": "y", "version": field.version + 1}).status_code == 302
    assert "gardé" in admin.get(f"/clients/{client.id}").text
