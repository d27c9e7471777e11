"""The console: lists edited in place, tables to be read, the system's page."""

from __future__ import annotations

import re
from typing import Any

import pytest

from app import models as m
from app.extensions import db
from app.models.lookups import DocumentKindRow, ProductKindRow
from app.views.console.tables import LEFT_OUT, SECRET, readable_tables, shown_columns
from bench.measure import counted

KINDS = "/console/lists/product_kind"


def add(visitor: Any, code: str, french: str = "", english: str = "", place: str = KINDS) -> Any:
    return visitor.post(f"{place}/new/", {"code": code, "name_fr": french, "name_en": english})


def row_of(cast: Any, code: str, entity: Any = ProductKindRow) -> Any:
    return cast.read(lambda session: session.query(entity).filter_by(code=code).one())


def save(visitor: Any, row: Any, place: str = KINDS, **changes: Any) -> Any:
    sent = {"list_form_pk": row.id, "version": row.version, "position": row.position, "script": "1", **{f"name_{code}": name for code, name in row.names.items()}}
    sent |= {"offered": "y"} if row.offered else {}
    return visitor.post(f"{place}/ajax/update/", {name: value for name, value in (sent | changes).items() if value is not None})


def test_a_new_kind_is_chosen_from_at_once_in_both_languages(house, cast):
    admin = cast.client_for("administrator")
    assert add(admin, "art", "Œuvres d’art", "Works of art").status_code == 302
    assert "Œuvres d’art" in admin.get("/products/new").text
    assert "Works of art" in admin.get("/products/new", headers={"Accept-Language": "en"}).text
    assert "Œuvres d’art" in admin.get("/products/").text  # in the panel of filters
    supplier = cast.supplier()
    made = admin.post("/products/new", {"supplier_id": supplier.id, "name": "Toiles", "kind": "art"})
    assert made.status_code == 302
    product = cast.read(lambda session: session.query(m.Product).filter_by(name="Toiles").one())
    assert product.kind == "art"
    assert "Œuvres d’art" in admin.get(f"/products/{product.id}").text
    assert "Toiles" in admin.get("/products/?kind=art").text
    assert "Œuvres d’art" in admin.get("/products/export.csv").text


def test_a_name_of_ones_own_stands_everywhere_and_goes_again(house, cast):
    admin = cast.client_for("administrator")
    credit = row_of(cast, "credit")
    answer = save(admin, credit, name_fr="Crédit immobilier")
    assert answer.status_code == 200
    assert answer.json["version"] == credit.version + 1
    assert "Crédit immobilier" in admin.get("/products/new").text
    save(admin, row_of(cast, "credit"), name_fr="")
    assert "Crédit immobilier" not in admin.get("/products/new").text
    assert ">Crédit<" in admin.get("/products/new").text


def test_what_is_no_longer_offered_stays_where_it_is(house, cast):
    admin = cast.client_for("administrator")
    product = cast.product(cast.supplier(), name="Ancien", kind=m.ProductKind.CREDIT)
    assert save(admin, row_of(cast, "credit"), offered=None).status_code == 200
    assert 'value="credit"' not in admin.get("/products/new").text
    page = admin.get(f"/products/{product.id}/edit").text
    assert 'value="credit" selected' in page
    saved = admin.post(f"/products/{product.id}/edit", {"supplier_id": product.supplier_id, "name": "Ancien 2", "kind": "credit", "version": product.version})
    assert saved.status_code == 302
    refused = admin.post("/products/new", {"supplier_id": product.supplier_id, "name": "Neuf", "kind": "credit"})
    assert refused.status_code == 422


def test_two_people_in_one_row_the_second_is_told(house, cast):
    first, second = cast.client_for("administrator"), cast.client_for("administrator")
    row = row_of(cast, "credit")
    assert save(first, row, name_fr="Un").status_code == 200
    answer = save(second, row, name_fr="Deux")
    assert answer.status_code == 422
    assert "Quelqu’un d’autre" in answer.json["sentence"]
    assert row_of(cast, "credit").names == {"fr": "Un"}


@pytest.mark.parametrize(
    ("code", "french", "sentence"),
    [
        ("credit", "Crédit", "déjà ce code"),
        ("Été", "Été", "minuscules"),
        ("a" * 31, "Long", "minuscules"),
        ("", "Rien", "minuscules"),
        ("gold", "", "donner un nom"),
        ("gold", "x" * 81, "81"),
    ],
)
def test_a_value_that_will_not_do_is_refused_with_what_was_typed(house, cast, code, french, sentence):
    answer = add(cast.client_for("administrator"), code, french)
    assert answer.status_code == 422
    assert sentence in answer.text
    assert f'value="{french}"' in answer.text


@pytest.mark.parametrize("position", ["", "-1", "1.5", "x", "9999999"])
def test_a_place_that_is_no_number_is_refused_without_javascript_too(house, cast, position):
    answer = save(cast.client_for("administrator"), row_of(cast, "credit"), position=position, script=None, name_fr="Gardé")
    assert answer.status_code == 422
    assert "nombre entier" in answer.text
    assert 'value="Gardé"' in answer.text


def test_only_what_nobody_has_and_no_rule_names_can_be_deleted(house, cast):
    admin = cast.client_for("administrator")
    add(admin, "art", "Art")
    add(admin, "wine", "Vin")
    cast.product(cast.supplier(), name="Toiles", kind=m.ProductKind.of("art"))
    for code, status in (("credit", 409), ("art", 409), ("wine", 302)):
        row = row_of(cast, code)
        assert "Supprimer" in admin.post(f"{KINDS}/delete/", {"id": row.id}).text  # asks first
        assert admin.post(f"{KINDS}/delete/", {"id": row.id, "sure": "1"}).status_code == status
    left = cast.read(lambda session: {row.code for row in session.query(ProductKindRow)})
    assert "credit" in left
    assert "art" in left
    assert "wine" not in left


def test_the_last_value_of_a_list_stays_offered(house, cast):
    admin = cast.client_for("administrator")
    codes = [row.code for row in cast.read(lambda session: session.query(ProductKindRow).order_by(ProductKindRow.id).all())]
    answers = [save(admin, row_of(cast, code), offered=None).status_code for code in codes]
    assert answers == [200] * (len(codes) - 1) + [422]


def test_a_kind_of_document_is_asked_for_in_the_registration(house, cast):
    admin = cast.client_for("administrator")
    add(admin, "charter", "Charte signée", "Signed charter", "/console/lists/document_kind")
    partner = cast.partner(status=m.PartnerStatus.DRAFT)
    assert "Charte signée" in cast.client_for("owner", partner).get("/partner/file/documents").text
    assert row_of(cast, "charter", DocumentKindRow).position > 0


def test_countries_shown_first_come_first_and_all_can_be_chosen(house, cast):
    admin = cast.client_for("administrator")
    page = admin.get("/partners/new").text
    assert page.index(">France<") < page.index(">Afghanistan<")
    assert add(admin, "it", place="/console/lists/country").status_code == 302
    page = admin.get("/partners/new").text
    assert page.index(">Italie<") < page.index(">Afghanistan<")
    assert add(admin, "QQ", place="/console/lists/country").status_code == 422
    partner = cast.partner()
    abroad = {"name": partner.name, "kind": partner.kind.value, "exercise": "commercial", "version": partner.version, "country": "PT"}
    assert admin.post(f"/partners/{partner.id}/edit", abroad).status_code == 302
    assert cast.get(m.Partner, partner.id).country == "PT"
    assert "Portugal" in admin.get(f"/partners/{partner.id}").text
    assert admin.post(f"/partners/{partner.id}/edit", abroad | {"version": partner.version + 1, "country": "QQ"}).status_code == 422


def test_changes_of_lists_stand_in_history(house, cast):
    save(cast.client_for("administrator"), row_of(cast, "credit"), name_fr="Crédit immobilier")
    entry = cast.read(lambda session: session.query(m.History).filter_by(entity="ProductKindRow").one())
    assert entry.deed is m.Deed.CHANGED


def test_every_table_opens_in_few_statements_and_shows_no_secret(house, cast):
    admin = cast.client_for("administrator")
    cast.partner()
    assert {model.__tablename__ for model in readable_tables()} | LEFT_OUT == {mapper.local_table.name for mapper in m.Model.registry.mappers}
    with house.app_context():
        engines = list(db.engines.values())
    others = ["/console/", f"{KINDS}/", "/console/system/", "/fields/", "/fields/new"]
    for address in [*others, *(f"/console/tables/{model.__tablename__}/" for model in readable_tables())]:
        admin.get(address)
        with counted(engines) as sent:
            page = admin.get(address)
        assert page.status_code == 200, address
        assert len(sent) <= 4, (address, sent)
        assert not re.search(r"pbkdf2|scrypt", page.text)
    for model in readable_tables():
        assert SECRET.isdisjoint(shown_columns(model))


def test_a_table_is_filtered_sorted_and_paged(house, cast):
    admin = cast.client_for("administrator")
    for number in range(60):
        cast.partner(name=f"Cabinet {number:02d}", city="Gap" if number % 2 else "Die")
    place = "/console/tables/partner/"
    page = admin.get(place).text
    assert page.count("<tr>") == 51
    assert "page=1" in page
    options = {words: number for number, words in re.findall(r'<option translate="no" value="(\d+)">([^<]+)</option>', page)}
    sought = admin.get(f"{place}?add={options['city contient']}&value=gap")
    assert sought.status_code == 302
    found = admin.get(sought.location).text
    assert found.count("<tr>") == 31
    assert "Die" not in found.split("<tbody>")[1]
    both = admin.get(f"{sought.location}&add={options['created_at à partir de']}&value=2100-01-01")
    assert "Rien ne correspond" in admin.get(both.location).text or "Aucun" in admin.get(both.location).text
    wrong = admin.get(f"{place}?add={options['created_at est']}&value=avant-hier")
    assert "n’a pas de sens" in admin.get(wrong.location).text
    for query in (
        "?page=99999",
        "?page=-1",
        "?page=x",
        "?sort=99",
        "?sort=-1",
        "?flt0_999=1",
        "?add=9999&value=1",
        "?page_size=100000",
        "?page=99999999999",
        "?flt0_0=x",
    ):
        assert admin.get(place + query).status_code in (200, 302, 404), query


def test_the_system_page_says_how_things_stand(house, cast):
    page = cast.client_for("administrator").get("/console/system/").text
    assert "Base de données" in page
    assert "à jour" in page
    assert ("PostgreSQL" in page) != ("SQLite" in page)


def test_partners_and_other_staff_stay_out(house, cast):
    for visitor in (cast.client_for("owner", cast.partner()), cast.client_for("manager"), cast.client_for("compliance")):
        for address in ("/console/", f"{KINDS}/", "/console/tables/partner/", "/console/system/"):
            assert visitor.get(address).status_code == 403
    assert cast.stranger().get("/console/").location.endswith("/login")


def test_the_order_of_a_list_is_noticed(house, cast):
    admin = cast.client_for("administrator")
    assert save(admin, row_of(cast, "securities"), position=1).status_code == 200
    page = admin.get("/products/new").text
    assert page.index('value="securities"') < page.index('value="life_insurance"')


def test_a_new_form_does_without_a_default_that_is_no_longer_offered(house, cast):
    admin = cast.client_for("administrator")
    save(admin, row_of(cast, "life_insurance"), offered=None)
    page = admin.get("/products/new").text
    assert 'value="life_insurance"' not in page
    assert admin.post("/products/new", {"supplier_id": cast.supplier().id, "name": "Sans type"}).status_code == 302
    assert cast.read(lambda session: session.query(m.Product).filter_by(name="Sans type").one()).kind == "pension"


def test_every_filter_of_every_table_answers(house, cast):
    """Each column and test with values that fit and that do not."""
    admin = cast.client_for("administrator")
    cast.contract(cast.partner())
    asked = 0
    for model in readable_tables():
        place = f"/console/tables/{model.__tablename__}/"
        numbers = re.findall(r'<option translate="no" value="(\d+)">', admin.get(place).text)
        for number in numbers:
            for value in ("1", "2026-11-22"):
                answer = admin.get(f"{place}?add={number}&value={value}")
                assert answer.status_code == 302
                assert admin.get(answer.location).status_code == 200, answer.location
                asked += 1
    print(f"\nfilters asked: {asked}")


def test_a_translators_word_for_a_house_name_comes_before_the_programs(house, cast):
    from app.models.base import IN_DATA
    from app.services.words import key_of

    admin = cast.client_for("administrator")
    save(admin, row_of(cast, "credit"), name_fr="Prêt maison")
    source = f"{IN_DATA}Prêt maison"
    cast.add(m.Translation(language="en", key=key_of(source), source=source, texts=["House loan"]))
    page = admin.get("/products/new", headers={"Accept-Language": "en"}).text
    assert "House loan" in page
    assert "Prêt maison" in admin.get("/products/new").text
