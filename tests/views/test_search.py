"""Search over everything: what is found, by which words, and by whom; pins and what was opened last."""

from __future__ import annotations

import re

import pytest

from app import models as m

EN = {"headers": {"Accept-Language": "en"}}


@pytest.fixture
def network(cast):
    partner = cast.partner(name="Hélios Courtage", siren="732829320", city="Grenoble")
    other = cast.partner(name="Boréal Conseil")
    client = cast.client(partner, last_name="Lefèvre", first_name="Éloïse", email="eloise@example.org")
    theirs = cast.client(other, last_name="Lefèvre", first_name="Zoé")
    contract = cast.contract(partner, client, number="AL 000 045 321")
    member = cast.member(partner, "member", first_name="Anaïs", last_name="Müller", email="anais@helios.example")
    return {"partner": partner, "client": client, "theirs": theirs, "contract": contract, "member": member}


def found(visitor, words):
    """{address: shelf} of a quick search."""
    answer = visitor.get("/search/quick", query_string={"q": words}, **EN)
    assert answer.status_code == 200
    return {hit["href"]: shelf["title"] for shelf in answer.json for hit in shelf["hits"]}


@pytest.mark.parametrize("words", ["helios", "HÉLIOS cour", "732 829 320", "732829320", "grenoble"])
def test_staff_find_a_partner_by_name_siren_or_town(house, cast, network, words):
    assert found(cast.client_for("reader"), words)[f"/partners/{network['partner'].id}"] == "Partners"


def test_clients_contracts_people_and_pages_are_found_by_what_people_know_of_them(house, cast, network):
    visitor = cast.client_for("administrator")
    assert found(visitor, "eloise lefevre")[f"/clients/{network['client'].id}"] == "Clients"
    assert f"/clients/{network['client'].id}" in found(visitor, "eloise@example.org")
    assert found(visitor, "000045321")[f"/contracts/{network['contract'].id}"] == "Contracts"
    assert found(visitor, "AL 000 045 321")[f"/contracts/{network['contract'].id}"] == "Contracts"
    assert "People" in found(visitor, "muller").values()
    assert "People" in found(visitor, "anais@helios").values()
    assert found(visitor, "permissions")["/settings/permissions/"] == "Pages"
    assert found(visitor, "mot de passe")["/account/"] == "Pages"
    assert found(visitor, "zzzz absent") == {}


def test_what_is_typed_whole_comes_first(house, cast):
    for name in ("Alpha Lyon", "Lyon", "Lyon Conseil", "Grand Lyon"):
        cast.partner(name=name)
    page = cast.client_for("reader").get("/search/", query_string={"q": "lyon"}).text
    assert re.findall(r'hit-text">([^<]*)', page)[:2] == ["Lyon", "Lyon Conseil"]


def test_a_partner_finds_its_own_rows_and_no_page_of_staff(house, cast, network):
    visitor = cast.client_for("owner", network["partner"])
    assert list(found(visitor, "lefevre")) == [f"/portal/clients/{network['client'].id}", f"/portal/contracts/{network['contract'].id}"]
    assert found(visitor, "boreal") == {}
    assert found(visitor, "permissions") == {}
    assert found(visitor, "muller") == {}


def test_a_role_without_the_right_finds_nothing_of_that_kind(house, cast, network):
    assert not {"Clients", "Contracts", "Partners", "People"} & set(found(cast.client_for("translator"), "lefevre").values())


@pytest.mark.parametrize("words", ["%", "_", "'", '"', "\\", "a", "é", "🙂", "x" * 400, "-" * 20, "AND OR NOT", "\x00"])
def test_strange_words_are_answered_and_not_interpreted(house, cast, network, words):
    visitor = cast.client_for("administrator")
    assert visitor.get("/search/", query_string={"q": words}).status_code == 200
    assert visitor.get("/search/quick", query_string={"q": words}).status_code == 200


def test_what_was_opened_last_and_what_is_pinned_stand_under_the_empty_bar(house, cast, network):
    visitor = cast.client_for("manager")
    client, partner = f"/clients/{network['client'].id}", f"/partners/{network['partner'].id}"
    visitor.get(client)
    visitor.get(partner)
    assert list(found(visitor, "").items()) == [(partner, "Opened last"), (client, "Opened last")]
    for _twice in range(2):
        assert visitor.post("/search/pin", {"place": "/clients", "record_id": network["client"].id, "wanted": 1}).location == client
    assert list(found(visitor, "").items()) == [(client, "Pinned"), (partner, "Opened last")]
    assert 'aria-pressed="true"' in visitor.get(client).text
    for _twice in range(2):
        visitor.post("/search/pin", {"place": "/clients", "record_id": network["client"].id, "wanted": 0})
    assert "Pinned" not in found(visitor, "").values()


def test_a_pin_on_a_row_that_is_not_ones_own_is_404_and_keeps_nothing(house, cast, network):
    visitor = cast.client_for("owner", network["partner"])
    for place, number in (("/portal/clients", network["theirs"].id), ("/clients", network["client"].id), ("/portal/clients", 2_000_000_000), ("/nowhere", 1)):
        assert visitor.post("/search/pin", {"place": place, "record_id": number, "wanted": 1}).status_code == 404
    assert cast.count(m.Preference) == 0


def test_a_pin_that_one_may_no_longer_see_is_gone_from_the_bar(house, cast, network):
    visitor = cast.client_for("owner", network["partner"])
    visitor.post("/search/pin", {"place": "/portal/clients", "record_id": network["client"].id, "wanted": 1})
    with cast.writing() as session:
        session.get_one(m.Client, network["client"].id).partner_id = network["theirs"].partner_id
    assert found(visitor, "") == {}


def test_twenty_pins_are_enough(house, cast, network):
    visitor = cast.client_for("manager")
    clients = [cast.client(network["partner"], last_name=f"Client{number}") for number in range(21)]
    for client in clients:
        visitor.post("/search/pin", {"place": "/clients", "record_id": client.id, "wanted": 1})
    assert "20" in visitor.get("/clients/").text
    assert len([title for title in found(visitor, "").values() if title == "Pinned"]) == 20


def test_one_statement_per_kind_is_sent(house, cast, network, statements):
    visitor = cast.client_for("administrator")
    visitor.get("/search/quick?q=lefevre")
    statements.clear()
    visitor.get("/search/quick?q=lefevre")
    kinds = 8  # partners, programs, clients, contracts, suppliers, products, offerings; people of partners, staff
    assert len(statements) <= kinds + 3
