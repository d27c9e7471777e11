"""The client file on its screens: tabs, questionnaires with the adviser and by link, signatures, notifications and held mail."""

from __future__ import annotations

import re
import threading
from datetime import timedelta
from typing import Any

import pytest

from app import models as m
from app.extensions import db
from app.models.scope import SYSTEM, acting
from app.services import client_questionnaires, knowledge, signing
from app.services.crossings import crossing
from app.services.questionnaires.qcf import QCF
from app.services.questionnaires.qpr import QPR
from tests.cast import Visitor

EN = {"headers": {"Accept-Language": "en"}}
DEFINITIONS = {"qcf": QCF, "qpr": QPR}


def typed(name: str, place: int = -1, **changes: str) -> dict[str, Any]:
    """Answers as a form sends them: of each question the option at a place, the last (the boldest, the best known) by default."""
    found: dict[str, Any] = {}
    for question in DEFINITIONS[name].questions():
        key = question.options[min(place, len(question.options) - 1)].key
        found[f"q_{question.key}"] = [key] if question.kind.value == "several" else key
    return found | changes


BOLD = typed("qpr", q_sustainable="no")
SAFE = typed("qpr", 0, q_sustainable="no")


def a_client(cast: Any, notifications: bool = True, **facts: Any) -> tuple[m.Partner, m.Client]:
    partner = facts.pop("partner", None) or cast.partner()
    return partner, cast.client(
        partner, **{"first_name": "Alice", "last_name": "Durand", "email": "alice@example.org", "notifications": notifications, "language": "en"} | facts
    )


def link_in(mail: m.Mail) -> str:
    return re.search(r"http://localhost(/space/enter/\S+)", mail.text)[1]


def entered(cast: Any, link: str) -> Visitor:
    guest = cast.stranger()
    assert guest.post(link).headers["Location"] == "/space/"
    return guest


def sent_to(cast: Any, owner: Visitor, client: m.Client, name: str = "qpr") -> tuple[Visitor, int]:
    """A client who has followed the link to a questionnaire, and the number it was sent under."""
    owner.post(f"/portal/clients/{client.id}/{name}/send", {"email": client.email})
    row = cast.read(lambda session: session.query(m.QuestionnaireSent).order_by(m.QuestionnaireSent.id.desc()).first())
    return entered(cast, link_in(cast.mails()[-1])), row.id


def code_in(mail: m.Mail) -> str:
    return re.search(r"^([0-9]{6})$", mail.text, re.MULTILINE)[1]


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


# --- by link --------------------------------------------------------------------------------------


def test_a_client_answers_by_link_on_two_days_and_signs_with_a_code(house, cast):
    partner, client = a_client(cast)
    owner = cast.client_for("owner", partner)
    guest, number = sent_to(cast, owner, client)
    assert "Risk profile" in guest.get("/space/").text
    page = f"/space/questionnaires/{number}"
    assert "When will you need this money?" in guest.get(page).text
    assert guest.post(f"{page}/keep", {"q_years": "later"}).status_code == 204
    assert guest.post(page, {"q_years": "later", "q_loss": "five", "deed": "later"}).headers["Location"] == "/space/"
    again = cast.stranger()
    assert "has been used" in again.get(link_in(cast.mails()[-1]), **EN).text
    again.post(f"{link_in(cast.mails()[-1])}/again")
    later = entered(cast, link_in(cast.mails()[-1]))
    assert 'name="q_loss" value="five" checked' in later.get(page).text, "what was begun is still there"
    done = later.post(page, BOLD)
    assert re.fullmatch(r"/space/papers/[0-9]+", done.headers["Location"])
    paper = done.headers["Location"]
    assert "67 points of 67" in later.get(paper).text
    assert later.post(page, SAFE).status_code == 410, "answered once"
    later.post(f"{paper}/code")
    code = code_in(cast.mails()[-1])
    refused = later.post(f"{paper}/sign", {"code": code})
    assert "Please tick the box" in refused.text
    assert later.post(f"{paper}/sign", {"code": "12", "consent": "1"}).status_code == 422
    assert later.post(f"{paper}/sign", {"code": code, "consent": "1"}).headers["Location"] == paper
    row = cast.read(lambda session: session.query(m.ClientPaper).one())
    assert (row.status, row.signed_by) == (m.ClientPaperState.SIGNED, "Alice Durand")
    content = later.get(f"{paper}/file").get_data()
    with house.app_context():
        (seal,) = signing.signature.provider().seals(content)
    assert (seal.field, seal.intact, seal.ours, seal.changed_later) == ("Client", True, True, False)
    assert row.proof["consent"].startswith("I have read this document")
    answers = cast.read(lambda session: session.query(m.ClientAnswers).one())
    assert (answers.how, answers.by) == (m.AnsweredHow.LINK, "Alice Durand")
    assert "Signed" in owner.get(f"/portal/clients/{client.id}/qpr", **EN).text


def test_opening_the_address_of_a_link_does_not_use_it_up(house, cast):
    partner, client = a_client(cast)
    owner = cast.client_for("owner", partner)
    owner.post(f"/portal/clients/{client.id}/qpr/send", {"email": client.email})
    link = link_in(cast.mails()[-1])
    for _mail_scanner in range(3):
        assert "Open my space" in cast.stranger().get(link, **EN).text
    first = entered(cast, link)
    assert cast.stranger().post(link, **EN).status_code == 422
    assert first.get(link).headers["Location"] == "/space/", "in the browser that it opened, the link leads on"


def test_of_twenty_who_use_a_link_at_once_one_is_let_in(house, cast):
    partner, client = a_client(cast)
    cast.client_for("owner", partner).post(f"/portal/clients/{client.id}/qpr/send", {"email": client.email})
    link, visitors, answers = link_in(cast.mails()[-1]), [cast.stranger() for _each in range(20)], []
    threads = [threading.Thread(target=lambda visitor=visitor: answers.append(visitor.post(link).status_code)) for visitor in visitors]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [302] + [422] * 19


def test_a_link_after_its_time_leads_nowhere_and_a_new_one_goes_to_the_same_address_only(house, cast):
    partner, client = a_client(cast)
    cast.client_for("owner", partner).post(f"/portal/clients/{client.id}/qpr/send", {"email": client.email})
    link = link_in(cast.mails()[-1])
    with cast.writing() as session:
        session.query(m.ClientLink).one().expires_at = m.now() - timedelta(seconds=1)
    assert "its time is over" in cast.stranger().get(link, **EN).text
    assert cast.stranger().post(link).status_code == 422
    for secret in (link, "/space/enter/nonsense"):
        assert "If this link was yours" in cast.stranger().post(f"{secret}/again", {"email": "mallory@example.org"}, **EN).text
    assert [mail.recipient for mail in cast.mails()] == ["alice@example.org"] * 2
    entered(cast, link_in(cast.mails()[-1]))
    for _turn in range(4):
        last = cast.stranger().post(f"{link}/again", **EN)
    assert last.status_code == 422, "nobody fills a mailbox"


def test_a_version_published_meanwhile_changes_nothing_for_what_was_sent(house, cast):
    partner, client = a_client(cast)
    guest, number = sent_to(cast, cast.client_for("owner", partner), client)
    with cast.writing() as session:
        kept = session.query(m.Questionnaire).filter_by(kind=m.QuestionnaireKind.QPR).one()
        session.add(
            m.Questionnaire(kind=m.QuestionnaireKind.QPR, number=2, content={**kept.content, "sections": kept.content["sections"][:1]}, by="C", published_at=m.now())
        )
        kept_id = kept.id
    assert "When will you need this money?" in guest.get(f"/space/questionnaires/{number}").text
    assert guest.post(f"/space/questionnaires/{number}", BOLD).status_code == 302
    row = cast.read(lambda session: session.query(m.ClientAnswers).one())
    assert (row.questionnaire_id, row.score) == (kept_id, 67)


def test_a_client_sees_its_own_and_nothing_of_another(house, cast):
    partner, client = a_client(cast)
    _partner, other = a_client(cast, partner=partner, last_name="Zzleak", email="other@example.org")
    cast.contract(partner, client, number="MINE-1")
    cast.contract(partner, other, number="Zzleak-1")
    owner = cast.client_for("owner", partner)
    theirs, their_number = sent_to(cast, owner, other)
    theirs.post(f"/space/questionnaires/{their_number}", BOLD)
    paper = cast.read(lambda session: session.query(m.ClientPaper).one())
    guest, _number = sent_to(cast, owner, client)
    home = guest.get("/space/")
    assert "MINE-1" in home.text
    assert "Zzleak" not in home.text
    for path in (f"/space/questionnaires/{their_number}", f"/space/papers/{paper.id}", f"/space/papers/{paper.id}/file"):
        assert guest.get(path).status_code == 404
    for path in (
        f"/space/questionnaires/{their_number}",
        f"/space/questionnaires/{their_number}/keep",
        f"/space/papers/{paper.id}/code",
        f"/space/papers/{paper.id}/sign",
    ):
        assert guest.post(path, BOLD | {"code": "000000", "consent": "1"}).status_code == 404
    for path in ("/portal/clients/", f"/portal/clients/{client.id}", "/clients/", "/"):
        assert guest.get(path).status_code == 302, "a client's visit opens no other door"
    assert cast.stranger().get("/space/").status_code == 403


def test_leaving_ends_the_visit_also_for_a_copy_of_the_cookie(house, cast):
    partner, client = a_client(cast)
    guest, _number = sent_to(cast, cast.client_for("owner", partner), client)
    copy = cast.stranger()
    with guest.client.session_transaction() as session:
        visit = session["guest"]
    with copy.client.session_transaction() as session:
        session["guest"] = visit
    assert copy.get("/space/").status_code == 200
    assert "You have left" in guest.client.post("/space/leave", data={"csrf_token": guest.csrf()}, follow_redirects=True, headers={"Accept-Language": "en"}).text
    assert copy.get("/space/").status_code == 403


def test_a_questionnaire_is_withdrawn_reminded_of_and_replaced_by_a_newer_one(house, cast):
    partner, client = a_client(cast)
    owner = cast.client_for("owner", partner)
    guest, number = sent_to(cast, owner, client)
    base = f"/portal/clients/{client.id}/qpr/sent"
    assert (
        "within the last day"
        in owner.client.post(base, data={"csrf_token": owner.csrf(), "sent": number, "deed": "remind"}, follow_redirects=True, headers=EN["headers"]).text
    )
    with cast.writing() as session:
        session.query(m.QuestionnaireSent).one().created_at = m.now() - timedelta(days=5)
    owner.post(base, {"sent": number, "deed": "remind"})
    assert cast.mails()[-1].notice == "client_reminder"
    owner.post(base, {"sent": number, "deed": "withdraw"})
    assert guest.get(f"/space/questionnaires/{number}").status_code == 410
    assert guest.post(f"/space/questionnaires/{number}", BOLD).status_code == 410
    _guest, second = sent_to(cast, owner, client)
    _guest, third = sent_to(cast, owner, client)
    open_ones = cast.read(lambda session: [row.id for row in session.query(m.QuestionnaireSent) if row.is_open])
    assert (second in open_ones, third in open_ones) == (False, True)


def test_the_house_reminds_once_and_says_when_answers_are_to_be_reviewed(house, cast):
    partner, client = a_client(cast)
    sent_to(cast, cast.client_for("owner", partner), client)
    with cast.writing() as session:
        session.query(m.QuestionnaireSent).one().created_at = m.now() - timedelta(days=5)
    for _night in range(2):
        run_job(house, client_questionnaires.remind_clients)
    assert [mail.notice for mail in cast.mails()] == ["client_questionnaire", "client_reminder"]
    owner = cast.client_for("owner", partner)
    for name in ("qcf", "qpr"):
        owner.post(f"/portal/clients/{client.id}/{name}/answer", typed(name, q_sustainable="no"))
    with house.app_context(), crossing(reading=False) as session:
        session.connection().exec_driver_sql("UPDATE client_answers SET review_on = '2026-01-01'")
        session.commit()
    run_job(house, knowledge.review_knowledge)
    assert cast.get(m.Client, client.id).knowledge is m.Knowledge.DUE
    assert "To be reviewed" in owner.get(f"/portal/clients/{client.id}/qpr", **EN).text


def run_job(house: Any, work: Any) -> None:
    class Run:
        def renew(self, **steps: int) -> None: ...

    with house.app_context():
        work(Run())


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
