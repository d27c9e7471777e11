"""Home pages: what waits for whom, in few statements; charts with their tables, as far as each person may see."""

from __future__ import annotations

import csv
import html
import io
import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from app import models as m
from app.services.figures import FIGURES

EN = {"headers": {"Accept-Language": "en"}}


def table(visitor, name):
    """A figure's CSV, without its head."""
    answer = visitor.get(f"/charts/{name}.csv", **EN)
    assert answer.status_code == 200, answer.status
    return [tuple(row) for row in csv.reader(io.StringIO(answer.text.lstrip("\ufeff")), delimiter=";")][1:]


@pytest.fixture
def two_houses(cast):
    """Two partners; the first holds twice what the second does, with the same supplier."""
    ours, theirs, supplier = cast.partner(name="Nôtre"), cast.partner(name="Autre"), cast.supplier(name="Alpha")
    for partner, amount in ((ours, 2000), (theirs, 1000)):
        cast.contract(partner, cast.client(partner), supplier_id=supplier.id, amount=Decimal(amount), effective_on=m.today())
    return ours, theirs


def test_staff_see_what_waits_for_them_each_part_in_its_order(house, cast):
    person = cast.staff("administrator")
    for number, name in enumerate(("Deuxième", "Premier")):
        cast.partner(name=name, status=m.PartnerStatus.PENDING_VALIDATION, submitted_at=datetime(2026, 11, 2 - number, tzinfo=UTC))
    partner = cast.partner()
    for days, name in ((5, "Plus tard"), (-2, "En retard"), (None, "Sans date")):
        cast.add(m.Task(partner_id=partner.id, name=name, due_on=m.today() + timedelta(days=days) if days is not None else None, assignee_id=person.id))
    page = html.unescape(cast.signed_in(person).get("/").text)
    assert page.index("Premier") < page.index("Deuxième")
    assert page.index("En retard") < page.index("Plus tard") < page.index("Sans date")


def test_all_files_that_wait_are_counted_also_for_who_does_not_validate(house, cast):
    for _number in range(11):
        cast.partner(status=m.PartnerStatus.PENDING_VALIDATION)
    page = cast.client_for("manager").get("/", **EN).text
    assert re.search(r'tile-number">11</span><span>files awaiting validation<', page)


@pytest.mark.parametrize(("role", "most"), [("administrator", 3), ("manager", 3), ("reader", 3), ("translator", 1), ("owner", 4), ("member", 4)])
def test_a_home_page_takes_few_statements(house, cast, two_houses, statements, role, most):
    visitor = cast.client_for(role, two_houses[0] if role in ("owner", "member") else None)
    path = "/portal/" if role in ("owner", "member") else "/"
    visitor.get(path)
    statements.clear()
    assert visitor.get(path).status_code == 200
    assert len([each for each in statements if "set_config" not in each]) <= most


def test_a_partner_sees_its_own_figures_only(house, cast, two_houses):
    ours, _theirs = two_houses
    owner, staff = cast.client_for("owner", ours), cast.client_for("manager")
    assert table(owner, "held-by-supplier") == [("Alpha", "2000.00")]
    assert table(staff, "held-by-supplier") == [("Alpha", "3000.00")]
    assert table(owner, "contracts-by-month")[-1][1] == "1"
    assert table(staff, "contracts-by-month")[-1][1] == "2"
    page = html.unescape(owner.get("/portal/", **EN).text)
    assert re.search(r'tile-number">1</span><span>client<', page)
    assert "€2,000.00" in page


def test_a_member_limited_to_its_own_clients_counts_those(house, cast, two_houses):
    ours, _theirs = two_houses
    limited = cast.member(ours, "member", own_clients_only=True)
    cast.client(ours, adviser_id=limited.id)
    page = cast.signed_in(limited, ours).get("/portal/", **EN).text
    assert re.search(r'tile-number">1</span><span>client<', page)
    assert table(cast.signed_in(limited, ours), "clients-by-month")[-1][1] == "1"
    assert table(cast.signed_in(limited, ours), "held-by-supplier") == []


@pytest.mark.parametrize(
    ("role", "seen"), [("administrator", set(FIGURES)), ("reader", set(FIGURES)), ("translator", set()), ("owner", set(FIGURES) - {"partners-by-status"})]
)
def test_each_role_has_the_charts_of_its_rights_and_no_other(house, cast, role, seen):
    partner = cast.partner()
    assert "/charts/" not in cast.client_for("owner", partner).get("/portal/").text, "nothing is drawn where there is nothing"
    cast.client(partner)
    visitor = cast.client_for(role, partner)
    home = visitor.get("/portal/" if role == "owner" else "/").text
    assert set(re.findall(r"/charts/([a-z-]+)\.csv", home)) == seen
    for name in FIGURES:
        for ending in ("", ".svg", ".csv"):
            assert visitor.get(f"/charts/{name}{ending}").status_code == (200 if name in seen else 404), (name, ending)
    assert visitor.get("/charts/nothing").status_code == 404


def test_a_chart_is_a_picture_with_no_script_and_one_style_under_its_nonce(house, cast, two_houses):
    answer = cast.client_for("manager").get("/charts/held-by-supplier.svg?theme=dark")
    assert answer.mimetype == "image/svg+xml"
    assert "<script" not in answer.text
    [policy] = answer.headers.getlist("Content-Security-Policy")
    nonce = re.search(r"style-src 'nonce-([\w-]+)'", policy)[1]
    assert re.findall(r"<style[^>]*>", answer.text) == [f'<style nonce="{nonce}">']
    assert "Alpha" in answer.text


def test_a_charts_page_holds_its_table_in_the_readers_language(house, cast, two_houses):
    page = html.unescape(cast.client_for("manager").get("/charts/held-by-supplier").text)
    assert "3\u202f000,00\xa0€" in page
    assert "Encours par fournisseur" in page
    english = cast.client_for("manager").get("/charts/contracts-by-month", **EN).text
    assert f"{m.today():%b %Y}".replace("Sept", "Sep")[:3] in english


def test_months_are_the_last_twelve_and_empty_ones_are_there(house, cast):
    rows = table(cast.client_for("manager"), "clients-by-month")
    assert len(rows) == 12
    assert {value for _label, value in rows} == {"0"}


def test_what_is_beyond_the_largest_stands_together_and_nothing_is_lost(house, cast):
    partner = cast.partner()
    for number in range(11):
        supplier = cast.supplier(name=f"Fournisseur {number:02d}")
        cast.contract(partner, cast.client(partner), supplier_id=supplier.id, amount=Decimal(100 * (number + 1)))
    rows = table(cast.client_for("manager"), "held-by-supplier")
    assert len(rows) == 8
    assert rows[-1][0] in ("Others", "Autres")
    assert sum(Decimal(value) for _name, value in rows) == 6600


def test_a_chart_without_figures_says_so(house, cast):
    visitor = cast.client_for("manager")
    assert "Nothing here yet." in visitor.get("/charts/held-by-kind", **EN).text
    assert visitor.get("/charts/held-by-kind.svg").status_code == 200


def test_a_suppliers_name_is_no_formula_and_no_markup(house, cast):
    partner = cast.partner()
    supplier = cast.supplier(name="=cmd()<b>")
    cast.contract(partner, cast.client(partner), supplier_id=supplier.id, amount=Decimal(100))
    visitor = cast.client_for("manager")
    assert table(visitor, "held-by-supplier")[0][0].startswith("'=")
    assert "<b>" not in visitor.get("/charts/held-by-supplier.svg").text
