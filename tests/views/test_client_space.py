"""What a client does alone, behind a mailed link: answers, signs, leaves; and what nobody else can do with it."""

from __future__ import annotations

import re
import threading
from datetime import timedelta

from app import models as m
from app.services import client_links, client_questionnaires, jobs, knowledge, signing
from app.services.crossings import crossing
from tests.clients import BOLD, EN, SAFE, a_client, code_in, entered, link_in, run_job, sent_to, typed

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


def test_the_code_of_one_signatory_is_worth_nothing_to_another(house, cast):
    partner, client = a_client(cast)
    cast.add(m.Signatory(client_id=client.id, first_name="Bob", last_name="Durand", email="bob@example.org"))
    paper = cast.client_paper(client)
    alice = cast.guest(client)
    bob = entered_as(cast, client, "bob@example.org")
    alice.post(f"/space/papers/{paper.id}/code")
    code = code_in(cast.mails()[-1])
    assert bob.post(f"/space/papers/{paper.id}/sign", {"code": code, "consent": "1"}).status_code == 422
    assert cast.get(m.ClientPaper, paper.id).status is m.ClientPaperState.TO_SIGN


def entered_as(cast, client, email):
    with cast.app.app_context(), crossing(reading=False) as session:
        link, _row = client_links.new(session, session.get_one(m.Client, client.id), email)
        session.commit()
    return entered(cast, link.removeprefix("http://localhost"))


def test_an_address_that_was_removed_opens_nothing_and_signs_nothing(house, cast):
    partner, client = a_client(cast)
    signatory = cast.add(m.Signatory(client_id=client.id, first_name="Ex", last_name="X", email="ex@example.org"))
    paper = cast.client_paper(client)
    ex = entered_as(cast, client, "ex@example.org")
    ex.post(f"/space/papers/{paper.id}/code")
    code = code_in(cast.mails()[-1])
    with cast.app.app_context(), crossing(reading=False) as session:
        link, _row = client_links.new(session, session.get_one(m.Client, client.id), "ex@example.org")
        session.commit()
    with cast.writing() as session:
        session.delete(session.get_one(m.Signatory, signatory.id))
    assert ex.get("/space/").status_code == 403
    path = link.removeprefix("http://localhost")
    assert cast.stranger().post(path).status_code == 422
    before = len(cast.mails())
    cast.stranger().post(f"{path}/again")
    assert len(cast.mails()) == before
    owner = cast.client_for("owner", partner)
    assert owner.post(f"/portal/client-papers/{paper.id}/sign", {"code": code, "consent": "1"}).status_code == 422
    assert cast.get(m.ClientPaper, paper.id).status is m.ClientPaperState.TO_SIGN


def test_nobody_fills_a_mailbox_with_codes(house, cast):
    partner, client = a_client(cast)
    paper = cast.client_paper(client)
    guest = cast.guest(client)
    for _turn in range(12):
        guest.post(f"/space/papers/{paper.id}/code")
    assert len(cast.mails()) == 5


def test_what_is_queued_is_held_once_notifications_are_off(house, cast):
    partner, client = a_client(cast)
    owner = cast.client_for("owner", partner)
    owner.post(f"/portal/clients/{client.id}/space", {"email": client.email})
    version = cast.get(m.Client, client.id).version
    owner.post(f"/portal/clients/{client.id}/notifications/switch", {"on": "0", "version": version})
    assert [mail.status.value for mail in cast.mails()] == ["held"]
    with cast.writing() as session:
        session.query(m.Mail).one().status = m.MailStatus.QUEUED  # as if it had been queued at the same moment
    with house.app_context():
        jobs.work_off()
    assert [mail.status.value for mail in cast.mails()] == ["held"]


def test_a_held_mail_of_a_withdrawn_questionnaire_is_not_sent(house, cast):
    partner, client = a_client(cast, notifications=False)
    owner = cast.client_for("owner", partner)
    owner.post(f"/portal/clients/{client.id}/qpr/send", {"email": client.email})
    row = cast.read(lambda session: session.query(m.QuestionnaireSent).one())
    owner.post(f"/portal/clients/{client.id}/qpr/sent", {"sent": row.id, "deed": "withdraw"})
    version = cast.get(m.Client, client.id).version
    owner.post(f"/portal/clients/{client.id}/notifications/switch", {"on": "1", "version": version, "what": "send"})
    assert [mail.status.value for mail in cast.mails()] == ["discarded"]
