"""The engine: lists, filters, paging, forms, choices, exports, statements per page."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal

import pytest
from babel.numbers import format_currency
from hypothesis import given, strategies
from sqlalchemy import select

from app import models as m
from app.views.base.columns import amount
from app.views.base.forms import number_typed

EN = {"headers": {"Accept-Language": "en"}}


def numbers(page) -> list[int]:
    return [int(found) for found in re.findall(r'<tr data-href="/(?:portal/)?\w[\w-]*/(\d+)"', page.text)]


@pytest.mark.parametrize("role", ["administrator", "manager", "compliance", "reader", "owner", "member", "read_only"])
@pytest.mark.parametrize("query", ["", "?q=Durand", "?sort=-amount", "?status=active&amount_min=10", "?page=2", "?last=1", "?supplier_id=1&sort=-amount"])
def test_a_list_page_takes_four_statements_at_most(house, cast, statements, role, query):
    """Who and what rights; rows; count; alerts; and on PostgreSQL the one that takes the role."""
    partner = cast.partner()
    client = cast.client(partner)
    for _number in range(3):
        cast.contract(partner, client)
    visitor = cast.client_for(role, partner)
    url = ("/portal" if role in ("owner", "member", "read_only") else "") + "/contracts/" + query
    assert visitor.get(url).status_code == 200  # fills the cache of rights
    statements.clear()
    assert visitor.get(url).status_code == 200
    asked = [statement for statement in statements if "set_config" not in statement]
    assert len(asked) <= 4, "\n".join(asked)
    assert len(statements) - len(asked) <= 1


@pytest.mark.parametrize("sort", ["", "?sort=number", "?sort=-number", "?sort=amount", "?sort=-amount", "?sort=effective_on", "?sort=status"])
def test_walking_through_the_pages_shows_every_row_once(house, cast, sort):
    partner, supplier = cast.partner(), cast.supplier()
    made = [cast.contract(partner, supplier=supplier, amount=Decimal(n % 7), effective_on=date(2020, 1, 1 + n % 5) if n % 3 else None).id for n in range(45)]
    visitor = cast.client_for("reader")
    size = "&size=20" if sort else "?size=20"
    page, seen = visitor.get(f"/contracts/{sort}{size}"), []
    forwards = []
    while True:
        seen += numbers(page)
        forwards.append(numbers(page))
        following = re.search(r'rel="next" href="([^"]+)"', page.text)
        if not following:
            break
        page = visitor.get("/contracts/" + following[1].replace("&amp;", "&"))
    assert sorted(seen) == sorted(made)
    back = re.search(r'rel="prev" href="([^"]+)"', page.text)
    assert numbers(visitor.get("/contracts/" + back[1].replace("&amp;", "&"))) == forwards[-2]
    assert numbers(visitor.get(f"/contracts/{sort}{size}&page=2")) == forwards[1]
    assert set(numbers(visitor.get(f"/contracts/{sort}{size}&last=1"))) <= set(made)


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("eloise", True),
        ("ÉLOÏSE", True),
        ("lois", True),
        ("el", True),
        ("ller elo", True),
        ("müller", True),
        ("xyz", False),
        ('"', False),
        ("' OR 1=1", False),
        ("*", False),
        ("%", False),
        ("el%", False),
        ("AND", False),
    ],
)
def test_search_ignores_accents_and_case_and_finds_parts_of_names(house, cast, words, found):
    client = cast.client(cast.partner(), first_name="Éloïse", last_name="Müller")
    page = cast.client_for("reader").get("/clients/", query_string={"q": words})
    assert page.status_code == 200
    assert (numbers(page) == [client.id]) is found


def test_a_contract_is_found_by_its_clients_name_also_after_a_change_of_name(house, cast):
    partner = cast.partner()
    client = cast.client(partner, last_name="Avant")
    contract = cast.contract(partner, client)
    visitor = cast.client_for("manager")
    assert numbers(visitor.get("/contracts/?q=avant")) == [contract.id]
    assert (
        visitor.post(
            f"/clients/{client.id}/edit", {"kind": "person", "last_name": "Après", "partner_id": partner.id, "version": cast.get(m.Client, client.id).version}
        ).status_code
        == 302
    )
    assert numbers(visitor.get("/contracts/?q=apres")) == [contract.id]
    assert numbers(visitor.get("/contracts/?q=avant")) == []


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("status=ended", 1),
        ("status=nonsense", 3),
        ("amount_min=100", 2),
        ("amount_min=100,50&amount_max=1 000", 1),
        ("amount_min=abc", 3),
        ("effective_on_from=2024-01-01", 1),
        ("effective_on_to=31/31", 3),
        ("partner_id=99999999999", 3),
        ("sort=password", 3),
        ("size=7", 3),
        ("page=-1", 3),
        ("after=[1", 3),
        ("after=[[],1]", 3),
        ('after=["x",99999999999999]', 3),
    ],
)
def test_filters_are_typed_and_nonsense_in_an_address_is_left_out(house, cast, query, count):
    partner, supplier = cast.partner(), cast.supplier()
    cast.contract(partner, supplier=supplier, amount=Decimal("50"), status=m.ContractStatus.ENDED)
    cast.contract(partner, supplier=supplier, amount=Decimal("200"))
    cast.contract(partner, supplier=supplier, amount=Decimal("5000"), effective_on=date(2025, 1, 1))
    page = cast.client_for("reader").get(f"/contracts/?{query}")
    assert page.status_code == 200
    assert len(numbers(page)) == count


def test_an_unknown_filter_value_is_said(house, cast):
    cast.contract(cast.partner())
    assert "was not understood" in cast.client_for("reader").get("/contracts/?status=nonsense", **EN).text


def test_a_refused_form_keeps_everything_typed_and_names_the_field(house, cast):
    visitor = cast.client_for("manager")
    answer = visitor.post("/partners/new", {"name": "Cabinet du Port", "kind": "agent", "exercise": "liberal", "siren": "732829321", "city": "Mar🧗seille"}, **EN)
    assert answer.status_code == 422
    for typed in ('value="Cabinet du Port"', 'value="732829321"', 'value="Mar🧗seille"', '<option value="agent" selected>', '<option value="liberal" selected>'):
        assert typed in answer.text
    assert "its check digit is wrong" in answer.text.split('id="siren_help"')[1][:400]
    assert cast.count(m.Partner) == 0


def test_text_longer_than_a_field_is_refused_with_the_limit(house, cast):
    answer = cast.client_for("manager").post("/suppliers/new", {"name": "x" * 201, "code": "X", "kind": "bank"}, **EN)
    assert answer.status_code == 422
    assert "At most 200 characters; you typed 201." in answer.text


def test_emoji_are_kept_and_control_characters_are_not(house, cast):
    cast.client_for("manager").post("/suppliers/new", {"name": "Assu\x00reur 🧗\x07", "code": "X", "kind": "bank"})
    assert cast.read(lambda session: session.query(m.Supplier).one().name) == "Assureur 🧗"


def test_a_value_that_must_be_unique_is_refused_beside_its_field(house, cast):
    cast.supplier(name="Boréal")
    answer = cast.client_for("manager").post("/suppliers/new", {"name": "Boréal", "code": "X", "kind": "bank"}, **EN)
    assert answer.status_code == 422
    assert "Another record already has this value." in answer.text.split('id="name_help"')[1][:300]


def test_a_record_that_is_still_used_is_not_deleted(house, cast):
    offering = cast.offering()
    cast.add(m.Assignment(partner_id=cast.partner().id, offering_id=offering.id, assigned_on=m.today()))
    answer = cast.client_for("administrator").post(f"/offerings/{offering.id}/delete", **EN)
    assert answer.status_code == 409
    assert f"This record is still used: {m.Assignment.plural} (1)." in answer.text
    assert cast.count(m.Offering) == 1


def test_a_deleted_record_is_gone_and_its_history_stays(house, cast):
    offering = cast.offering()
    assert cast.client_for("administrator").post(f"/offerings/{offering.id}/delete").status_code == 302
    assert cast.count(m.Offering) == 0
    assert cast.count(m.History, m.History.entity == "Offering", m.History.record_id == offering.id) == 2


def test_an_action_asks_first_and_runs_for_all_or_none(house, cast):
    active, draft = cast.partner(), cast.partner(status=m.PartnerStatus.DRAFT)
    visitor = cast.client_for("manager")
    asked = visitor.post("/partners/action/suspend", {"ids": [active.id, draft.id]}, **EN)
    assert "Suspend these partners?" in asked.text
    refused = visitor.post("/partners/action/suspend", {"ids": [active.id, draft.id], "confirmed": "1"}, **EN)
    assert refused.status_code == 409
    assert cast.get(m.Partner, active.id).status is m.PartnerStatus.ACTIVE
    assert visitor.post("/partners/action/suspend", {"ids": [active.id], "confirmed": "1", "reason": "late"}).status_code == 302
    assert cast.get(m.Partner, active.id).status is m.PartnerStatus.SUSPENDED


def test_choices_find_without_accents_and_tell_namesakes_apart(house, cast):
    cast.partner(name="Épargne & Famille", siren="732829320")
    found = cast.client_for("manager").get("/contracts/choices/partner_id?q=epargne").get_json()
    assert [(each["text"], each["hint"].replace("\u202f", " ")) for each in found] == [("Épargne & Famille", "732 829 320")]


def test_a_name_typed_without_choosing_is_enough_where_it_is_the_only_one(house, cast):
    partner = cast.partner(name="Unique Conseil")
    assert cast.client_for("manager").post("/clients/new", {"kind": "person", "last_name": "Durand", "partner_id": "", "partner_id_text": "unique"}).status_code == 302
    assert cast.read(lambda session: session.query(m.Client).one().partner_id) == partner.id


def test_an_edit_form_does_not_grow_with_the_number_of_clients(house, cast, statements):
    partner = cast.partner()
    contract = cast.contract(partner, cast.client(partner))
    visitor = cast.client_for("manager")
    visitor.get(f"/contracts/{contract.id}/edit")
    before = len(visitor.get(f"/contracts/{contract.id}/edit").data)
    with cast.writing() as session:
        session.add_all([m.Client(partner_id=partner.id, last_name=f"N{n}") for n in range(200)])
    assert len(visitor.get(f"/contracts/{contract.id}/edit").data) - before < 100


def test_money_is_summed_exactly(house, cast):
    partner, supplier = cast.partner(), cast.supplier()
    with cast.writing() as session:
        session.add_all([m.Contract(number=f"S{n}", supplier_id=supplier.id, partner_id=partner.id, amount=Decimal("0.10")) for n in range(1000)])
    from sqlalchemy import func, select

    assert cast.read(lambda session: session.scalar(select(func.sum(m.Contract.amount)))) == Decimal("100.00")


@pytest.mark.parametrize("locale", ["fr", "en_GB"])
@pytest.mark.parametrize("currency", ["EUR", "CHF", "USD"])
@given(value=strategies.decimals(-(10**11), 10**11, places=2))
def test_an_amount_is_written_as_babel_writes_it(locale, currency, value):
    assert amount(value, currency, locale) == format_currency(value, currency, locale=locale)


@pytest.mark.parametrize(
    ("typed", "value"),
    [("12 345,67", "12345.67"), ("12\u202f345,67 €", "12345.67"), ("12,345.67", "12345.67"), ("12345.67", "12345.67"), ("-5", "-5"), ("1.234.567,89", "1234567.89")],
)
def test_numbers_are_read_as_people_type_them(typed, value):
    assert number_typed(typed, 2) == Decimal(value)


@pytest.mark.parametrize("typed", ["abc", "1,234567", "NaN", "Infinity", "1e99", "--1"])
def test_what_is_no_number_is_refused(house, typed):
    with house.test_request_context(), pytest.raises(ValueError, match=r".+"):
        number_typed(typed, 2)


def test_two_administrators_who_change_one_role_do_not_overwrite_each_other(house, cast):
    first, second = cast.client_for("administrator"), cast.client_for("administrator")
    assert first.post("/settings/roles/new", {"name": "Assistance", "clients": "READ"}).status_code == 302
    role = cast.read(lambda session: session.scalar(select(m.Role.id).where(m.Role.name == "Assistance")))
    mark = re.search(r'name="version" value="(\w+)"', second.get(f"/settings/roles/{role}").text)[1]
    assert first.post(f"/settings/roles/{role}", {"name": "Assistance et accueil", "clients": "READ", "version": mark}).status_code == 302
    refused = second.post(f"/settings/roles/{role}", {"name": "Accueil", "clients": "WRITE", "version": mark})
    assert refused.status_code == 422
    assert 'value="Accueil"' in refused.text
    newer = re.search(r'name="version" value="(\w+)"', refused.text)[1]
    assert second.post(f"/settings/roles/{role}", {"name": "Accueil", "clients": "WRITE", "version": newer}).status_code == 302
    assert cast.get(m.Role, role).name == "Accueil"


def test_icons_and_stylesheet_are_sent_again_only_when_they_have_changed(house, cast):
    visitor = cast.stranger()
    for address in ("/assets/icons.svg", "/assets/bootstrap.min.css"):
        first = visitor.get(address)
        assert first.status_code == 200
        assert visitor.get(address, headers={"If-None-Match": first.headers["ETag"]}).status_code == 304


@pytest.mark.parametrize(
    "query",
    [
        "created_at_to=9999-12-31", "created_at_from=0001-01-01", "created_at_to=99999-12-31", "sort=name&after=%5B%22%5Cud800%22%2C1%5D", "sort=name&before=%5B%22%5Cud800%22%2C1%5D",
        "sort=created_at&after=%5B%229999-12-31T23%3A59%3A59-12%3A00%22%2C1%5D", "sort=created_at&after=%5B%220001-01-01T00%3A00%3A00%2B12%3A00%22%2C1%5D", "q=%5Cud800",
    ],
)  # fmt: skip
def test_the_edges_of_the_calendar_and_half_characters_break_no_list(house, cast, query):
    cast.client(cast.partner())
    assert cast.client_for("manager").get(f"/clients/?{query}").status_code == 200


def test_an_error_page_whose_frame_is_broken_still_says_what_happened(house, cast, monkeypatch):
    visitor = cast.client_for("manager")
    monkeypatch.setitem(house.config, "RAISE_ERRORS", False)
    monkeypatch.setattr("app.views.base.kept.topbar", None)
    monkeypatch.setitem(house.jinja_env.globals, "topbar", None)
    house.jinja_env.cache.clear()
    answer = visitor.get("/nothing-here", headers={"Accept-Language": "en"})
    house.jinja_env.cache.clear()
    assert answer.status_code == 404
    assert "does not exist" in answer.text
    assert "Traceback" not in answer.text
