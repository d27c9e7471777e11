"""A form that was begun is kept as it is typed, offered when it is opened again, and gone once it is saved."""

from __future__ import annotations

import html
import json
from datetime import timedelta

import pytest

from app import models as m
from app.services import drafts, preparation
from tests.cast import PASSWORD

EN = {"headers": {"Accept-Language": "en"}}
NEW = "/suppliers/new"


def keep(visitor, fields, place=NEW):
    return visitor.post("/drafts/keep", {"place": place, "fields": fields if isinstance(fields, str) else json.dumps(fields)})


def count(cast):
    return cast.count(m.Draft)


def test_a_new_records_draft_is_offered_taken_up_and_gone_once_saved(house, cast):
    visitor = cast.client_for("manager")
    assert keep(visitor, [["name", "Alpha « Vie » 😀"], ["code", "ALP"]]).status_code == 204
    page = visitor.get(NEW, **EN).text
    assert "You began this form on" in page
    assert 'value="Alpha' not in page, "nothing is filled in unasked"
    taken = visitor.get(NEW + "?draft=1", **EN).text
    assert 'name="name" value="Alpha « Vie » 😀"' in html.unescape(taken)
    assert "Nothing of it has been saved yet" in taken
    assert cast.count(m.Supplier, m.Supplier.name.like("Alpha%")) == 0
    saved = visitor.post(NEW, {"name": "Alpha", "code": "ALP", "kind": "insurer", "active": "y", "draft": "1"})
    assert saved.status_code == 302
    assert count(cast) == 0
    assert "You began" not in visitor.get(NEW, **EN).text


def test_a_refused_form_keeps_its_draft_and_lets_it_go_once_saved(house, cast):
    visitor = cast.client_for("manager")
    keep(visitor, [["name", "Alpha"]])
    refused = visitor.post(NEW, {"name": "", "draft": "1"})
    assert refused.status_code == 422
    assert 'name="draft" value="1"' in refused.text
    assert count(cast) == 1
    assert visitor.post(NEW, {"name": "Alpha", "code": "A", "kind": "insurer", "draft": "1"}).status_code == 302
    assert count(cast) == 0


def test_an_offered_draft_is_not_written_over_before_it_is_decided_on(house, cast):
    visitor = cast.client_for("manager")
    keep(visitor, [["name", "Alpha"]])
    page = visitor.get(NEW).text
    assert f'data-draft="{NEW}"' in page
    token = page.split('data-token="')[1].split('"')[0]
    assert token != "1"
    assert visitor.post("/drafts/keep", {"place": NEW, "token": token, "fields": '[["name", "Beta"]]'}).status_code == 204
    assert 'value="Alpha"' in visitor.get(NEW + "?draft=1").text
    assert 'value="Beta"' in visitor.get(f"{NEW}?draft={token}").text


def test_a_form_in_two_windows_has_two_drafts_and_saving_one_leaves_the_other(house, cast):
    visitor = cast.client_for("manager")
    tokens = [visitor.get(NEW).text.split('data-token="')[1].split('"')[0] for _window in range(2)]
    for token, name in zip(tokens, ("Alpha", "Beta"), strict=True):
        visitor.post("/drafts/keep", {"place": NEW, "token": token, "fields": json.dumps([["name", name]])})
    assert count(cast) == 2
    assert visitor.post(NEW, {"name": "Beta", "code": "B", "kind": "insurer", "draft": tokens[1]}).status_code == 302
    offered = visitor.get(NEW).text
    assert f"?draft={tokens[0]}" in offered
    assert tokens[1] not in offered
    taken = visitor.get(f"{NEW}?draft={tokens[0]}").text
    assert 'value="Alpha"' in taken
    assert f'name="draft" value="{tokens[0]}" data-token="{tokens[0]}"' in taken, "what is typed on goes into the same draft"
    assert visitor.post("/drafts/keep", {"place": NEW, "token": "../x", "fields": "[]"}).status_code == 400


def test_a_draft_at_a_long_address_is_found_again_and_the_form_keeps_its_address(house, cast):
    place = NEW + "?back=/partners/" + "é" * 90
    visitor = cast.client_for("manager")
    action = html.unescape(visitor.get(place).text.split('class="record-form"')[0].rsplit('action="', 1)[1].split('"')[0])
    assert len(action) > 400
    keep(visitor, [["name", "Alpha"]], action)
    assert 'value="Alpha"' in visitor.get(place + "&draft=1").text


def test_half_a_character_in_a_draft_is_left_out(house, cast):
    visitor = cast.client_for("manager")
    assert keep(visitor, '[["name", "A\\ud800B"], ["na\\u0000me", "x"]]').status_code == 204
    assert 'value="AB"' in visitor.get(NEW + "?draft=1").text


def test_a_draft_of_an_edited_record_still_sees_that_somebody_saved_first(house, cast):
    partner = cast.partner()
    place = f"/partners/{partner.id}/edit"
    visitor = cast.client_for("manager")
    keep(visitor, [["name", "Begun"], ["version", str(partner.version)]], place)
    with cast.writing() as session:
        session.get_one(m.Partner, partner.id).city = "Gap"
    page = visitor.get(place + "?draft=1").text
    assert f'name="version" value="{partner.version}"' in page
    assert 'value="Begun"' in page


def test_drafts_are_ones_own(house, cast):
    partner = cast.partner()
    keep(cast.client_for("manager"), [["name", "Secret"]])
    keep(cast.client_for("owner", partner), [["last_name", "Secret"]], "/portal/clients/new")
    assert "Secret" not in cast.client_for("manager").get(NEW + "?draft=1").text
    assert "Secret" not in cast.client_for("owner", partner).get("/portal/clients/new?draft=1").text


def test_one_person_of_two_companies_has_its_own_drafts_in_each(house, cast):
    first, second = cast.partner(), cast.partner()
    person = cast.member(first)
    cast.add(m.Membership(user_id=person.id, partner_id=second.id, role=m.MemberRole.OWNER))
    keep(cast.signed_in(person, first), [["last_name", "Zwicky"]], "/portal/clients/new")
    assert "Zwicky" in cast.signed_in(person, first).get("/portal/clients/new?draft=1").text
    assert "Zwicky" not in cast.signed_in(person, second).get("/portal/clients/new?draft=1").text


@pytest.mark.parametrize("fields", ["", "[", "{}", '["a"]', '[["a"]]', '[["a", 1]]', json.dumps([["a", "x" * 70_000]]), "[" * 30_000])
def test_what_is_no_draft_is_not_kept(house, cast, fields):
    visitor = cast.client_for("manager")
    assert keep(visitor, fields).status_code == 413
    assert count(cast) == 0


@pytest.mark.parametrize("place", ["", "https://evil.example/", "//evil.example", "javascript:alert(1)"])
def test_a_draft_stands_at_an_address_of_ours(house, cast, place):
    visitor = cast.client_for("manager")
    assert keep(visitor, [["name", "A"]], place).status_code == 400
    assert visitor.post("/drafts/forget", {"place": place}).location == "/"


def test_no_token_is_kept(house, cast):
    keep(cast.client_for("manager"), [["name", "A"], ["csrf_token", "t"], ["one_time", "t"]])
    assert cast.read(lambda session: session.query(m.Draft).one().fields) == [["name", "A"]]


def test_a_draft_is_discarded_and_leads_back_to_the_form(house, cast):
    visitor = cast.client_for("manager")
    keep(visitor, [["name", "A"]])
    assert visitor.post("/drafts/forget", {"place": NEW}).location == NEW
    assert count(cast) == 0


def test_the_same_draft_again_replaces_it_and_the_oldest_of_too_many_goes(house, cast, monkeypatch):
    monkeypatch.setattr(drafts, "MOST", 3)
    visitor = cast.client_for("manager")
    for name in ("A", "B"):
        keep(visitor, [["name", name]])
    assert count(cast) == 1
    for number in range(5):
        keep(visitor, [["name", "A"]], f"/suppliers/{number}/edit")
    assert count(cast) == 3


def test_a_draft_that_nobody_came_back_to_is_not_offered_and_is_swept(house, cast):
    visitor = cast.client_for("manager")
    keep(visitor, [["name", "A"]])
    with cast.writing() as session:
        session.query(m.Draft).one().saved_at = m.now() - timedelta(days=15)
    assert "commencé ce formulaire" not in visitor.get(NEW).text
    with house.app_context():
        preparation.prepare()
    assert count(cast) == 0


def test_an_applicants_company_step_has_a_draft_too(house, cast):
    partner = cast.partner(status=m.PartnerStatus.DRAFT, siren=None, name="")
    visitor, place = cast.client_for("owner", partner), "/partner/file/company"
    keep(visitor, [["name", "Cabinet commencé"]], place)
    assert "Cabinet commencé" not in visitor.get(place).text
    assert "Cabinet commencé" in visitor.get(place + "?draft=1").text
    sent = {"name": "Cabinet", "siren": "732829320", "kind": "introducer", "exercise": "commercial", "rcs_town": "Lyon", "city": "Lyon", "draft": "1"}
    assert visitor.post(place, sent).status_code == 302
    assert count(cast) == 0


def test_a_form_asks_for_its_draft_in_one_statement(house, cast, statements):
    partner = cast.partner()
    visitor = cast.client_for("manager")
    visitor.get(f"/partners/{partner.id}/edit")
    statements.clear()
    visitor.get(f"/partners/{partner.id}/edit")
    assert len([each for each in statements if "set_config" not in each]) <= 4


# --- a record made beside the form ----------------------------------------------------------------


def test_a_record_made_in_a_dialog_answers_with_its_number_and_name(house, cast):
    partner = cast.partner()
    visitor = cast.client_for("manager")
    page = visitor.get("/clients/new?dialog=1&typed=Lefèvre").text
    assert page.lstrip().startswith("<form")
    assert 'name="last_name" value="Lefèvre"' in page
    assert "data-make" not in page, "no dialog opens another"
    sent = {"partner_id": str(partner.id), "kind": "person", "last_name": "Lefèvre", "first_name": "Zoé"}
    answer = visitor.post("/clients/new?dialog=1", sent).get_json()
    client = cast.read(lambda session: session.query(m.Client).one())
    assert answer == {"id": client.id, "text": str(client)}
    twice = [visitor.post("/clients/new?dialog=1", sent | {"one_time": "the same", "last_name": "Zwicky"}).get_json() for _turn in range(2)]
    assert twice[0] == twice[1]
    refused = visitor.post("/clients/new?dialog=1", sent | {"partner_id": ""})
    assert refused.status_code == 422
    assert refused.text.lstrip().startswith("<form")


def test_only_who_may_add_is_offered_to_and_only_where_any_record_would_do(house, cast):
    page = cast.client_for("manager").get("/contracts/new").text
    assert 'data-make="/clients/new?dialog=1"' in page
    assert 'data-make="/suppliers/new?dialog=1"' in page
    assignment = cast.client_for("manager").get("/assignments/new").text
    assert "data-make" not in assignment, "only an active partner and an open offering would do"


def test_a_form_sent_after_the_session_has_ended_is_come_back_to(house, cast):
    """Whether somebody has signed this browser out or its cookies are gone: the sign-in page says why and leads back to the draft."""
    user = cast.staff("manager")
    for cookies_gone in (False, True):
        visitor = cast.signed_in(user)
        visitor.csrf()
        keep(visitor, [["name", "Alpha"], ["code", "ALP"]])
        if cookies_gone:
            visitor.client.delete_cookie("cordee")
            answer = visitor.client.post(NEW, data={"name": "Alpha", "code": "ALP", "draft": "1"}, **EN)
        else:
            with cast.writing() as session:
                for row in session.query(m.SignIn):
                    row.ended_at = m.now()
            answer = visitor.post(NEW, {"name": "Alpha", "code": "ALP", "draft": "1"}, **EN)
        assert answer.location == "/login"
        door = visitor.get("/login", **EN).text
        assert "Your session has ended" in door
        assert "with what was kept as a draft" in door
        inside = visitor.post("/login", {"email": user.email, "password": PASSWORD}, **EN)
        assert inside.location.endswith(f"{NEW}?draft=1")
        assert 'value="Alpha"' in visitor.get(inside.location, **EN).text
        visitor.client.delete_cookie("cordee")
    assert cast.count(m.Supplier, m.Supplier.code == "ALP") == 0


def test_the_way_back_to_a_form_keeps_what_its_address_says(house, cast):
    user = cast.staff("manager")
    client = cast.client(cast.partner())
    place = f"/complaints/new?client_id={client.id}&back=%2Fclients%2F{client.id}%2Fadmin"
    visitor = cast.signed_in(user)
    keep(visitor, [["subject", "Frais"]], place)
    visitor.client.delete_cookie("cordee")
    visitor.client.post(place, data={"subject": "Frais", "draft": "1"}, **EN)
    inside = visitor.post("/login", {"email": user.email, "password": PASSWORD}, **EN)
    assert 'value="Frais"' in visitor.get(inside.location, **EN).text
    assert f'href="/clients/{client.id}/admin"' in visitor.get(inside.location, **EN).text, "Cancel leads back"


def test_a_deed_sent_after_the_session_has_ended_says_that_nothing_was_done(house, cast):
    stranger = cast.stranger()
    assert stranger.client.post("/clients/1/merge/undo", data={"merge": 1}, **EN).location == "/login"
    assert "nothing has been done" in stranger.get("/login", **EN).text
    elsewhere = cast.stranger()
    for headers in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
        answer = elsewhere.client.post("/clients/new", data={"last_name": "x"}, headers=headers)
        assert (answer.status_code, "Set-Cookie" in answer.headers and "next" in str(answer.headers)) == (400, False)


def test_a_form_of_the_session_before_comes_back_with_what_was_typed(house, cast):
    """Somebody has signed out and in again in another tab: the token of the first tab's form is of no use any more."""
    visitor = cast.client_for("manager")
    visitor.csrf()
    answer = visitor.client.post(NEW, data={"csrf_token": "of the session before", "name": "Alpha", "code": "ALP", "draft": "ab"}, **EN)
    assert answer.location.endswith(f"{NEW}?draft=ab")
    page = visitor.get(answer.location, **EN).text
    assert "please save it once more" in page
    assert 'value="Alpha"' in page
    assert cast.count(m.Supplier, m.Supplier.code == "ALP") == 0
    elsewhere = visitor.client.post(NEW, data={"name": "Beta", "draft": "cd"}, headers={"Origin": "https://evil.example"})
    assert (elsewhere.status_code, count(cast)) == (400, 1), "another site plants no drafts"
