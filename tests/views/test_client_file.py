"""The client file on its screens: tabs, signatories, questionnaires with the adviser, notifications and held mail."""

from __future__ import annotations

import re
from datetime import date

import pytest

from app import models as m
from app.extensions import db
from app.models.scope import SYSTEM, acting
from tests.clients import BOLD, EN, SAFE, a_client, entered, link_in, typed

# --- the tabs -------------------------------------------------------------------------------------


def test_every_tab_opens_for_staff_and_in_the_portal(house, cast):
    partner, client = a_client(cast)
    cast.contract(partner, client)
    for visitor, base in ((cast.client_for("owner", partner), "/portal/clients"), (cast.client_for("manager"), "/clients")):
        for tab, words in {
            "": "Nobody signs for this client yet.",
            "/aggregation": "By supplier",
            "/qcf": "This client has not answered yet.",
            "/qpr": "Send the questionnaire",
            "/notifications": "What this client can receive",
            "/qpr/answer": "When will you need this money?",
            "/signatories/add": "In which capacity",
        }.items():
            page = visitor.get(f"{base}/{client.id}{tab}", **EN)
            assert page.status_code == 200, (base, tab)
            assert words in page.text, (base, tab)
            assert "Client data" in page.text or tab == "/signatories/add"


def test_a_couple_shows_its_contracts_on_both_and_answers_in_two_files(house, cast):
    partner, first = a_client(cast)
    _partner, second = a_client(cast, partner=partner, first_name="Paul")
    couple = cast.client(partner, kind=m.ClientKind.COUPLE, first_name=None, last_name="Durand", first_person_id=first.id, second_person_id=second.id)
    cast.contract(partner, couple, number="COMMUN-1")
    owner = cast.client_for("owner", partner)
    for each in (first, second, couple):
        assert "COMMUN-1" in owner.get(f"/portal/clients/{each.id}/aggregation").text
    assert "in its own file" in owner.get(f"/portal/clients/{couple.id}/qpr", **EN).text
    assert owner.post(f"/portal/clients/{couple.id}/qpr/answer", BOLD).status_code == 302
    owner.post(f"/portal/clients/{couple.id}/qpr/send", {"email": "alice@example.org"})
    assert (cast.count(m.ClientAnswers), cast.count(m.QuestionnaireSent)) == (0, 0)


# --- with the adviser -----------------------------------------------------------------------------


def test_answers_given_together_are_scored_kept_and_have_a_document(house, cast):
    partner, client = a_client(cast)
    owner = cast.client_for("owner", partner)
    base = f"/portal/clients/{client.id}"
    assert owner.post(f"{base}/qpr/answer", BOLD).headers["Location"] == f"{base}/qpr"
    row = cast.read(lambda session: session.query(m.ClientAnswers).one())
    assert (row.score, row.level, row.how, row.kind) == (67, "offensive", m.AnsweredHow.TOGETHER, m.QuestionnaireKind.QPR)
    assert row.review_on.year == m.today().year + 2
    paper = cast.read(lambda session: session.query(m.ClientPaper).one())
    assert (paper.answers_id, paper.status, paper.language) == (row.id, m.ClientPaperState.TO_SIGN, "en")
    assert cast.get(m.Client, client.id).knowledge is m.Knowledge.MISSING, "the other questionnaire is still missing"
    shown = owner.get(f"{base}/qpr", **EN).text
    assert "67 points of 67" in shown
    assert "Have it signed" in shown
    assert owner.post(f"{base}/qcf/answer", typed("qcf")).status_code == 302
    assert cast.get(m.Client, client.id).knowledge is m.Knowledge.CURRENT
    assert owner.get(f"/portal/client-papers/{paper.id}/file").get_data()[:5] == b"%PDF-"


def test_the_same_form_twice_is_answered_once_and_keeps_no_second_file(house, cast, tmp_path):
    partner, client = a_client(cast)
    owner = cast.client_for("owner", partner)
    for _turn in range(2):
        answer = owner.post(f"/portal/clients/{client.id}/qpr/answer", BOLD | {"one_time": "x" * 20})
        assert answer.headers["Location"] == f"/portal/clients/{client.id}/qpr"
    assert (cast.count(m.ClientAnswers), cast.count(m.ClientPaper)) == (1, 1)


def test_what_is_left_out_is_said_beside_its_question_and_nothing_is_lost(house, cast):
    partner, client = a_client(cast)
    owner = cast.client_for("owner", partner)
    page = owner.post(f"/portal/clients/{client.id}/qpr/answer", {name: value for name, value in BOLD.items() if name != "q_loss"}, **EN)
    assert page.status_code == 422
    assert "Please answer this question." in page.text.split('id="q_loss_help"')[1][:300]
    assert 'name="q_years" value="later" checked' in page.text
    out_of_range = owner.post(f"/portal/clients/{client.id}/qpr/answer", BOLD | {"q_loss": "everything"}, **EN)
    assert "This choice is not available." in out_of_range.text
    assert cast.count(m.ClientAnswers) == 0


def test_a_single_answer_limits_the_class_and_contradictions_are_pointed_out(house, cast):
    partner, client = a_client(cast)
    owner = cast.client_for("owner", partner)
    owner.post(f"/portal/clients/{client.id}/qpr/answer", BOLD | {"q_years": "two", "q_loss": "five"})
    row = cast.read(lambda session: session.query(m.ClientAnswers).one())
    assert (row.score, row.level) == (67 - 9 - 9, "secure"), "49 points are dynamic; money needed within two years is secure"
    shown = owner.get(f"/portal/clients/{client.id}/qpr", **EN).text
    assert "What limits the result" in shown
    assert "Needs the money within two years" in shown
    assert "Wants the best return, yet accepts hardly any loss." in shown


def test_a_newer_result_replaces_the_document_that_waits(house, cast):
    partner, client = a_client(cast)
    owner = cast.client_for("owner", partner)
    for answers in (BOLD, SAFE):
        owner.post(f"/portal/clients/{client.id}/qpr/answer", answers)
    states = cast.read(lambda session: [paper.status for paper in session.query(m.ClientPaper).order_by(m.ClientPaper.id)])
    assert states == [m.ClientPaperState.REPLACED, m.ClientPaperState.TO_SIGN]
    history = owner.get(f"/portal/clients/{client.id}/qpr", **EN).text
    assert "Earlier answers" in history
    assert "Aggressive" in history


def test_answers_of_clients_are_never_rewritten(house, cast):
    partner, client = a_client(cast)
    cast.client_for("owner", partner).post(f"/portal/clients/{client.id}/qpr/answer", BOLD)
    for change in (lambda session, row: setattr(row, "score", 1), lambda session, row: session.delete(row)):
        with house.app_context(), acting(db.session(), SYSTEM):
            change(db.session(), db.session.query(m.ClientAnswers).one())
            with pytest.raises(m.NeverRewritten):
                db.session.flush()
            db.session.rollback()


def test_the_latest_of_each_client_stands_on_the_partners_profile(house, cast):
    partner, client = a_client(cast)
    owner = cast.client_for("owner", partner)
    owner.post(f"/portal/clients/{client.id}/qpr/answer", BOLD)
    page = owner.get("/portal/profile/", **EN).text
    assert "Knowledge of your clients" in page
    assert "Durand Alice" in page.split("Knowledge of your clients")[1]
    assert "Aggressive" in page


# --- notifications --------------------------------------------------------------------------------


def test_with_notifications_off_no_mail_leaves_and_what_would_have_gone_is_listed(house, cast):
    partner, client = a_client(cast, notifications=False)
    owner = cast.client_for("owner", partner)
    base = f"/portal/clients/{client.id}"
    owner.post(f"{base}/qpr/send", {"email": client.email})
    owner.post(f"{base}/space", {"email": client.email})
    assert {mail.status for mail in cast.mails()} == {m.MailStatus.HELD}
    assert cast.count(m.Job, m.Job.kind == "send_mail") == 0
    page = owner.get(f"{base}/notifications", **EN).text
    assert "Questionnaire to answer" in page
    assert "alice@example.org" in page
    assert "Notifications are off for this client." in page
    assert "/space/enter/" not in page, "a link that works is nobody else's to see"
    assert "no e-mail leaves for this client" in owner.get(base, **EN).text
    owner.post(f"{base}/qpr/answer", BOLD)
    paper = cast.read(lambda session: session.query(m.ClientPaper).one())
    assert "no code can be sent" in owner.get(f"/portal/client-papers/{paper.id}", **EN).text
    owner.post(f"/portal/client-papers/{paper.id}/code", {"email": client.email})
    assert cast.count(m.ClientCode) == 0
    assert cast.stranger().post(link_in(cast.mails()[0])).status_code == 422, "nothing opens while notifications are off"


@pytest.mark.parametrize(
    ("what", "states", "jobs"), [("send", ["queued", "queued"], 2), ("summary", ["discarded", "discarded", "queued"], 1), ("discard", ["discarded", "discarded"], 0)]
)
def test_switching_on_asks_what_becomes_of_held_mail(house, cast, what, states, jobs):
    partner, client = a_client(cast, notifications=False)
    owner = cast.client_for("owner", partner)
    base = f"/portal/clients/{client.id}"
    owner.post(f"{base}/qpr/send", {"email": client.email})
    owner.post(f"{base}/qcf/send", {"email": client.email})
    with cast.writing() as session:
        for link in session.query(m.ClientLink):
            link.expires_at = m.now()
    version = cast.get(m.Client, client.id).version
    asked = owner.post(f"{base}/notifications/switch", {"on": "1", "version": version}, **EN)
    assert asked.status_code == 422
    assert "Please say what becomes" in asked.text
    assert owner.post(f"{base}/notifications/switch", {"on": "1", "version": version, "what": what}).status_code == 302
    assert cast.get(m.Client, client.id).notifications is True
    assert [mail.status.value for mail in cast.mails()] == states
    assert cast.count(m.Job, m.Job.kind == "send_mail") == jobs
    if what == "send":
        assert entered(cast, link_in(cast.mails()[-1])), "a link that was held runs from the day on which it leaves"
    if what == "summary":
        assert "Some questions about what you know and want" in cast.mails()[-1].text
        assert entered(cast, link_in(cast.mails()[-1]))
    stale = owner.post(f"{base}/notifications/switch", {"on": "0", "version": version}, **EN)
    assert stale.status_code == 422, "somebody else has changed the client meanwhile"


def test_a_reader_and_a_read_only_person_look_and_send_nothing(house, cast):
    partner, client = a_client(cast)
    for role, base in (("reader", "/clients"), ("compliance", "/clients"), ("read_only", "/portal/clients")):
        visitor = cast.client_for(role, partner)
        page = visitor.get(f"{base}/{client.id}/qpr", **EN)
        assert page.status_code == 200
        assert "Send the questionnaire" not in page.text
        for path in ("qpr/send", "qpr/answer", "notifications/switch", "space"):
            assert visitor.post(f"{base}/{client.id}/{path}", {"email": client.email}).status_code == 403
    assert cast.mails() == []


def test_an_address_that_is_not_the_clients_receives_nothing(house, cast):
    partner, client = a_client(cast)
    owner = cast.client_for("owner", partner)
    for path in ("qpr/send", "space"):
        owner.post(f"/portal/clients/{client.id}/{path}", {"email": "mallory@example.org"})
    assert cast.mails() == []


def test_a_broker_reads_its_agents_clients_and_sends_them_nothing(house, cast):
    broker = cast.partner()
    agent = cast.partner(parent_id=broker.id)
    _agent, client = a_client(cast, partner=agent)
    owner = cast.client_for("owner", broker)
    assert owner.get(f"/portal/clients/{client.id}/qpr").status_code == 200
    for path in ("qpr/send", "qpr/answer", "notifications/switch", "space", "signatories/add"):
        assert owner.post(f"/portal/clients/{client.id}/{path}", {"email": client.email}).status_code == 404
    assert cast.mails() == []


# --- the form -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("facts", "sent", "reason"),
    [
        ({"birth_date": date(1980, 4, 3)}, {"last_name": "DURAND", "first_name": "alice", "birth_date": "03/04/1980"}, "same name and birth date"),
        ({"email": "alice@example.org"}, {"last_name": "Autre", "email": "Alice@example.org"}, "same e-mail"),
        (
            {"kind": m.ClientKind.COMPANY, "company_name": "Scierie", "siren": "732829320", "last_name": None, "first_name": None},
            {"kind": "company", "company_name": "Autre", "siren": "732 829 320"},
            "same SIREN",
        ),
    ],
)
def test_a_client_who_may_be_there_already_is_shown_before_saving(house, cast, facts, sent, reason):
    partner, client = a_client(cast, **facts)
    elsewhere = cast.partner()
    for visitor, path in ((cast.client_for("owner", partner), "/portal/clients/new"), (cast.client_for("manager"), "/clients/new")):
        typed_in = {"kind": "person", "partner_id": partner.id, "country": "FR", "tax_country": "FR", "language": "fr"} | sent
        before = cast.count(m.Client)
        page = visitor.post(path, typed_in, **EN)
        assert "Is it one of these?" in page.text
        assert reason in page.text
        assert str(client) in page.text
        assert cast.count(m.Client) == before
        assert visitor.post(path, typed_in | {"not_the_same": "1"}).status_code == 302
        assert cast.count(m.Client) == before + 1
        with cast.writing() as session:
            session.delete(session.query(m.Client).order_by(m.Client.id.desc()).first())
    stranger = cast.client_for("owner", elsewhere)
    assert stranger.post("/portal/clients/new", {"kind": "person", "country": "FR", "tax_country": "FR", "language": "fr"} | sent, **EN).status_code == 302, (
        "nothing is learned of another partner's"
    )


def test_the_register_fills_in_a_company(house, cast):
    partner = cast.partner()
    page = cast.client_for("owner", partner).post("/portal/clients/new", {"from_register": "1", "company_sought": "732829320", "kind": "person"}, **EN).text
    assert 'value="CABINET DU PORT"' in page
    assert '<option value="company" selected>' in page
    assert "Filled in from the register" in page
    assert cast.count(m.Client) == 0


def test_the_form_shows_each_kind_what_it_needs(house, cast):
    partner = cast.partner()
    page = cast.client_for("owner", partner).get("/portal/clients/new", **EN).text
    for name, kinds in {"birth_date": "person", "legal_form": "association company", "first_person_id": "couple", "matrimonial_regime": "couple person"}.items():
        assert re.search(rf'data-only-for="{kinds}">\s*<label class="form-label" for="{name}', page), name


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [("children", "-1", "Between 0 and 30."), ("children", "99", "Between 0 and 30."), ("language", "xx", "choice"), ("nationality", "ZZ", "from the list")],
)
def test_what_cannot_be_is_refused_beside_its_field(house, cast, name, value, sentence):
    sent = {"kind": "person", "last_name": "Durand", "country": "FR", "tax_country": "FR", "language": "fr", name: value}
    page = cast.client_for("owner").post("/portal/clients/new", sent, **EN)
    assert page.status_code == 422
    assert sentence in page.text.split(f'id="{name}_help"')[1][:300]
    assert 'value="Durand"' in page.text


def test_the_list_is_filtered_by_questionnaires_and_notifications(house, cast):
    partner, _silent = a_client(cast, notifications=False, last_name="Muette")
    a_client(cast, partner=partner, last_name="Éveillée", knowledge=m.Knowledge.CURRENT)
    owner = cast.client_for("owner", partner)
    for query, seen, unseen in (
        ("knowledge=missing", "Muette", "Éveillée"),
        ("knowledge=current", "Éveillée", "Muette"),
        ("notifications=1", "Éveillée", "Muette"),
        ("q=eveil", "Éveillée", "Muette"),
    ):
        page = owner.get(f"/portal/clients/?{query}").text
        assert seen in page, query
        assert unseen not in page, query


# --- signatories, step by step --------------------------------------------------------------------


def test_a_signatory_is_added_in_three_steps_and_only_the_last_keeps_anything(house, cast):
    partner, client = a_client(cast)
    owner = cast.client_for("owner", partner)
    path = f"/portal/clients/{client.id}/signatories/add"
    first = owner.get(path, **EN).text
    assert 'value="holder" checked' in first
    assert 'name="last_name" value="Durand"' in first, "a person usually signs for itself"
    goes_on = owner.post(path, {"step": "0", "role": "guardian", "draft": "abc"})
    assert goes_on.location.endswith("?draft=abc&step=1"), "each step has an address, so that a browser goes back and forth"
    second = owner.get(goes_on.location, **EN)
    assert "Step 2 of 3" in second.text
    assert '<input type="hidden" name="role" value="guardian">' in second.text
    typed_in = {"role": "guardian", "first_name": "Zoé", "last_name": "Petit", "birth_date": "01/02/1970"}
    lacking = owner.post(path, typed_in | {"step": "1", "last_name": ""}, **EN)
    assert lacking.status_code == 422
    assert "Please fill in this field." in lacking.text
    back = owner.get(owner.post(path, typed_in | {"step": "1", "deed": "back", "draft": "abc"}).location, **EN)
    assert 'value="guardian" checked' in back.text
    assert cast.count(m.Signatory) == 0
    third = typed_in | {"step": "2", "draft": "abc", "email": "zoe@example.org", "is_principal": "y", "one_time": "x" * 20}
    wrong = owner.post(path, third | {"email": "zoe"}, **EN)
    assert wrong.status_code == 422
    for _twice in range(2):
        assert owner.post(path, third).headers["Location"].endswith(f"/portal/clients/{client.id}#signatories")
    assert cast.count(m.Draft) == 0
    row = cast.read(lambda session: session.query(m.Signatory).one())
    assert (row.role, str(row), row.is_principal, row.email) == (m.SignatoryRole.GUARDIAN, "Zoé Petit", True, "zoe@example.org")


def test_another_principal_takes_the_title_from_the_first(house, cast):
    partner, client = a_client(cast)
    cast.add(m.Signatory(client_id=client.id, first_name="A", last_name="B", is_principal=True))
    owner = cast.client_for("owner", partner)
    owner.post(f"/portal/clients/{client.id}/signatories/add", {"step": "2", "role": "co_holder", "first_name": "C", "last_name": "D", "is_principal": "y"})
    held = cast.read(lambda session: {str(row): row.is_principal for row in session.query(m.Signatory)})
    assert held == {"A B": False, "C D": True}


def test_a_person_of_a_couple_stays_one_and_a_couple_that_is_none_any_more_links_nobody(house, cast):
    partner, first = a_client(cast)
    _partner, second = a_client(cast, partner=partner)
    couple = cast.client(partner, kind=m.ClientKind.COUPLE, first_name=None, last_name="Deux", first_person_id=first.id, second_person_id=second.id)
    owner = cast.client_for("owner", partner)
    common = {"country": "FR", "tax_country": "FR", "language": "fr", "version": 1}
    refused = owner.post(f"/portal/clients/{first.id}/edit", common | {"kind": "company", "company_name": "SARL"}, **EN)
    assert "belongs to the couple" in refused.text.split('id="kind_help"')[1][:400]
    assert owner.post(f"/portal/clients/{couple.id}/edit", common | {"kind": "company", "company_name": "SARL", "first_person_id": first.id}).status_code == 302
    kept = cast.get(m.Client, couple.id)
    assert (kept.first_person_id, kept.second_person_id) == (None, None)
    assert owner.post(f"/portal/clients/{first.id}/edit", common | {"kind": "company", "company_name": "SARL"}).status_code == 302


def test_a_choice_that_can_be_left_out_begins_empty_and_stays_so(house, cast):
    partner = cast.partner()
    owner = cast.client_for("owner", partner)
    page = owner.get("/portal/clients/new", **EN).text
    for name in ("civility", "family_status", "matrimonial_regime"):
        assert re.search(rf'<select[^>]*id="{name}"[^>]*><option value=""', page), name
    assert (
        owner.post(
            "/portal/clients/new",
            {"kind": "person", "last_name": "Durand", "country": "FR", "tax_country": "FR", "language": "fr", "civility": "", "family_status": "widowed"},
        ).status_code
        == 302
    )
    made = cast.read(lambda session: session.query(m.Client).one())
    assert (made.civility, made.family_status) == (None, m.FamilyStatus.WIDOWED)
