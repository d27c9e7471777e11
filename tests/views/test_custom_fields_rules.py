"""Rules of fields of the house's own: what cannot be changed, what is kept, what is said, and what somebody else is doing meanwhile."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy import text

from app import models as m
from app.extensions import db
from app.models.custom import CustomField
from tests.views.making_fields import field_of, indexes, make, saved


def test_kind_and_holder_stay_as_they_were_made(house, cast):
    admin = cast.client_for("administrator")
    number = make(admin, "text")
    field = field_of(cast, number)
    sent = {"holder": "contract", "kind": "amount", "names_fr": "Autre", "portal": "hidden", "position": "1", "active": "y", "version": field.version}
    admin.post(f"/fields/{number}/edit", sent)
    after = field_of(cast, number)
    assert (after.holder, after.kind) == (m.FieldHolder.CLIENT, m.FieldKind.TEXT)


@pytest.mark.parametrize("changes", [{"names_fr": "", "names_en": ""}, {"names_fr": "x" * 81}, {"holder": "mail"}, {"kind": "formula"}, {"position": "beaucoup"}])
def test_a_field_that_will_not_do_is_refused(house, cast, changes):
    sent = {"holder": "client", "kind": "text", "names_fr": "Champ", "portal": "hidden", "position": "1", "active": "y"}
    assert cast.client_for("administrator").post("/fields/new", sent | changes).status_code == 422
    assert cast.read(lambda session: session.query(CustomField).count()) == 0


def test_many_records_get_one_value(house, cast):
    admin, partner = cast.client_for("administrator"), cast.partner()
    clients = [cast.client(partner, last_name=name) for name in ("Un", "Deux")]
    field = field_of(cast, make(admin, "date"))
    page = admin.post("/clients/bulk", {"ids": [client.id for client in clients], "field": field.key})
    assert page.status_code == 200
    assert "Champ date" in page.text


def test_values_are_typed_in_python(house, cast):
    admin = cast.client_for("administrator")
    client = cast.client(cast.partner(), last_name="Avec")
    keys = {kind: field_of(cast, make(admin, kind)).key for kind in ("date", "number", "amount", "yes_no")}
    saved(admin, client, **{keys["date"]: "2027-02-03", keys["number"]: "1,5", keys["amount"]: "0,1", keys["yes_no"]: "1"})
    with house.app_context():
        house.extensions["cordee_words"].notice_lists()
        record = cast.get(m.Client, client.id)
        assert [getattr(record, keys[kind]) for kind in keys] == [date(2027, 2, 3), Decimal("1.5"), Decimal("0.10"), True]


def test_kind_holder_and_an_options_field_cannot_be_changed_by_any_door(house, cast):
    admin = cast.client_for("administrator")
    first, second = make(admin, "choice"), make(admin, "choice")
    admin.post("/field-options/new", {"field_id": first, "names_fr": "Or", "position": "1", "offered": "y"})
    option = cast.read(lambda session: session.query(m.CustomOption).one())
    moved = admin.post(f"/field-options/{option.id}/edit", {"field_id": second, "names_fr": "Or", "position": "1", "offered": "y", "version": option.version})
    assert moved.status_code == 422
    assert admin.post("/fields/bulk", {"ids": [first], "field": "kind", "kind": "amount", "confirmed": "1"}).status_code in (302, 404, 405)
    assert field_of(cast, first).kind is m.FieldKind.CHOICE


def test_the_order_of_fields_and_their_labels_are_noticed(house, cast):
    admin = cast.client_for("administrator")
    client = cast.client(cast.partner(), last_name="Avec")
    numbers = [make(admin, "text", names_fr=name, position=str(place)) for place, name in enumerate(("Aprem", "Bsecond"), 1)]
    page = admin.get(f"/clients/{client.id}/edit").text
    assert page.index(">Aprem<") < page.index(">Bsecond<")
    field = field_of(cast, numbers[0])
    admin.post(
        f"/fields/{numbers[0]}/edit",
        {"names_fr": "Dernier", "portal": "hidden", "position": "9", "active": "y", "version": field.version, "holder": "client", "kind": "text"},
    )
    page = admin.get(f"/clients/{client.id}/edit").text
    assert page.index(">Bsecond<") < page.index(">Dernier<")
    assert "Aprem" not in admin.get("/clients/").text


def test_an_amount_of_our_own_is_in_euros_whatever_the_contracts_currency(house, cast):
    admin, partner = cast.client_for("administrator"), cast.partner()
    field = field_of(cast, make(admin, "amount", "contract"))
    contract = cast.contract(partner, currency="USD")
    with cast.writing() as session:
        session.get_one(m.Contract, contract.id).custom = {field.key: 10_000}
    assert "100,00\xa0€" in admin.get(f"/contracts/{contract.id}").text
    assert "100,00\xa0€" in admin.get(f"/contracts/?columns=number,{field.key}").text
    assert '"USD"' not in admin.get(f"/contracts/export.csv?columns=number,{field.key}").text


def test_a_yes_or_no_that_nobody_answered_is_neither(house, cast):
    admin = cast.client_for("administrator")
    clients = {name: cast.client(cast.partner(), last_name=name) for name in ("Aoui", "Bnon", "Crien")}
    field = field_of(cast, make(admin, "yes_no"))
    for name, answer in (("Aoui", "1"), ("Bnon", "0"), ("Crien", "")):
        assert saved(admin, clients[name], city="Gap", **{field.key: answer}).status_code == 302
    assert [cast.get(m.Client, client.id).custom.get(field.key) for client in clients.values()] == [True, False, None]
    for wanted, found in (("1", "Aoui"), ("0", "Bnon")):
        rows = admin.get(f"/clients/?{field.key}={wanted}").text.split("<tbody")[-1]
        assert [name for name in clients if f">{name}" in rows] == [found]
    assert saved(admin, clients["Aoui"], **{field.key: "peut-être"}).status_code == 422
    assert saved(admin, clients["Aoui"], **{field.key: ""}).status_code == 302
    assert cast.get(m.Client, clients["Aoui"].id).custom == {}


def test_history_keeps_the_names_of_fields_and_options_that_are_gone(house, cast):
    admin = cast.client_for("administrator")
    client = cast.client(cast.partner(), last_name="Avec")
    number = make(admin, "choice", names_fr="Vigilance")
    admin.post("/field-options/new", {"field_id": number, "names_fr": "Renforcée", "offered": "y"})
    field, option = field_of(cast, number), cast.read(lambda session: session.query(m.CustomOption).one())
    saved(admin, client, **{field.key: str(option.id)})
    assert admin.post(f"/fields/{number}/delete", {"count": "1"}).status_code == 302
    history = admin.get(f"/clients/{client.id}?tab=history").text
    assert history.count("Vigilance") >= 2  # the value that came, and the value that went with its field
    assert "Renforcée" in history


def test_a_sheet_is_not_made_where_a_filter_of_its_address_is_gone(house, cast):
    admin = cast.client_for("administrator")
    for sheet in ("export.csv", "export.xlsx"):
        answer = admin.get(f"/clients/{sheet}?x_0123abcd=1")
        assert answer.status_code == 302
        assert "plus en service" in admin.get(answer.location).text


def test_contracts_are_not_filled_in_on_the_portal(house, cast):
    sent = {"holder": "contract", "kind": "text", "names_fr": "Champ", "portal": "written", "active": "y"}
    answer = cast.client_for("administrator").post("/fields/new", sent)
    assert answer.status_code == 422
    assert "viennent des fournisseurs" in answer.text


def test_fields_and_options_get_the_next_place(house, cast):
    admin = cast.client_for("administrator")
    numbers = [make(admin, "text", position="") for _turn in range(2)]
    assert [field_of(cast, number).position for number in numbers] == [10, 20]
    assert "Options" not in admin.get(f"/fields/{numbers[0]}").text


def test_empty_values_stand_first_going_up_and_last_coming_down(house, cast):
    admin, partner = cast.client_for("administrator"), cast.partner()
    field = field_of(cast, make(admin, "number", indexed="y"))
    for name, value in (("Vide", ""), ("Deux", "2"), ("Un", "1")):
        saved(admin, cast.client(partner, last_name=name), **{field.key: value})

    def order(query):
        page = admin.get(f"/clients/?sort={query}").text
        return sorted(("Vide", "Un", "Deux"), key=lambda name: page.index(f">{name}"))

    assert order(field.key) == ["Vide", "Un", "Deux"]
    assert order(f"-{field.key}") == ["Deux", "Un", "Vide"]


def test_a_stale_form_with_a_wrong_value_says_both(house, cast):
    admin = cast.client_for("administrator")
    client = cast.client(cast.partner(), last_name="Avec")
    field = field_of(cast, make(admin, "number"))
    answer = admin.post(f"/clients/{client.id}/edit", {"kind": "person", "last_name": "Autre", "partner_id": client.partner_id, "version": "99", field.key: "zz"})
    assert answer.status_code == 409
    assert "Quelqu’un d’autre" in answer.text
    assert 'value="zz"' in answer.text


def test_names_that_are_not_sent_are_asked_for(house, cast):
    admin = cast.client_for("administrator")
    assert admin.post("/fields/new", {"holder": "client", "kind": "text", "portal": "hidden", "position": "1"}).status_code == 422
    number = make(admin, "choice")
    assert admin.post("/field-options/new", {"field_id": number, "position": "1"}).status_code == 422


def test_the_profile_shows_what_is_saved_now_in_words(house, cast):
    admin, partner = cast.client_for("administrator"), cast.partner(country="BE")
    field = field_of(cast, make(admin, "date", "partner", portal="written"))
    with cast.writing() as session:
        session.get_one(m.Partner, partner.id).custom = {field.key: "2027-01-02"}
    answer = cast.client_for("owner", partner).post("/portal/profile/edit", {"version": "99", "country": "FR", field.key: ""})
    assert answer.status_code == 409
    assert "Belgique" in answer.text
    assert "2 janv. 2027" in answer.text


def test_a_broken_index_is_made_again(house, cast):
    admin = cast.client_for("administrator")
    number = make(admin, "text", indexed="y")
    key = field_of(cast, number).key
    with house.app_context(), db.engine.connect() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text(f"UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'ix_client_{key}'::regclass"))
            connection.commit()
    make(admin, "text")
    with house.app_context(), db.engine.connect() as connection:
        if connection.dialect.name == "postgresql":
            assert connection.execute(text(f"SELECT indisvalid FROM pg_index WHERE indexrelid = 'ix_client_{key}'::regclass")).scalar() is True
    assert indexes(house, key) == 1


def test_requests_under_way_keep_the_fields_they_began_with(house, cast):
    """Readers while fields come and go: every page answers."""
    import threading

    admin, reader = cast.client_for("administrator"), cast.client_for("administrator")
    client = cast.client(cast.partner(), last_name="Avec")
    number = make(admin, "text")
    answers: list[int] = []
    stop = threading.Event()

    def read() -> None:
        while not stop.is_set():
            answers.append(reader.get(f"/clients/{client.id}/edit").status_code)

    thread = threading.Thread(target=read)
    thread.start()
    for turn in range(8):
        sent = {"holder": "client", "kind": "text", "names_fr": "Champ", "portal": "hidden", "position": "1", "version": field_of(cast, number).version}
        admin.post(f"/fields/{number}/edit", sent | ({"active": "y"} if turn % 2 else {}))
    stop.set()
    thread.join()
    assert set(answers) == {200}


def test_options_are_added_several_at_once_and_none_twice(house, cast):
    admin = cast.client_for("administrator")
    saved = admin.post("/fields/new", {"holder": "client", "kind": "choice", "names_fr": "Couleur", "portal": "hidden", "position": "10", "active": "y"})
    assert saved.location.endswith("/options"), "a choice without options is nothing to choose from"
    page = admin.get(saved.location).text
    once = {"one_time": page.split('name="one_time" value="')[1].split('"')[0]}
    for _turn in range(2):
        assert admin.post(saved.location, {"options": "Bleu = Blue\nRouge\n\n BLEU \n=\nVert=Green", **once}).status_code == 302
    names = [option.names for option in cast.read(lambda session: session.query(m.CustomOption).order_by(m.CustomOption.position).all())]
    assert names == [{"fr": "Bleu", "en": "Blue"}, {"fr": "Rouge"}, {"fr": "Vert", "en": "Green"}]
    again = admin.get(saved.location).text.split('name="one_time" value="')[1].split('"')[0]
    refused = admin.post(saved.location, {"options": "Jaune\n" + "x" * 81, "one_time": again})
    assert (refused.status_code, "Jaune" in refused.text) == (422, True)
    assert cast.count(m.CustomOption) == 3, "all of them or none"
    assert admin.get(f"/fields/{make(admin, 'text')}/options").status_code == 404
