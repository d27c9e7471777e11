"""Columns people choose and the lists they keep under a name: all in the address, so that a link shows the same."""

from __future__ import annotations

import html
import re

import pytest

from app import models as m

EN = {"headers": {"Accept-Language": "en"}}


@pytest.fixture
def partner(cast):
    partner = cast.partner(name="Hélios Courtage")
    cast.contract(partner, cast.client(partner, last_name="Lefèvre"), number="AL1")
    return partner


def heads(page):
    table = re.search(r"<thead>.*?</thead>", page, re.DOTALL)[0]
    return [html.unescape(re.sub(r"<[^>]+>", "", cell)).strip() for cell in re.findall(r'<th scope="col".*?</th>', table)]


def keep(visitor, name, query="", place="/contracts/", **more):
    return visitor.post("/views/save", {"place": place, "query": query, "name": name, **more}, **EN)


def view_id(cast, name):
    return cast.read(lambda session: session.query(m.SavedView).filter_by(name=name).one().id)


def test_columns_stand_in_the_order_of_the_address_and_in_exports(house, cast, partner):
    visitor = cast.client_for("reader")
    page = visitor.get("/contracts/?columns=amount,number,holder", **EN).text
    assert heads(page) == ["Value", "Contract number", "Holder as sent by the supplier"]
    assert visitor.get("/contracts/?columns=amount&columns=number", **EN).text.count("<th scope") == 2
    first_line = visitor.get("/contracts/export.csv?columns=number,status", **EN).text.splitlines()[0]
    assert first_line.count(";") == 1
    assert "columns=amount,number,holder" in page


def test_a_column_that_is_not_of_this_list_is_left_out_and_said_so(house, cast, partner):
    visitor = cast.client_for("reader")
    page = visitor.get("/contracts/?columns=number,search_text,gone", **EN).text
    assert heads(page) == ["Contract number"]
    assert "no column “gone” any more" in html.unescape(page)
    assert visitor.get("/contracts/?columns=gone", **EN).status_code == 200
    assert visitor.get("/contracts/?columns=" + ",".join(f"c{number}" for number in range(500))).status_code == 200


def test_a_partner_chooses_among_its_own_columns_only(house, cast, partner):
    page = cast.client_for("owner", partner).get("/portal/contracts/?columns=number,holder,partner", **EN).text
    assert heads(page) == ["Contract number"]


def test_a_view_keeps_words_filters_order_and_columns(house, cast, partner):
    visitor = cast.client_for("reader")
    query = "?q=al&status=active&sort=-amount&columns=number,amount"
    assert keep(visitor, "En vigueur", query).location == "/contracts/" + query
    page = html.unescape(visitor.get("/contracts/", **EN).text)
    assert f'href="/contracts/{query}"' in page
    shown = visitor.get("/contracts/" + query, **EN).text
    assert "<span>En vigueur</span></summary>" in shown
    assert len(heads(shown)) == 2


def test_the_menu_opens_the_list_with_the_default_view_and_the_address_alone_does_not(house, cast, partner):
    visitor = cast.client_for("reader")
    keep(visitor, "Actifs", "?status=active", is_default="y")
    assert 'href="/contracts/?status=active"' in visitor.get("/partners/").text
    assert 'value="y" checked' in visitor.get("/contracts/?status=active").text
    assert 'value="y" checked' not in visitor.get("/contracts/").text
    visitor.post("/views/default", {"place": "/contracts/"})
    assert 'href="/contracts/?status=active"' not in visitor.get("/partners/").text


def test_a_view_is_shared_with_a_role_by_those_who_may(house, cast, partner):
    manager, reader, compliance = cast.client_for("manager"), cast.client_for("reader"), cast.client_for("compliance")
    keep(manager, "À regarder", "?status=active", role="reader")
    assert "À regarder" in reader.get("/contracts/").text
    assert "À regarder" not in compliance.get("/contracts/").text
    assert keep(reader, "Pour tous", "?status=active", role="manager").status_code == 403
    assert keep(manager, "Ailleurs", "", role="owner").status_code == 403
    assert reader.post(f"/views/{view_id(cast, 'À regarder')}/delete", {"place": "/contracts/"}).status_code == 404
    reader.post("/views/default", {"place": "/contracts/", "view_id": view_id(cast, "À regarder")})
    assert 'href="/contracts/?status=active"' in reader.get("/partners/").text
    assert manager.post(f"/views/{view_id(cast, 'À regarder')}/delete", {"place": "/contracts/"}).status_code == 302
    assert "À regarder" not in reader.get("/contracts/").text
    assert 'href="/contracts/?status=active"' not in reader.get("/partners/").text


def test_the_same_name_replaces_a_view_also_when_it_is_posted_twice(house, cast, partner):
    visitor = cast.client_for("reader")
    for query in ("?status=active", "?status=ended", "?status=ended"):
        keep(visitor, "Vue", query)
    assert cast.read(lambda session: [view.query for view in session.query(m.SavedView)]) == ["status=ended"]


def test_views_of_others_and_of_other_lists_are_404(house, cast, partner):
    mine, other = cast.client_for("reader"), cast.client_for("owner", partner)
    keep(mine, "Mienne", "?status=active")
    number = view_id(cast, "Mienne")
    assert other.post(f"/views/{number}/delete", {"place": "/portal/contracts/"}).status_code == 404
    assert other.post("/views/default", {"place": "/portal/contracts/", "view_id": number}).status_code == 404
    assert keep(other, "Vue", "", place="/contracts/").status_code == 404
    assert mine.post("/views/default", {"place": "/clients/", "view_id": number}).status_code == 404
    assert cast.count(m.SavedView) == 1


@pytest.mark.parametrize(("name", "sentence"), [("", "Please enter a name."), ("x" * 61, "At most 60 characters"), ("   ", "Please enter a name.")])
def test_a_view_needs_a_name_that_fits(house, cast, partner, name, sentence):
    refused = keep(cast.client_for("reader"), name, "?status=active", is_default="y")
    assert refused.status_code == 422
    assert sentence in refused.text
    assert f'name="name" value="{name.strip()}"' in refused.text
    assert 'name="query" value="?status=active"' in refused.text
    assert re.search(r'name="is_default" value="y" checked', refused.text)
    assert cast.count(m.SavedView) == 0


def test_what_is_kept_is_what_the_address_means_and_nothing_else(house, cast, partner):
    visitor = cast.client_for("reader")
    keep(visitor, "<b>🙂</b>", "?status=nonsense&x=%22%3E%3Cscript%3E&sort=drop&columns=number,gone&q=%00")
    assert cast.read(lambda session: [view.query for view in session.query(m.SavedView)]) == ["columns=number"]
    assert "<b>🙂</b>" not in visitor.get("/contracts/").text
    assert "&lt;b&gt;🙂" in visitor.get("/contracts/").text


def test_chosen_columns_and_views_cost_no_statement(house, cast, partner, statements):
    visitor = cast.client_for("administrator")
    keep(visitor, "Actifs", "?status=active&columns=number,partner,amount")
    visitor.get("/contracts/?status=active&columns=number,partner,amount")
    statements.clear()
    visitor.get("/contracts/?status=active&columns=number,partner,amount")
    roles = [sent for sent in statements if "set_config" in sent]
    assert len(statements) - len(roles) <= 4


def test_a_total_above_a_thousand_is_kept_for_a_minute_and_an_exact_one_never(house, cast, partner, statements):
    supplier = cast.read(lambda session: session.query(m.Contract).first().supplier_id)
    with cast.writing() as session:
        for number in range(1005):
            session.add(m.Contract(number=f"T{number}", number_key=f"T{number}", supplier_id=supplier, partner_id=partner.id, status=m.ContractStatus.ENDED))
    visitor, other = cast.client_for("owner", partner), cast.client_for("owner", cast.partner())
    assert "1,000+" in visitor.get("/portal/contracts/", **EN).text
    statements.clear()
    assert "1,000+" in visitor.get("/portal/contracts/?page=2", **EN).text
    assert not [sent for sent in statements if "count(*)" in sent and "FROM contract" in sent]
    for count in (1, 2):
        assert f'<span class="count">{count}</span>' in visitor.get("/portal/contracts/?status=active", **EN).text
        cast.contract(partner, cast.client(partner), number=f"N{count}")
    assert '<span class="count">0</span>' in other.get("/portal/contracts/", **EN).text
