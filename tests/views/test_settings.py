"""Staff, roles and the table of permissions, as an administrator reads them."""

from __future__ import annotations

from decimal import Decimal

from app import models as m

EN = {"headers": {"Accept-Language": "en"}}


def test_staff_are_searched_and_their_roles_and_last_sign_in_shown(house, cast):
    visitor = cast.client_for("administrator")
    cast.staff("reader", first_name="Zoé", last_name="Éluard")
    cast.staff("manager", first_name="Paul", last_name="Rivière", active=False)
    page = visitor.get("/settings/staff/", **EN).text
    assert "Éluard" in page
    assert "Inactive" in page
    found = visitor.get("/settings/staff/?q=eluard", **EN).text
    assert "Éluard" in found
    assert "Rivière" not in found
    assert "Nothing matches these filters." in visitor.get("/settings/staff/?q=nobody-at-all", **EN).text


def test_a_role_says_how_many_have_it_and_only_an_unused_one_can_go(house, cast):
    visitor = cast.client_for("administrator")
    with cast.writing() as session:
        used, unused = m.Role(name="Used"), m.Role(name="Unused")
        session.add_all([used, unused])
        session.flush()
        numbers = used.id, unused.id
    person = cast.staff("reader")
    with cast.writing() as session:
        somebody = session.get_one(m.User, person.id)
        somebody.roles.append(session.get_one(m.Role, numbers[0]))
    page = visitor.get("/settings/roles/").text
    assert f"/settings/roles/{numbers[0]}/delete" not in page
    assert f"/settings/roles/{numbers[1]}/delete" in page
    row = page.split(f'data-href="/settings/roles/{numbers[0]}"')[1].split("</tr>")[0]
    assert '<td class="k-number" data-label="Personnes">1</td>' in row


def test_who_may_see_a_record_is_asked_by_its_name(house, cast):
    partner, other = cast.partner(name="Cabinet des Écrins"), cast.partner(name="Autre maison")
    owner, stranger = cast.member(partner, first_name="Jeanne", last_name="Écrins"), cast.member(other, first_name="Hugo", last_name="Autre")
    client = cast.client(partner, last_name="Mérieux")
    visitor = cast.client_for("administrator")
    found = visitor.get("/settings/permissions/?q=merieux", **EN).text
    assert f"?kind=client&amp;id={client.id}" in found
    watched = visitor.get(f"/settings/permissions/?kind=client&id={client.id}", **EN).text.split("<table")[0]
    assert owner.get_full_name() in watched
    assert stranger.get_full_name() not in watched
    assert "There is no such record." in visitor.get("/settings/permissions/?q=nobody-at-all", **EN).text
    assert "There is no such record." in visitor.get("/settings/permissions/?kind=client&id=999999", **EN).text
    assert f"/settings/permissions/?kind=client&amp;id={client.id}" in visitor.get(f"/clients/{client.id}").text
    assert "/settings/permissions/" not in cast.client_for("manager").get(f"/clients/{client.id}").text


def test_an_offering_in_the_portal_says_whose_product_it_is_and_its_risk(house, cast):
    partner = cast.partner()
    supplier = cast.supplier(name="Belledonne Vie")
    offering = cast.offering(product_id=cast.product(supplier, risk_class=4).id)
    cast.add(m.Assignment(partner_id=partner.id, offering_id=offering.id, assigned_on=m.today()))
    page = cast.client_for("owner", partner).get(f"/portal/offerings/{offering.id}", **EN).text
    assert "Belledonne Vie" in page
    assert 'aria-label="4 of 7"' in page
    assert cast.client_for("owner", cast.partner()).get(f"/portal/offerings/{offering.id}").status_code == 404


def test_the_program_shows_what_ones_tier_gives_and_whom_to_write_to(house, cast):
    partner, manager = cast.partner(), cast.staff("manager")
    program = cast.add(m.Program(name="Cordée Plus"))
    tier = cast.add(m.Tier(program_id=program.id, name="Or", points_from=300, reward_rate=12, support="Ligne directe", features="Réponse sous quatre heures"))
    cast.add(m.Partnership(partner_id=partner.id, program_id=program.id, tier_id=tier.id, starts_on=m.today(), account_manager_id=manager.id))
    page = cast.client_for("owner", partner).get("/portal/program/", **EN).text
    for words in ("Réponse sous quatre heures", "Ligne directe", "12%", manager.email):
        assert words in page.replace("\u00a0", ""), words


def test_amounts_stand_in_groups_in_their_form_and_are_read_as_they_stand(house, cast):
    partner = cast.partner()
    contract = cast.contract(partner, cast.client(partner), amount=Decimal("1234567.89"))
    for language, shown in (("fr", "1\u202f234\u202f567,89"), ("en", "1,234,567.89")):
        visitor = cast.signed_in(cast.staff("administrator", language=language))
        page = visitor.get(f"/contracts/{contract.id}/edit").text
        assert f'name="amount" value="{shown}"' in page
        facts = {"number": contract.number, "supplier_id": contract.supplier_id, "partner_id": partner.id, "client_id": contract.client_id, "status": "active"}
        version = page.split('name="version" value="')[1].split('"')[0]
        saved = visitor.post(f"/contracts/{contract.id}/edit", facts | {"amount": shown, "currency": "EUR", "version": version})
        assert saved.status_code == 302, saved.text
        assert str(cast.get(m.Contract, contract.id).amount) == "1234567.89"
