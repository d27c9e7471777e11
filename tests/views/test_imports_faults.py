"""What can go wrong with a file that is brought in: odd cells, large files, two windows, records and fields that go meanwhile."""

from __future__ import annotations

import html
import io
import subprocess
import sys
import threading
import zipfile

import pytest
import xlsxwriter

from app import models as m
from app.models.custom import CustomField
from app.services import tables
from app.services.refusals import RuleBroken
from app.views.base import importing
from tests.views.making_fields import make, saved
from tests.views.test_imports import EN, check, received, run, the_one, tiles, to_the_end


def workbook(*rows, formats=None):
    written = io.BytesIO()
    book = xlsxwriter.Workbook(written)
    sheet = book.add_worksheet()
    for number, row in enumerate(rows):
        for place, cell in enumerate(row):
            sheet.write(number, place, cell, book.add_format({"num_format": formats[place]}) if formats and place in formats and number else None)
    book.close()
    return written.getvalue()


def undone(visitor, place):
    visitor.post(f"{place}/undo", {})
    return html.unescape(to_the_end(visitor, place))


@pytest.mark.parametrize("prepared", ["postgresql"], indirect=True, scope="session")  # SQLite has one writer: the second window waits
def test_a_check_that_comes_late_writes_nothing_over_a_run(house, cast, monkeypatch):
    visitor, other = cast.client_for("manager"), cast.client_for("manager")
    cast.partner(name="Cabinet Alpes")
    place = received(visitor, "Nom;Partenaire\nRoux;Cabinet Alpes\nPetit;Cabinet Alpes\n")
    visitor.post(f"{place}/columns", {"column_0": "last_name", "column_1": "partner_id"})
    real, waiting = importing.applied, [True]

    def slow(*given):
        if waiting:
            waiting.clear()
            thread = threading.Thread(target=lambda: (to_the_end(other, place), run(other, place)))  # a request of its own, in the midst of this one
            thread.start()
            thread.join()
        return real(*given)

    monkeypatch.setattr(importing, "applied", slow)
    assert visitor.post(f"{place}/advance", {}).status_code == 302
    assert (the_one(cast, m.Import).state, cast.count(m.Client)) == (m.ImportState.DONE, 2)
    assert tiles(visitor.get(place).text) == (2, 0, 0, 0)


def test_a_number_that_went_to_another_record_is_left_alone(house, cast):
    visitor, partner = cast.client_for("manager"), cast.partner(name="Cabinet Alpes")
    place = received(visitor, "Nom;Partenaire\nRoux;Cabinet Alpes\n")
    check(visitor, place)
    run(visitor, place)
    brought = the_one(cast, m.Client)
    assert visitor.post(f"/clients/{brought.id}/delete", {"version": brought.version, "name_again": brought.name}).status_code == 302
    cast.client(partner, id=brought.id, last_name="Innocent")
    assert tiles(undone(visitor, place)) == (1, 0, 0)
    assert cast.get(m.Client, brought.id).last_name == "Innocent"


def test_what_people_hung_on_a_new_record_keeps_it(house, cast):
    visitor = cast.client_for("manager")
    cast.partner(name="Cabinet Alpes")
    place = received(visitor, "Nom;Partenaire\nRoux;Cabinet Alpes\n")
    check(visitor, place)
    run(visitor, place)
    cast.add(m.Signatory(client_id=the_one(cast, m.Client).id, first_name="Jade", last_name="Roux", is_principal=True))
    page = undone(visitor, place)
    assert (tiles(page), cast.count(m.Signatory)) == ((0, 1, 0), 1)
    assert "1 record could not be taken back" in page and "Signatories (1)" in page
    assert "has been taken back." not in page
    assert "Roux" in visitor.get(f"{place}/refused.csv").text


def test_what_a_rule_changed_beside_the_file_is_restored_too(house, cast):
    visitor = cast.client_for("manager")
    alpes, jura = cast.partner(name="Cabinet Alpes"), cast.partner(name="Cabinet Jura")
    adviser = cast.member(alpes, "member")
    client = cast.client(alpes, last_name="Roux", email="roux@example.org", adviser_id=adviser.id)
    place = received(visitor, "E-mail;Partenaire\nroux@example.org;Cabinet Jura\n")
    check(visitor, place)
    run(visitor, place)
    moved = cast.get(m.Client, client.id)
    assert (moved.partner_id, moved.adviser_id) == (jura.id, None)
    undone(visitor, place)
    back = cast.get(m.Client, client.id)
    assert (back.partner_id, back.adviser_id) == (alpes.id, adviser.id)


def test_the_very_name_is_found_among_hundreds_that_share_its_words(house, cast, monkeypatch):
    monkeypatch.setattr(importing, "MOST_ALIKE", 3)
    visitor = cast.client_for("manager")
    for number in range(6):
        cast.partner(name=f"Cabinet Alpes {number}")
    cast.partner(name="Cabinet Alpes", city="Gap")
    place = received(visitor, "Raison sociale;Ville\nCabinet Alpes;Annecy\n", "partners")
    assert tiles(check(visitor, place, recognised="name")) == (0, 1, 0, 0)


def test_what_excel_does_to_numbers_is_put_right_or_said(house, cast):
    visitor = cast.client_for("manager")
    cast.partner(name="Cabinet Alpes")
    book = workbook(["Nom", "Partenaire", "CP", "Tél"], ["Roux", "Cabinet Alpes", 1000, 612345678], formats={2: "00000"})
    place = received(visitor, book, name="clients.xlsx")
    check(visitor, place)
    run(visitor, place)
    found = the_one(cast, m.Client)
    assert (found.postcode, found.phone) == ("01000", "0612345678")
    with pytest.raises(RuleBroken, match="Line 2 holds a number of more than 15 digits"):
        tables.read(workbook(["Numéro"], [12345678901234567]))
    assert tables.read(workbook(["Encours"], [0.30000000000000004], [-12.5], [1234567.89])).lines == [(2, ["0.3"]), (3, ["-12.5"]), (4, ["1234567.89"])]


def test_lines_keep_their_number_and_lose_nothing_in_silence(house):
    with house.test_request_context("/", **EN):
        assert tables.read(b"\n\nNom;Ville\n\nRoux;Lyon\n;\nPetit;12, rue; Nice\n") == tables.Table(
            ["Nom", "Ville"], [(5, ["Roux", "Lyon"]), (7, ["Petit", "12, rue", "Nice"])]
        )
        assert tables.read(b"Nos clients, 2026\nNom;Ville\nRoux;Lyon\nPetit;Nice\n").heads == ["Nom", "Ville"]
        assert tables.read(b"PK;Nom\n1;Roux\n").heads == ["PK", "Nom"]
        assert tables.read(b'Nom;Note\nRoux;"deux\nlignes"\nPetit;x\n').lines == [(2, ["Roux", "deux\nlignes"]), (4, ["Petit", "x"])]
        for content, sentence in (
            (b'Nom;Ville\n"Roux;Lyon\nPetit;Nice\n', "Line 2 could not be read"),
            (b";".join([b"x"] * 101) + b"\n", "At most 100 columns."),
        ):
            with pytest.raises(RuleBroken, match=sentence):
                tables.read(content)


def test_a_line_with_more_cells_than_columns_and_a_text_too_long_are_refused(house, cast):
    visitor = cast.client_for("manager")
    lines = f"Un;x;y\nDeux;{'long' * 2501}\n"
    place = received(visitor, f"Raison sociale;Note\n{lines}", "partners")
    page = check(visitor, place)
    assert tiles(page) == (0, 0, 0, 2)
    assert "This line has more cells than there are columns" in page and "At most 10000 characters; you typed 10001." in page


def test_a_small_file_does_not_become_a_large_one(house):
    """Measured in a process of its own: the files that would take gigabytes."""
    shared = "".join(f'<row r="{number}"><c r="A{number}" t="s"><v>0</v></c></row>' for number in range(1, 8001))
    source = io.BytesIO(workbook(["x" * 30_000]))
    bomb = io.BytesIO()
    with zipfile.ZipFile(source) as before, zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as after:
        for part in before.namelist():
            content = before.read(part)
            if part.endswith("sheet1.xml"):
                content = content.split(b"<sheetData>")[0] + b"<sheetData>" + shared.encode() + b"</sheetData>" + content.split(b"</sheetData>")[1]
            after.writestr(part, content)
    files = {
        "shared": bomb.getvalue(),
        "far": workbook(["x"] + [""] * 16_000 + ["y"], *[["z"]] * 1900),
        "lines": b"\n" * 10_000_000 + b"x",
        "separators": b";\n" * 5_000_000,
    }
    program = (
        "import resource, sys\nfrom app import create_app\nimport config\nfrom app.services import tables\nfrom app.services.refusals import RuleBroken\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "with create_app(config.Config, SECRET_KEY='x').test_request_context('/'):\n"
        "    try:\n        tables.read(sys.stdin.buffer.read())\n    except RuleBroken as broken:\n        print(broken.sentence, file=sys.stderr)\n"
        "grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before\nprint(grown // 1024, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024)\n"
    )
    taken = {}
    for name, content in files.items():
        answer = subprocess.run([sys.executable, "-c", program], input=content, capture_output=True, check=True)
        taken[name] = max(map(int, answer.stdout.split()))
    print(f"\nMB at most: {taken}")
    assert max(taken.values()) <= 300


def test_odd_cells_are_refused_line_by_line_and_hold_nothing_up(house, cast):
    visitor = cast.client_for("administrator")
    cast.partner(name="Cabinet Alpes")
    supplier = cast.supplier(name="Boréal")
    amounts = ("1e999999999", "1e-999999999", "0e999999999", "-", "١٢٣", "12.345.678,9", "NaN", "∞", "🙂", "1" * 4000)
    lines = "".join(f"{supplier.name};N{place};{amount};{'a ' * 4900 if place == 3 else 'Cabinet Alpes'}\n" for place, amount in enumerate(amounts))
    place = received(visitor, f"Assureur;Numéro contrat;Encours;Partenaire\n{lines}Boréal;BON;1,5;Cabinet Alpes\n", "contracts")
    page = check(visitor, place)
    assert tiles(page)[0] >= 1 and sum(tiles(page)) == len(amounts) + 1
    assert "Something went wrong" not in page
    run(visitor, place)
    assert cast.count(m.Contract, m.Contract.number == "BON") == 1


def test_a_cell_that_nobody_foresaw_is_refused_alone(house, cast, monkeypatch):
    visitor = cast.client_for("manager")
    cast.partner(name="Cabinet Alpes")
    real = importing.write

    def write(view, record, line, *more):
        if line.number == 2:
            raise KeyError("unforeseen")
        return real(view, record, line, *more)

    monkeypatch.setattr(importing, "write", write)
    place = received(visitor, "Nom;Partenaire\nRoux;Cabinet Alpes\nPetit;Cabinet Alpes\n")
    page = check(visitor, place)
    assert tiles(page) == (1, 0, 0, 1) and "Something went wrong on our side with this line." in page


def test_a_field_that_goes_meanwhile_is_said(house, cast):
    admin, partner = cast.client_for("administrator"), cast.partner(name="Cabinet Alpes")
    number = make(admin, "text")
    cast.client(partner, last_name="Roux", email="roux@example.org")
    content = "E-mail;Ville;Champ text\nroux@example.org;Gap;Bonjour\n"
    first, second = received(admin, content), received(admin, content)
    for place in (first, second):
        check(admin, place)
    run(admin, first)
    field = cast.get(CustomField, number)
    sent = {"holder": "client", "kind": "text", "names_fr": "Champ text", "portal": "hidden", "position": "10", "version": field.version}
    assert admin.post(f"/fields/{number}/edit", sent).status_code == 302, "out of use"
    answer = admin.post(f"{second}/run", {}, **EN)
    assert "look at the columns again" in html.unescape(admin.get(answer.location, **EN).text)
    assert tiles(undone(admin, first)) == (1, 0, 0), "the rest of the line is taken back"
    assert the_one(cast, m.Client).city is None


def test_a_refused_line_does_not_stand_in_the_way_of_the_corrected_one(house, cast, monkeypatch):
    visitor = cast.client_for("manager")
    cast.partner(name="Cabinet Alpes")
    content = "Nom;E-mail;Né le;Partenaire\nRoux;roux@example.org;31/02/2000;Cabinet Alpes\nRoux;roux@example.org;28/02/2000;Cabinet Alpes\n"
    for seconds in (0, 5):
        monkeypatch.setattr("app.views.imports.SECONDS", seconds)
        assert tiles(check(visitor, received(visitor, content))) == (1, 0, 0, 1), "wherever the pieces are cut"


def test_a_line_that_names_a_record_of_the_same_file_is_checked_as_it_will_run(house, cast, monkeypatch):
    monkeypatch.setattr("app.views.imports.SECONDS", 0)
    visitor = cast.client_for("manager")
    place = received(visitor, "Raison sociale;Partenaire parent\nTête;\nFille;Tête\n", "partners")
    page = visitor.get(place, **EN).text
    names = {"column_0": "name", "column_1": "parent_id"}
    assert 'value="parent_id"' in page
    assert tiles(check(visitor, place, **names)) == (2, 0, 0, 0)
    assert tiles(run(visitor, place)) == (2, 0, 0, 0)
    head = the_one(cast, m.Partner, m.Partner.name == "Tête")
    assert the_one(cast, m.Partner, m.Partner.name == "Fille").parent_id == head.id
    assert tiles(undone(visitor, place)) == (2, 0, 0)


def test_a_page_of_many_lines_asks_the_database_as_little_as_one_of_few(house, cast, statements):
    visitor, counts = cast.client_for("manager"), []
    for number in range(40):
        cast.partner(name=f"Cabinet N{number}")
    for lines in (2, 40):
        place = received(visitor, "Nom;Partenaire\n" + "".join(f"Roux {lines} {number};Cabinet N{number}\n" for number in range(lines)))
        check(visitor, place)
        statements.clear()
        assert tiles(visitor.get(place, **EN).text)[0] == lines
        counts.append(len([each for each in statements if "set_config" not in each]))
    assert counts[0] == counts[1] <= 5


def test_a_file_is_discarded_as_long_as_nothing_of_it_is_written(house, cast):
    visitor = cast.client_for("manager")
    cast.partner(name="Cabinet Alpes")
    content = "Nom;Partenaire\nRoux;Cabinet Alpes\n"
    place = received(visitor, content)
    assert visitor.post(f"{place}/discard", {}).location == "/imports/"
    assert (cast.count(m.Import), cast.count(m.ImportLine)) == (0, 0)
    place = received(visitor, content)
    check(visitor, place)
    run(visitor, place)
    visitor.post(f"{place}/discard", {})
    assert cast.count(m.Import) == 1 and saved(visitor, the_one(cast, m.Client)).status_code == 302


def test_two_ways_of_writing_one_record_are_seen_in_the_check(house, cast, monkeypatch):
    monkeypatch.setattr("app.views.imports.SECONDS", 0)
    visitor = cast.client_for("manager")
    cast.partner(name="Cabinet Alpes")
    cast.supplier(name="Boréal")
    place = received(visitor, "Assureur;Numéro contrat\nBoréal;AL-0000 12\nBoréal;al000012\n", "contracts")
    assert tiles(check(visitor, place)) == (1, 0, 0, 1)
    place = received(visitor, "Raison sociale;Ville\nÉtude Müller;Gap\nETUDE MULLER;Gap\n", "partners")
    assert tiles(check(visitor, place)) == (1, 0, 0, 1)


def test_only_staff_can_be_looked_up_as_those_who_brought_a_file_in(house, cast):
    colleague = cast.member(cast.partner(), "owner", last_name="Dehors")
    found = cast.client_for("manager").get("/imports/choices/created_by_id?q=").json
    assert found and colleague.id not in [each["id"] for each in found]
