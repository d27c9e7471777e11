"""One field of many records: chosen, previewed, done for all of them or for none; and the second facts, menus and counts of lists."""

from __future__ import annotations

import html
import re
from datetime import timedelta

import pytest

from app import models as m
from app.views.base.entity import EntityView

EN = {"headers": {"Accept-Language": "en"}}


@pytest.fixture
def contracts(cast):
    partner = cast.partner()
    return [cast.contract(partner, cast.client(partner), number=f"AL{number}") for number in range(3)]


def send(visitor, records, place="/contracts/bulk", **facts):
    return visitor.post(place, {"ids": [each.id for each in records], **facts}, **EN)


def cells(page):
    """The preview: what stands in each row."""
    table = re.search(r"bulk-preview.*?</table>", page, re.DOTALL)[0]
    return [
        [html.unescape(re.sub(r"<[^>]+>", "", cell)).strip() for cell in re.findall(r"<td.*?</td>", row, re.DOTALL)]
        for row in re.findall(r"<tr>.*?</tr>", table, re.DOTALL)[1:]
    ]


def statuses(cast, records):
    return [cast.get(m.Contract, each.id).status for each in records]


def confirm(visitor, records, **facts):
    seen = {f"seen_{each.id}": each.version for each in records}
    return send(visitor, records, confirmed="1", **seen | facts)


def test_a_field_is_chosen_its_value_given_and_each_record_previewed(house, cast, contracts):
    visitor = cast.client_for("manager")
    assert '<option value="status">' in send(visitor, contracts).text
    assert 'name="status"' in send(visitor, contracts, field="status").text
    page = send(visitor, contracts, field="status", status="suspended", preview="1").text
    assert cells(page) == [[f"AL{number}", "In force", "Suspended"] for number in range(3)]
    assert "Change 3 records" in page
    assert set(statuses(cast, contracts)) == {m.ContractStatus.ACTIVE}, "a preview changes nothing"


def test_what_is_confirmed_is_done_recorded_and_leads_back_to_the_same_list(house, cast, contracts):
    visitor = cast.client_for("manager")
    done = confirm(visitor, contracts, field="status", status="suspended", place="/contracts/bulk?sort=-amount&q=AL")
    assert (done.status_code, done.location) == (302, "/contracts/?q=AL&sort=-amount")
    assert set(statuses(cast, contracts)) == {m.ContractStatus.SUSPENDED}
    assert cast.count(m.History, m.History.entity == "Contract", m.History.deed == m.Deed.CHANGED) == 3
    assert "3 records have been changed." in visitor.get("/contracts/", **EN).text


def test_the_same_confirmation_twice_is_done_once(house, cast, contracts):
    visitor = cast.client_for("manager")
    for _turn in range(2):
        assert confirm(visitor, contracts[:1], field="status", status="suspended", one_time="the same").status_code == 302
    assert cast.get(m.Contract, contracts[0].id).version == 2


def test_a_record_changed_since_the_preview_stops_all_and_is_shown_anew(house, cast, contracts):
    visitor = cast.client_for("manager")
    with cast.writing() as session:
        session.get_one(m.Contract, contracts[1].id).holder = "Somebody"
    answer = confirm(visitor, contracts, field="status", status="suspended")
    assert answer.status_code == 409
    assert "Somebody has changed one of these records meanwhile" in answer.text
    assert set(statuses(cast, contracts)) == {m.ContractStatus.ACTIVE}


def test_a_record_that_a_rule_refuses_is_named_and_left_out(house, cast):
    """A client of another partner cannot hold this contract: the rule speaks in the preview, for its own row only."""
    mine, other = cast.partner(), cast.partner()
    kept, refused = cast.contract(mine, cast.client(mine), number="AL1"), cast.contract(other, cast.client(other), number="AL2")
    visitor = cast.client_for("manager")
    page = send(visitor, [kept, refused], field="client_id", client_id=str(cast.client(mine, last_name="Nouveau").id), preview="1").text
    rows = cells(page)
    assert rows[0][2].startswith("Nouveau")
    assert "partner" in rows[1][2].lower()
    assert "1 record will change" in page
    assert "1 is refused and stays as it is" in page
    assert f'name="seen_{kept.id}"' in page
    assert f'name="seen_{refused.id}"' not in page


def test_a_refusal_at_the_last_moment_changes_nothing(house, cast):
    mine, other = cast.partner(), cast.partner()
    both = [cast.contract(mine, cast.client(mine), number="AL1"), cast.contract(other, cast.client(other), number="AL2")]
    new = cast.client(mine, last_name="Nouveau")
    assert confirm(cast.client_for("manager"), both, field="client_id", client_id=str(new.id)).status_code == 409
    assert new.id not in {cast.get(m.Contract, each.id).client_id for each in both}


@pytest.mark.parametrize(
    ("facts", "sentence"),
    [
        ({"field": "status", "status": "nonsense"}, "choice"),
        ({"field": "effective_on", "effective_on": "31/02/2026"}, "date"),
        ({"field": "holder", "holder": "x" * 400}, "At most"),
    ],
)
def test_a_value_that_does_not_fit_is_refused_beside_its_field(house, cast, contracts, facts, sentence):
    answer = send(cast.client_for("manager"), contracts, preview="1", **facts)
    assert answer.status_code == 422
    error = re.search(r'class="field-error">.*?</div>', answer.text, re.DOTALL)
    assert error and sentence.lower() in html.unescape(error[0]).lower()
    assert "bulk-preview" not in answer.text


def test_a_field_that_is_not_for_many_cannot_be_set(house, cast, contracts):
    visitor = cast.client_for("manager")
    for name in ("number", "amount_", "id", "search_text", "version", "number_key"):
        confirm(visitor, contracts, field=name, **{name: "1"})
    assert sorted(cast.get(m.Contract, each.id).number for each in contracts) == ["AL0", "AL1", "AL2"]


def test_nothing_ticked_says_so_and_an_absent_record_is_not_found(house, cast, contracts):
    visitor = cast.client_for("manager")
    assert visitor.post("/contracts/bulk", **EN).location == "/contracts/"
    assert "Please tick" in visitor.get("/contracts/", **EN).text
    assert visitor.post("/contracts/bulk", {"ids": [contracts[0].id, 999_999]}).status_code == 404


def test_who_may_only_read_changes_nothing(house, cast, contracts):
    reader = cast.client_for("reader")
    assert confirm(reader, contracts, field="status", status="suspended").status_code == 403
    assert "Change a field" not in reader.get("/contracts/", **EN).text


def test_no_portal_list_sets_a_field_on_many(house):
    portals = [view for view in house.extensions["appbuilder"].baseviews if isinstance(view, EntityView) and view.frame == "portal"]
    assert portals
    assert all(not view.bulk_fields for view in portals)


def test_no_name_identifier_or_unique_value_is_offered_for_many(house):
    for view in house.extensions["appbuilder"].baseviews:
        if isinstance(view, EntityView):
            assert not {"name", "number", "siren", "orias_number", "iban", "email", "phone", "amount"} & set(view.bulk_fields), view


# --- second facts, menus, counts ------------------------------------------------------------------


def test_a_second_fact_stands_under_the_first_and_leaves_when_it_has_a_column(house, cast, contracts):
    visitor = cast.client_for("reader")
    supplier = str(cast.get(m.Supplier, contracts[0].supplier_id))
    page = html.unescape(visitor.get("/contracts/").text)
    assert f'<span class="second">{supplier}</span>' in page
    chosen = html.unescape(visitor.get("/contracts/?columns=number,product,supplier").text)
    assert '<span class="second">' not in chosen
    assert supplier in chosen


def test_a_second_fact_is_escaped_and_may_be_empty(house, cast):
    cast.partner(name="Un", city="<b>Annecy</b>")
    cast.partner(name="Deux", city=None)
    page = cast.client_for("reader").get("/partners/").text
    assert '<span class="second">&lt;b&gt;Annecy&lt;/b&gt;</span>' in page
    assert '<span class="second"></span>' in page


def test_a_row_has_a_menu_of_what_this_person_may_do(house, cast, contracts):
    page = cast.client_for("manager").get("/contracts/").text
    assert page.count('<td class="menu-cell">') == 3
    assert 'data-to="/edit"' in page
    assert 'data-to="/delete"' not in page, "contracts are not deleted"
    assert "menu-cell" not in cast.client_for("reader").get("/contracts/").text


def test_a_broker_is_offered_nothing_on_the_rows_of_its_agents(house, cast):
    broker = cast.partner()
    agent = cast.partner(parent_id=broker.id)
    cast.client(broker), cast.client(agent)
    assert "menu-cell" not in cast.client_for("owner", broker).get("/portal/clients/").text
    assert "menu-cell" in cast.client_for("owner", agent).get("/portal/clients/").text


def test_the_head_of_a_list_has_as_many_cells_as_its_rows_for_brokers_and_others(house, cast):
    """Both have the same rights and ask for the same address; only one has a menu in each row."""
    broker, simple = cast.partner(), cast.partner()
    agent = cast.partner(parent_id=broker.id)
    for partner in (broker, simple, agent):
        cast.client(partner)
    for partner in (simple, broker, simple):
        page = cast.client_for("owner", partner).get("/portal/clients/").text
        head, row = re.search(r"<thead>.*?</thead>", page, re.DOTALL)[0], re.search(r"<tr data-href.*?</tr>", page, re.DOTALL)[0]
        assert head.count("<th") - head.count("<thead") == row.count("<td")


def test_a_rule_between_the_records_of_one_batch_is_seen_in_the_preview(house, cast):
    """A partner has one default account: of two that are set, the second undoes the first, and the preview says so."""
    partner = cast.partner()
    accounts = [cast.add(m.BankAccount(partner_id=partner.id, holder="H", iban=iban)) for iban in ("FR7630006000011234567890189", "FR7610107001011234567890129")]
    visitor = cast.client_for("administrator")
    page = send(visitor, accounts, "/bank-accounts/bulk", field="is_default", is_default="y", preview="1").text
    assert sum(row[2] == "Yes" for row in cells(page)) <= 1


def test_the_navigation_counts_files_to_validate_and_tasks_that_are_due(house, cast):
    cast.partner(status=m.PartnerStatus.PENDING_VALIDATION), cast.partner(status=m.PartnerStatus.PENDING_VALIDATION)
    partner, person = cast.partner(), cast.staff("administrator")
    for due in (m.today(), m.today() - timedelta(days=3), m.today() + timedelta(days=1), None):
        cast.add(m.Task(partner_id=partner.id, name="Appeler", due_on=due, assignee_id=person.id))
    cast.add(m.Task(partner_id=partner.id, name="Fait", due_on=m.today(), done_on=m.today(), assignee_id=person.id))
    cast.add(m.Task(partner_id=partner.id, name="D’un autre", due_on=m.today(), assignee_id=cast.staff("manager").id))
    page = cast.signed_in(person).get("/contracts/", **EN).text
    assert re.findall(r'class="nav-count" title="([^"]+)"', page) == ["2 files to validate", "2 tasks due"]


def test_somebody_who_does_not_validate_sees_no_count_of_files(house, cast):
    cast.partner(status=m.PartnerStatus.PENDING_VALIDATION)
    assert "nav-count" not in cast.client_for("translator").get("/", **EN).text


def changed_and_taken_back(cast, visitor, records, between=None):
    """Sets all of them to "suspended", then takes it back; the page that follows."""
    done = confirm(visitor, records, field="status", status="suspended", one_time=f"undo-{records[0].id}")
    assert done.status_code == 302
    assert 'action="/undo/"' in visitor.get(done.location, **EN).text
    assert statuses(cast, records) == [m.ContractStatus.SUSPENDED] * len(records)
    if between:
        between()
    return visitor.get(visitor.post("/undo/", **EN).location, **EN).text


def test_a_change_of_many_records_is_taken_back_whole_and_once(house, cast, contracts):
    visitor = cast.client_for("manager")
    with cast.writing() as session:
        session.get_one(m.Contract, contracts[0].id).status = m.ContractStatus.ENDED
    before = [cast.get(m.Contract, each.id) for each in contracts]
    was = statuses(cast, contracts)
    assert "3 records have their values again" in changed_and_taken_back(cast, visitor, before)
    assert statuses(cast, contracts) == was
    assert "nothing to take back" in visitor.get(visitor.post("/undo/", **EN).location, **EN).text


def test_what_somebody_has_changed_since_is_not_taken_back(house, cast, contracts):
    def interfere():
        with cast.writing() as session:
            session.get_one(m.Contract, contracts[0].id).reference = "since"

    page = changed_and_taken_back(cast, cast.client_for("manager"), contracts, interfere)
    assert "has changed since" in page
    assert statuses(cast, contracts) == [m.ContractStatus.SUSPENDED] * 3


def test_nobody_takes_back_what_another_did(house, cast, contracts):
    changed_by = cast.client_for("manager")
    confirm(changed_by, contracts, field="status", status="suspended", one_time="mine")
    for other in (cast.client_for("manager"), cast.client_for("owner", cast.partner())):
        other.post("/undo/")
    assert statuses(cast, contracts) == [m.ContractStatus.SUSPENDED] * 3


@pytest.mark.parametrize(("field", "first", "second"), [("effective_on", "2024-05-01", "2025-01-01"), ("client_id", "", None)])
def test_days_and_links_come_back_as_they_were(house, cast, contracts, field, first, second):
    visitor = cast.client_for("manager")
    other = cast.client(cast.get(m.Partner, contracts[0].partner_id))
    before = [getattr(each, field) for each in contracts]
    sent = second if second else str(other.id)
    done = confirm(visitor, contracts, field=field, one_time=f"u{field}", **{field: sent})
    if done.status_code != 302:
        pytest.fail(done.text)
    visitor.post("/undo/")
    assert [getattr(cast.get(m.Contract, each.id), field) for each in contracts] == before


def test_a_record_deleted_since_stops_the_taking_back_in_words(house, cast, contracts):
    def interfere():
        with cast.writing() as session:
            session.delete(session.get_one(m.Contract, contracts[0].id))

    visitor = cast.client_for("manager")
    confirm(visitor, contracts, field="status", status="suspended", one_time="gone")
    interfere()
    assert "has changed since" in visitor.get(visitor.post("/undo/", **EN).location, **EN).text
