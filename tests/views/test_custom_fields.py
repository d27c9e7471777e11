"""Fields of the house's own: made without code, and there at once in form, list, filter, export, history and portal."""

from __future__ import annotations

import io
import zipfile
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import text

from app import models as m
from app.extensions import db
from app.models.custom import CustomField

VALUES = {
    "text": ("Terrain & vue", "Terrain &amp; vue", "terrain"),
    "date": ("3/2/2027", "3 févr. 2027", "2027-02-03"),
    "number": ("12 345,678", "12\u202f345,678", "12345.678"),
    "amount": ("1 234,5", "1\u202f234,50\xa0€", "1234.50"),
    "yes_no": ("y", "Oui", "1"),
    "link": ("https://example.org/a", "example.org/a", "example.org"),
}


def make(admin: Any, kind: str, holder: str = "client", **changes: Any) -> CustomField:
    sent = {"holder": holder, "kind": kind, "names_fr": f"Champ {kind}", "names_en": f"Field {kind}", "portal": "hidden", "position": "10", "active": "y"}
    answer = admin.post("/fields/new", {name: value for name, value in (sent | changes).items() if value is not None})
    assert answer.status_code == 302, answer.text
    return int(answer.location.split("?")[0].rsplit("/", 1)[1])


def field_of(cast: Any, number: int) -> CustomField:
    return cast.get(CustomField, number)


def saved(visitor: Any, client: m.Client, place: str = "/clients", **values: Any) -> Any:
    now = visitor.get(f"{place}/{client.id}/edit").text
    version = now.split('name="version" value="')[1].split('"')[0]
    sent = {"kind": "person", "last_name": client.last_name, "partner_id": client.partner_id, "version": version, "country": "FR"}
    return visitor.post(f"{place}/{client.id}/edit", sent | values)


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


def indexes(house: Any, key: str) -> int:
    with house.app_context(), db.engine.connect() as connection:
        sql = (
            "SELECT count(*) FROM pg_indexes WHERE indexname LIKE :name"
            if connection.dialect.name == "postgresql"
            else "SELECT count(*) FROM sqlite_master WHERE name LIKE :name"
        )
        return connection.execute(text(sql), {"name": f"%{key}"}).scalar()


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
    assert "retiré depuis" in page.text
    assert "Avec" in page.text
    assert cast.get(m.Client, client.id).custom == {}
    assert "retiré depuis" in admin.get(f"/clients/{client.id}?tab=history").text
    bulk = cast.read(lambda session: session.query(m.History).filter_by(entity="Client", deed=m.Deed.BULK).one())
    assert bulk.reason == "Champ text"


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
    saved(admin, client, **{keys["date"]: "2027-02-03", keys["number"]: "1,5", keys["amount"]: "0,1", keys["yes_no"]: "y"})
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
    numbers = [make(admin, "text", names_fr=name, position=str(place)) for place, name in enumerate(("Premier", "Second"))]
    page = admin.get(f"/clients/{client.id}/edit").text
    assert page.index(">Premier<") < page.index(">Second<")
    field = field_of(cast, numbers[0])
    admin.post(
        f"/fields/{numbers[0]}/edit",
        {"names_fr": "Dernier", "portal": "hidden", "position": "9", "active": "y", "version": field.version, "holder": "client", "kind": "text"},
    )
    page = admin.get(f"/clients/{client.id}/edit").text
    assert page.index(">Second<") < page.index(">Dernier<")
    assert "Premier" not in admin.get("/clients/").text


def test_an_amount_of_our_own_is_in_euros_whatever_the_contracts_currency(house, cast):
    admin, partner = cast.client_for("administrator"), cast.partner()
    field = field_of(cast, make(admin, "amount", "contract"))
    contract = cast.contract(partner, currency="USD")
    with cast.writing() as session:
        session.get_one(m.Contract, contract.id).custom = {field.key: 10_000}
    assert "100,00\xa0€" in admin.get(f"/contracts/{contract.id}").text
    assert "100,00\xa0€" in admin.get(f"/contracts/?columns=number,{field.key}").text
    assert '"USD"' not in admin.get(f"/contracts/export.csv?columns=number,{field.key}").text


def test_a_yes_or_no_that_nobody_touched_is_a_no_and_leaves_no_trace(house, cast):
    admin = cast.client_for("administrator")
    client = cast.client(cast.partner(), last_name="Avec")
    field = field_of(cast, make(admin, "yes_no"))
    assert saved(admin, client, city="Gap").status_code == 302
    assert cast.get(m.Client, client.id).custom == {}
    assert "Avec" in admin.get(f"/clients/?{field.key}=0").text
    assert "Avec" not in admin.get(f"/clients/?{field.key}=1").text.split("<tbody")[-1]


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
