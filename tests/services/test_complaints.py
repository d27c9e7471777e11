"""Complaints: terms as French law counts days, what each step needs, tasks and alerts."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from app import models as m
from app.models.terms import holidays, is_working, months_after, working_days_after
from app.services import complaints
from tests.clients import EN, a_client, run_job


def test_the_eleven_public_holidays():
    assert sorted(holidays(2026)) == [
        date(2026, 1, 1), date(2026, 4, 6), date(2026, 5, 1), date(2026, 5, 8), date(2026, 5, 14), date(2026, 5, 25),
        date(2026, 7, 14), date(2026, 8, 15), date(2026, 11, 1), date(2026, 11, 11), date(2026, 12, 25),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("received", "term"),
    [
        (date(2026, 11, 26), date(2026, 12, 8)),  # Thursday: two Sundays between
        (date(2026, 4, 30), date(2026, 5, 15)),  # 1 May, 8 May, Ascension and two Sundays between
        (date(2026, 12, 24), date(2027, 1, 7)),  # Christmas, New Year and two Sundays
    ],
)
def test_ten_working_days_are_counted_without_sundays_and_holidays(received, term):
    assert working_days_after(received, 10) == term
    assert is_working(term)


@pytest.mark.parametrize(
    ("received", "term"), [(date(2026, 11, 26), date(2027, 1, 26)), (date(2026, 12, 31), date(2027, 2, 28)), (date(2027, 12, 31), date(2028, 2, 29))]
)
def test_two_months_end_on_the_same_day_or_the_last(received, term):
    assert months_after(received, 2) == term


def sent(client, **changes):
    return {"client_id": client.id, "received_on": f"{m.today():%d/%m/%Y}", "channel": "email", "subject": "Frais", "text": "Trop de frais."} | changes


def test_a_partner_notes_a_complaint_and_its_tasks_come_and_go(house, cast):
    partner, client = a_client(cast)
    owner = cast.client_for("owner", partner)
    assert owner.post("/portal/complaints/new", sent(client)).status_code == 302
    row = cast.read(lambda session: session.query(m.Complaint).one())
    assert (row.partner_id, row.status) == (partner.id, m.ComplaintStatus.RECEIVED)
    assert (row.acknowledge_by, row.answer_by) == (working_days_after(m.today(), 10), months_after(m.today(), 2))
    for _again in range(2):
        run_job(house, complaints.follow_complaints)
    tasks = cast.read(lambda session: [(task.name, task.due_on, task.shared, task.done_on) for task in session.query(m.Task).order_by(m.Task.id)])
    assert tasks == [
        (f"Accuser réception de la réclamation n°\u00a0{row.id}", row.acknowledge_by, True, None),
        (f"Répondre à la réclamation n°\u00a0{row.id}", row.answer_by, True, None),
    ]
    today = f"{m.today():%d/%m/%Y}"
    done = sent(client, acknowledged_on=today, answered_on=today, outcome="accepted", answer="Frais remboursés.", version=row.version)
    assert owner.post(f"/portal/complaints/{row.id}/edit", done).status_code == 302
    run_job(house, complaints.follow_complaints)
    assert cast.get(m.Complaint, row.id).status is m.ComplaintStatus.ANSWERED
    assert all(task.done_on for task in cast.read(lambda session: session.query(m.Task).all()))
    assert cast.count(m.Alert) == 0


def test_a_term_that_has_passed_alerts_staff_once(house, cast):
    partner, client = a_client(cast)
    cast.add(m.Complaint(partner_id=partner.id, client_id=client.id, subject="Frais", text="x", received_on=m.today() - timedelta(days=30)))
    for _night in range(2):
        run_job(house, complaints.follow_complaints)
    assert cast.read(lambda session: [alert.kind for alert in session.query(m.Alert)]) == ["complaint_late"]
    assert "is late with a complaint" in cast.client_for("administrator").get("/alerts/", **EN).text


@pytest.mark.parametrize(
    ("changes", "field", "sentence"),
    [
        ({"received_on": "01/01/2090"}, "received_on", "yet to come"),
        ({"acknowledged_on": "01/01/2020"}, "acknowledged_on", "before the complaint was received"),
        ({"answered_on": "today"}, "outcome", "what was decided"),
        ({"subject": ""}, "subject", "Please fill in this field."),
    ],
)
def test_what_does_not_fit_is_said_beside_its_field(house, cast, changes, field, sentence):
    partner, client = a_client(cast)
    changes = {name: f"{m.today():%d/%m/%Y}" if value == "today" else value for name, value in changes.items()}
    page = cast.client_for("owner", partner).post("/portal/complaints/new", sent(client, **changes), **EN)
    assert page.status_code == 422
    assert sentence in page.text.split(f'id="{field}_help"')[1][:400]
    assert "Trop de frais." in page.text
    assert cast.count(m.Complaint) == 0


def test_nobody_sets_the_terms_or_the_status_by_hand(house, cast):
    partner, client = a_client(cast)
    owner = cast.client_for("owner", partner)
    owner.post("/portal/complaints/new", sent(client, status="answered", acknowledge_by="01/01/2090", answer_by="01/01/2090"))
    row = cast.read(lambda session: session.query(m.Complaint).one())
    assert (row.status, row.answer_by) == (m.ComplaintStatus.RECEIVED, months_after(m.today(), 2))


def test_a_request_about_data_has_a_month(house, cast):
    partner, client = a_client(cast)
    owner = cast.client_for("owner", partner)
    assert owner.post("/portal/data-requests/new", {"client_id": client.id, "kind": "correction", "received_on": "26/11/2026", "text": "Mon nom"}).status_code == 302
    row = cast.read(lambda session: session.query(m.DataRequest).one())
    assert row.answer_by == date(2026, 12, 26)
    assert "Correction" in owner.get(f"/portal/clients/{client.id}/admin", **EN).text
    refused = owner.post(
        f"/portal/data-requests/{row.id}/edit",
        {"client_id": client.id, "kind": "correction", "received_on": "26/11/2026", "text": "x", "done_on": "26/11/2026", "version": 1},
        **EN,
    )
    assert "Please note the answer" in refused.text


def test_a_client_can_ask_to_take_its_data_elsewhere(house, cast):
    partner, client = a_client(cast)
    owner = cast.client_for("owner", partner)
    assert owner.post("/portal/data-requests/new", {"client_id": client.id, "kind": "portability", "received_on": "26/11/2026", "text": "x"}).status_code == 302
    assert "Portability" in owner.get(f"/portal/clients/{client.id}/admin", **EN).text


def test_a_member_limited_to_its_own_clients_sees_no_others_complaints(house, cast):
    partner, client = a_client(cast)
    member = cast.member(partner, "member", own_clients_only=True)
    _partner, own = a_client(cast, partner=partner, adviser_id=member.id)
    theirs = cast.add(m.Complaint(partner_id=partner.id, client_id=client.id, subject="Zzleak", text="x"))
    mine = cast.add(m.Complaint(partner_id=partner.id, client_id=own.id, subject="Mienne", text="x"))
    visitor = cast.signed_in(member, partner)
    page = visitor.get("/portal/complaints/").text
    assert "Mienne" in page
    assert "Zzleak" not in page
    assert visitor.get(f"/portal/complaints/{theirs.id}").status_code == 404
    detached = sent(own, subject="Mienne", version=mine.version) | {"client_id": ""}
    assert "stays with its client" in visitor.post(f"/portal/complaints/{mine.id}/edit", detached, **EN).text
