"""Files of partners, clients and contracts: which column is what, the check, the writing, the taking back."""

from __future__ import annotations

import csv
import html
import io
import re
import zipfile
from datetime import date, timedelta

import pytest
import xlsxwriter

from app import models as m
from app.models.custom import CustomField
from app.services import imports
from tests.views.making_fields import make, saved

EN = {"headers": {"Accept-Language": "en"}}
CSV = "Raison sociale;SIREN;Ville;Type\nCabinet Neuf;732 829 320;Lyon;Courtier en assurance\n"


def send(visitor, content, into="clients", name="list.csv", **sent):
    page = visitor.get(f"/imports/new?into={into}").text
    once = re.search(r'name="one_time" value="([^"]+)"', page)[1]
    data = {"into": into, "one_time": once, "file": (io.BytesIO(content if isinstance(content, bytes) else content.encode()), name)} | sent
    return visitor.post("/imports/new", data, content_type="multipart/form-data", **EN)


def received(visitor, content, into="clients", name="list.csv"):
    answer = send(visitor, content, into, name)
    assert answer.status_code == 302, answer.text
    return answer.location


def check(visitor, place, **changes):
    """Sends the columns as the page proposes them, with some changes, and passes over the file; the page afterwards."""
    page = visitor.get(place, **EN).text
    sent = proposed(page) | {"recognised": recognised(page)} | changes
    answer = visitor.post(f"{place}/columns", sent, **EN)
    assert answer.status_code == 302, answer.text
    return to_the_end(visitor, place)


def proposed(page):
    selects = re.findall(r'<select[^>]*name="(column_\d+)".*?</select>', page, re.DOTALL)
    bodies = re.findall(r'<select[^>]*name="column_\d+"(.*?)</select>', page, re.DOTALL)
    return {name: (re.search(r'value="([^"]*)" selected', body) or ["", ""])[1] for name, body in zip(selects, bodies, strict=True)}


def recognised(page):
    body = re.search(r'<select[^>]*name="recognised".*?</select>', page, re.DOTALL)[0]
    return re.search(r'value="([^"]*)" selected', body)[1]


def to_the_end(visitor, place):
    for _turn in range(100):
        answer = visitor.post(f"{place}/advance", {}, headers={"Accept": "application/json"} | EN["headers"])
        if not answer.json["under_way"]:
            return visitor.get(place, **EN).text
    raise AssertionError("the pass does not end")


def run(visitor, place):
    assert visitor.post(f"{place}/run", {}).status_code == 302
    return to_the_end(visitor, place)


def the_one(cast, entity, *where):
    return cast.read(lambda session: session.query(entity).filter(*where).one())


def tiles(page):
    """The numbers above the lines: created, changed, without change, refused; or taken back, not taken back, refused."""
    return tuple(int(number) for number in re.findall(r'tile-number">(\d+)</span>', page))


def test_a_list_of_partners_is_checked_then_written(house, cast):
    visitor = cast.client_for("manager")
    place = received(visitor, CSV, "partners")
    assert proposed(visitor.get(place).text) == {"column_0": "name", "column_1": "siren", "column_2": "city", "column_3": "kind"}
    page = check(visitor, place)
    assert tiles(page) == (1, 0, 0, 0)
    assert cast.count(m.Partner, m.Partner.name == "Cabinet Neuf") == 0, "a check writes nothing"
    page = run(visitor, place)
    assert "1 record has been written." in page
    found = the_one(cast, m.Partner, m.Partner.name == "Cabinet Neuf")
    assert (found.siren, found.city, found.kind) == ("732829320", "Lyon", m.PartnerKind.INSURANCE_BROKER)
    assert cast.count(m.History, m.History.entity == "Partner", m.History.deed == m.Deed.ADDED, m.History.record_id == found.id) == 1


CLIENTS = "Nom;Prénom;Date de naissance;E-mail;Partenaire;US person;Ville\n"


def test_a_line_that_fits_a_record_brings_it_up_to_date_and_empty_cells_change_nothing(house, cast):
    visitor, partner = cast.client_for("manager"), cast.partner(name="Cabinet Alpes")
    old = cast.client(partner, last_name="Lefèvre", first_name="Éloïse", email="eloise@example.org", city="Annecy")
    same = cast.client(partner, last_name="Roux", first_name="Hugo", email="hugo@example.org", city="Lyon")
    lines = "LEFEVRE;Eloise;03/04/1980;ELOISE@example.org;;oui;\nRoux;Hugo;;hugo@example.org;;;Lyon\nMartin;Jade;2001-02-03;jade@example.org;cabinet alpes;non;Nice\n"
    place = received(visitor, CLIENTS + lines)
    page = check(visitor, place, recognised="email")
    assert tiles(page) == (1, 1, 1, 0)
    assert "3 Apr 1980" in page and "Annecy" not in page
    page = run(visitor, place)
    assert tiles(page) == (1, 1, 1, 0), "the check said what would happen"
    changed = cast.get(m.Client, old.id)
    assert (str(changed.birth_date), changed.city, changed.us_person) == ("1980-04-03", "Annecy", True)
    assert cast.get(m.Client, same.id).version == 1
    new = the_one(cast, m.Client, m.Client.email == "jade@example.org")
    assert (new.partner_id, new.kind, new.country.value) == (partner.id, m.ClientKind.PERSON, "FR")


def test_names_are_recognised_without_accents_and_capitals(house, cast):
    visitor, partner = cast.client_for("manager"), cast.partner(name="Cabinet Alpes")
    cast.client(partner, last_name="Müller", first_name="Anne-Marie", birth_date=date(1970, 5, 6))
    place = received(visitor, "Nom;Prénom;Né le;Ville\nMULLER;anne-marie;06/05/1970;Metz\nMULLER;anne-marie;07/05/1970;Metz\n")
    page = check(visitor, place)
    assert tiles(page) == (0, 1, 0, 1)
    assert "Partner: Please fill in this field." in page, "the second is somebody else, whose partner is missing"


def test_fields_of_the_houses_own_are_imported_like_any_other(house, cast):
    admin = cast.client_for("administrator")
    cast.partner(name="Cabinet Alpes")
    keys = {kind: cast.get(CustomField, make(admin, kind)).key for kind in ("text", "choice", "date", "number", "amount", "yes_no", "link")}
    field = the_one(cast, CustomField, CustomField.key == keys["choice"])
    admin.post("/field-options/new", {"field_id": field.id, "names_fr": "Bleu", "names_en": "Blue", "position": "10", "offered": "y"})
    heads = "Nom;E-mail;Partenaire;Champ text;Champ choice;Field date;Champ number;Champ amount;Champ yes_no;Champ link\n"
    place = received(
        admin,
        heads
        + "Roux;roux@example.org;Cabinet Alpes;Bonjour;bleu;31/12/2026;12,5;1 234,56;non;https://exemple.fr\nBad;b@example.org;Cabinet Alpes;;vert;hier ou demain;x;;peut-être;\n",
    )
    page = check(admin, place)
    assert tiles(page) == (1, 0, 0, 1)
    for sentence in ("“vert” is not one of the choices: Blue.", "This is not a date.", "This is not a number.", "“peut-être” is neither yes nor no."):
        assert sentence in html.unescape(page), sentence
    run(admin, place)
    kept = the_one(cast, m.Client, m.Client.email == "roux@example.org").custom
    option = the_one(cast, m.CustomOption, m.CustomOption.field_id == field.id)
    assert kept == {
        keys["text"]: "Bonjour", keys["choice"]: str(option.id), keys["date"]: "2026-12-31", keys["number"]: "12.5", keys["amount"]: 123456, keys["yes_no"]: False, keys["link"]: "https://exemple.fr",
    }  # fmt: skip
    page = admin.post(f"{place}/undo", {}) and to_the_end(admin, place)
    assert cast.count(m.Client, m.Client.email == "roux@example.org") == 0


def test_a_custom_field_is_taken_back_to_what_it_held(house, cast):
    admin, partner = cast.client_for("administrator"), cast.partner()
    key = cast.get(CustomField, make(admin, "amount")).key
    cast.client(partner, last_name="Roux", email="roux@example.org")
    for amount in ("10,50", "99"):
        place = received(admin, f"E-mail;Champ amount\nroux@example.org;{amount}\n")
        check(admin, place)
        run(admin, place)
    assert the_one(cast, m.Client, m.Client.email == "roux@example.org").custom == {key: 9900}
    admin.post(f"{place}/undo", {})
    to_the_end(admin, place)
    assert the_one(cast, m.Client, m.Client.email == "roux@example.org").custom == {key: 1050}


def test_refused_lines_say_why_and_come_back_as_a_file(house, cast):
    visitor = cast.client_for("manager")
    cast.partner(name="Cabinet Alpes")
    cast.partner(name="Cabinet Jura")
    lines = (
        "Roux;Hugo;31/02/2000;pas une adresse;Cabinet Alpes;;\n"
        ";Jade;;jade@example.org;Cabinet Alpes;;\n"
        "Petit;Léo;;leo@example.org;Cabinet Nulle Part;;\n"
        "=1+1;Emma;;emma@example.org;Cabinet Alpes;;\n"
        "Petit;Léa;;EMMA@example.org;Cabinet Alpes;;\n"
    )
    place = received(visitor, CLIENTS + lines)
    page = html.unescape(check(visitor, place))
    assert tiles(page) == (1, 0, 0, 4)
    assert "Birth date: This is not a date." in page and "E-mail: " in page
    assert "Last name: Please enter the last name." in page
    assert "Partner: No record is called “Cabinet Nulle Part”." in page
    assert "Line 5 of this file is about the same record." in page
    run(visitor, place)
    sheet = visitor.get(f"{place}/refused.csv", **EN)
    rows = list(csv.reader(io.StringIO(sheet.text.removeprefix("\ufeff")), delimiter=";"))
    assert rows[0][-1] == "Reason" and len(rows) == 5
    assert cast.count(m.Client, m.Client.last_name == "=1+1") == 1


def test_an_import_is_taken_back_but_for_what_somebody_has_worked_on(house, cast):
    visitor, partner = cast.client_for("manager"), cast.partner(name="Cabinet Alpes")
    old = cast.client(partner, last_name="Roux", email="roux@example.org", city="Lyon")
    lines = "Roux;;;roux@example.org;;;Nice\nUn;;;un@example.org;Cabinet Alpes;;\nDeux;;;deux@example.org;Cabinet Alpes;;\nTrois;;;trois@example.org;Cabinet Alpes;;\n"
    place = received(visitor, CLIENTS + lines)
    check(visitor, place)
    run(visitor, place)
    worked_on, used = (the_one(cast, m.Client, m.Client.email == f"{name}@example.org") for name in ("deux", "trois"))
    saved(visitor, worked_on, city="Paris")
    cast.contract(partner, used, number="AL1")
    visitor.post(f"{place}/undo", {})
    page = html.unescape(to_the_end(visitor, place))
    assert tiles(page) == (2, 2, 0)
    assert "This record has been changed since." in page and "This record is still used: Contracts (1)." in page
    assert cast.get(m.Client, old.id).city == "Lyon"
    assert cast.count(m.Client, m.Client.email == "un@example.org") == 0
    assert cast.count(m.Client, m.Client.last_name.in_(("Deux", "Trois"))) == 2


def test_contracts_are_recognised_by_supplier_and_number_however_it_is_written(house, cast):
    visitor, partner = cast.client_for("manager"), cast.partner(name="Cabinet Alpes")
    supplier = cast.supplier(name="Boréal", code="BOR")
    contract = cast.contract(partner, cast.client(partner, last_name="Roux"), number="AL-0000 12", supplier=supplier)
    place = received(visitor, "Assureur;Numéro contrat;Encours;Date effet\nBoreal;al000012;12 345,67;01/02/2020\nBOR;AL13;1,5;\n", "contracts")
    page = check(visitor, place)
    assert tiles(page) == (1, 1, 0, 0)
    run(visitor, place)
    assert str(cast.get(m.Contract, contract.id).amount) == "12345.67"


def test_a_workbook_with_a_title_real_dates_and_numbers(house, cast):
    cast.partner(name="Cabinet Alpes", siren="732829320")
    written = io.BytesIO()
    book = xlsxwriter.Workbook(written, {"default_date_format": "dd/mm/yyyy"})
    sheet = book.add_worksheet("Clients")
    sheet.write_row(0, 0, ["Nos clients au 1er novembre"])
    sheet.write_row(2, 0, ["Nom", "Prénom", "Né le", "Cabinet", "CP", "Ville"])
    sheet.write_row(3, 0, ["Roux", "Hugo", date(1980, 4, 3), 732829320, 74000, "Annecy"])
    book.close()
    visitor = cast.client_for("manager")
    place = received(visitor, written.getvalue(), name="clients.xlsx")
    assert tiles(check(visitor, place))[0] == 1
    run(visitor, place)
    found = the_one(cast, m.Client, m.Client.last_name == "Roux")
    assert (str(found.birth_date), found.postcode, found.city) == ("1980-04-03", "74000", "Annecy")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
@pytest.mark.parametrize("separator", [";", ",", "\t"])
def test_any_encoding_and_separator(house, cast, encoding, separator):
    text = "Raison sociale;SIREN;Ville\nÉtude Müller;732829320;Besançon\n".replace(";", separator)
    visitor = cast.client_for("manager")
    place = received(visitor, text.encode(encoding), "partners")
    assert "Étude Müller · " not in visitor.get(place).text and "Étude Müller" in visitor.get(place).text
    assert tiles(check(visitor, place))[0] + tiles(visitor.get(place, **EN).text)[3] == 1


def bomb():
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("xl/worksheets/sheet1.xml", b" " * 200_000_000)
    return written.getvalue()


BAD = {
    "nothing": (b"", "This file is empty."),
    "a picture": (b"\x89PNG\r\n\x1a\n\x00\x00", "Only CSV and Excel (.xlsx) files are accepted."),
    "heads only": (b"Nom;Ville\n", "No lines were found below the column headers"),
    "a broken workbook": (b"PK\x03\x04 nothing of the kind", "This workbook could not be read."),
    "a workbook of nothing": (None, "This workbook is too large once unpacked."),
    "too large": (b"a;b\n" * 3_000_000, "This file is too large: the limit is 10 MB."),
    "too long": (b"Nom\n" + b"x\n" * 20_001, "At most 20,000 lines at a time."),
}


@pytest.mark.parametrize("kind", BAD)
def test_a_bad_file_is_refused_in_words(house, cast, kind):
    content, sentence = BAD[kind]
    answer = send(cast.client_for("manager"), bomb() if content is None else content)
    assert (answer.status_code, sentence in html.unescape(answer.text)) == (422, True), answer.text
    assert cast.count(m.Import) == 0


def test_columns_that_do_not_go_together_are_refused_and_the_choice_stays(house, cast):
    visitor = cast.client_for("manager")
    place = received(visitor, CLIENTS + "Roux;;;;;;\n")
    for sent, sentence in (
        ({}, "Please choose a field for one column at least."),
        ({"column_0": "city", "column_1": "city"}, "“Town” is chosen for two columns."),
        ({"column_0": "city", "recognised": "email"}, "To recognise records this way, the file needs a column for: E-mail."),
        ({"column_0": "city", "recognised": "id"}, "Please choose from the list."),
    ):
        answer = visitor.post(f"{place}/columns", sent, **EN)
        assert (answer.status_code, sentence in html.unescape(answer.text)) == (422, True)
        assert all(proposed(answer.text)[name] == value for name, value in sent.items() if name != "recognised")
    answer = visitor.post(f"{place}/columns", {"column_0": "last_name", "column_1": "partner_status", "column_99": "city", "column_x": "city"}, **EN)
    assert answer.status_code == 302
    assert the_one(cast, m.Import).columns == {"0": "last_name"}, "what is no field of the form, or no column, is left out"


def test_steps_out_of_order_and_twice_do_nothing(house, cast):
    visitor = cast.client_for("manager")
    cast.partner(name="Cabinet Alpes")
    place = received(visitor, CLIENTS + "Roux;Hugo;;;Cabinet Alpes;;\n")
    for deed in ("run", "undo", "advance"):
        assert visitor.post(f"{place}/{deed}", {}).status_code == 302
    assert (cast.count(m.Client), the_one(cast, m.Import).state) == (0, m.ImportState.COLUMNS)
    check(visitor, place)
    for _turn in range(2):
        visitor.post(f"{place}/run", {})
    for _turn in range(3):
        to_the_end(visitor, place)
    assert cast.count(m.Client) == 1
    visitor.post(f"{place}/columns", {"column_0": "last_name"})
    assert the_one(cast, m.Import).state is m.ImportState.DONE, "what is done is not done again"


def test_a_file_that_is_sent_twice_is_kept_once(house, cast):
    visitor = cast.client_for("manager")
    page = visitor.get("/imports/new?into=partners").text
    once = re.search(r'name="one_time" value="([^"]+)"', page)[1]
    answers = [
        visitor.post("/imports/new", {"into": "partners", "one_time": once, "file": (io.BytesIO(CSV.encode()), "a.csv")}, content_type="multipart/form-data")
        for _turn in range(2)
    ]
    assert answers[0].location == answers[1].location
    assert cast.count(m.Import) == 1


def test_a_pass_goes_on_where_it_was_left(house, cast, monkeypatch):
    monkeypatch.setattr("app.views.imports.SECONDS", 0)
    visitor = cast.client_for("manager")
    cast.partner(name="Cabinet Alpes")
    place = received(visitor, "Nom;Partenaire\n" + "".join(f"Roux {number};Cabinet Alpes\n" for number in range(5)))
    check(visitor, place)
    visitor.post(f"{place}/run", {})
    for done in (1, 2, 3):
        visitor.post(f"{place}/advance", {})
        assert cast.count(m.Client) == done
    page = visitor.get(place, **EN).text
    assert "3 of 5 lines" in page and 'value="3"' in page
    to_the_end(visitor, place)
    assert cast.count(m.Client) == 5


def test_what_the_house_exports_changes_nothing_when_it_is_imported(house, cast):
    visitor, partner = cast.client_for("administrator"), cast.partner(name="Cabinet Alpes")
    cast.client(partner, last_name="Roux", first_name="Hugo", email="hugo@example.org", city="=Lyon", birth_date=date(1980, 4, 3))
    names = "last_name,first_name,birth_date,email,city,partner_id,kind,notifications"
    for language in ("fr", "en"):
        sheet = visitor.get(f"/clients/export.csv?columns={names}", headers={"Accept-Language": language})
        place = received(visitor, sheet.data)
        assert tiles(check(visitor, place, recognised="email")) == (0, 0, 1, 0), language


def test_who_may_not_write_a_list_brings_nothing_into_it(house, cast):
    visitor = cast.client_for("manager")
    place = received(visitor, CSV, "partners")
    assert "/imports/new?into=clients" in visitor.get("/clients/").text
    for role in ("reader", "compliance", "translator"):
        other = cast.client_for(role)
        assert other.get(place).status_code == 403 and other.post(f"{place}/run", {}).status_code == 403
        assert "/imports/" not in other.get("/clients/").text


def test_a_file_is_forgotten_after_a_month_and_its_records_stay(house, cast):
    visitor = cast.client_for("manager")
    place = received(visitor, CSV, "partners")
    check(visitor, place)
    run(visitor, place)
    with house.app_context(), cast.writing() as session:
        imports.sweep(session)
        assert session.query(m.Import).count() == 1
        session.query(m.Import).update({"created_at": m.now() - timedelta(days=31)})
        imports.sweep(session)
        session.commit()
    assert (cast.count(m.Import), cast.count(m.ImportLine), cast.count(m.Partner, m.Partner.name == "Cabinet Neuf")) == (0, 0, 1)
    assert visitor.get(place).status_code == 404


def test_the_empty_table_has_every_field_under_heads_that_are_understood(house, cast):
    visitor = cast.client_for("manager")
    for kind in m.ImportKind:
        sheet = visitor.get(f"/imports/template.csv?into={kind.value}")
        heads = sheet.data.decode("utf-8-sig").strip()
        place = received(visitor, heads + "\n" + "x;" * heads.count(";") + "x\n", kind.value)
        assert "" not in proposed(visitor.get(place).text).values()
