"""What runs out is said 60, 30, 7 and 0 days before, once each, by mail and in a task; offers to sign expire."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine

from app import models as m
from app.services import jobs, reminders, schedules


def on(cast, day: date):
    """Does what is due on a day, as the workers do."""
    with time_machine.travel(datetime(day.year, day.month, day.day, 9, tzinfo=UTC), tick=False), cast.app.app_context():
        schedules.tick()
        jobs.work_off()


def said(cast):
    """The subjects and bodies of the mails about what runs out."""
    return [mail for mail in cast.mails() if mail.notice == "renewals"]


@pytest.fixture
def partner(house, cast):
    """An introducer, whom ORIAS does not know, with an owner who reads English and a manager who looks after it."""
    manager = cast.staff("manager")
    found = cast.partner(kind=m.PartnerKind.INTRODUCER, orias_number=None, account_manager_id=manager.id)
    cast.member(found, "owner", language="en", first_name="Jeanne")
    cast.member(found, "read_only", language="fr")
    return found


def test_a_certificate_is_spoken_of_60_30_7_and_0_days_before_and_then_no_more(cast, partner):
    last = date(2027, 6, 30)
    cast.document(partner, kind=m.DocumentKind.LIABILITY, expires_on=last)
    days = []
    for ahead in range(63, -5, -1):
        before = len(said(cast))
        on(cast, last - timedelta(days=ahead))
        days += [ahead] * (len(said(cast)) - before)
    assert days == [60, 30, 7, 0]
    first, final = said(cast)[0], said(cast)[-1]
    assert first.recipient.startswith("owner")
    assert "Professional liability certificate – until 30 Jun 2027" in first.text
    assert final.partner_id == partner.id
    alerts = cast.read(lambda session: [alert.kind for alert in session.query(m.Alert)])
    assert alerts == ["document_expired"], "on the last day staff are told as well"


def test_the_first_reminder_leaves_a_task_that_the_partner_sees(cast, partner):
    cast.document(partner, kind=m.DocumentKind.LIABILITY, expires_on=date(2027, 6, 30))
    on(cast, date(2027, 5, 10))
    on(cast, date(2027, 6, 20))
    task = cast.read(lambda session: session.query(m.Task).one())
    assert (task.due_on, task.shared, task.assignee_id) == (date(2027, 6, 30), True, partner.account_manager_id)
    assert task.name == "À renouveler\u00a0: Attestation de responsabilité civile professionnelle"


def test_what_has_been_renewed_is_no_longer_asked_for_and_its_task_is_done(cast, partner):
    cast.document(partner, kind=m.DocumentKind.LIABILITY, expires_on=date(2027, 6, 30))
    on(cast, date(2027, 5, 10))
    cast.document(partner, kind=m.DocumentKind.LIABILITY, expires_on=date(2028, 6, 30))
    for day in (date(2027, 5, 31), date(2027, 6, 23), date(2027, 6, 30)):
        on(cast, day)
    assert len(said(cast)) == 1
    assert cast.read(lambda session: session.query(m.Task).one().done_on) == date(2027, 5, 31)


def test_a_task_that_somebody_has_ticked_keeps_the_house_quiet_until_the_last_day(cast, partner):
    cast.document(partner, kind=m.DocumentKind.LIABILITY, expires_on=date(2027, 6, 30))
    on(cast, date(2027, 5, 10))
    with cast.writing() as session:
        session.query(m.Task).one().done_on = date(2027, 5, 12)
    for day in (date(2027, 5, 31), date(2027, 6, 23)):
        on(cast, day)
    assert len(said(cast)) == 1
    on(cast, date(2027, 6, 30))
    assert len(said(cast)) == 2, "the word of the partner brings no new certificate"
    assert cast.count(m.Alert, m.Alert.kind == "document_expired") == 1


def test_an_undated_piece_replaces_no_dated_one(cast, partner):
    cast.document(partner, kind=m.DocumentKind.LIABILITY, expires_on=date(2027, 6, 30))
    cast.document(partner, kind=m.DocumentKind.LIABILITY)
    on(cast, date(2027, 6, 30))
    assert len(said(cast)) == 1


def test_other_documents_do_not_replace_each_other(cast, partner):
    for day in (date(2027, 6, 30), date(2030, 1, 1)):
        cast.document(partner, kind=m.DocumentKind.OTHER, expires_on=day)
    on(cast, date(2027, 6, 10))
    assert len(said(cast)) == 1


def test_the_task_of_a_renewal_is_done_once_orias_confirms_it(house, cast):
    broker = cast.partner(kind=m.PartnerKind.INSURANCE_BROKER)
    on(cast, date(2027, 2, 20))
    assert cast.read(lambda session: session.query(m.Task).one().name) == "Renouveler l’inscription à l’ORIAS avant le 1er mars 2027"
    on(cast, date(2027, 3, 1))
    assert cast.read(lambda session: session.query(m.Task).one().done_on) is None
    cast.add(m.Check(partner_id=broker.id, kind=m.CheckKind.ORIAS, result=m.CheckResult.PASSED, created_at=datetime(2027, 3, 2, 5, tzinfo=UTC)))
    on(cast, date(2027, 3, 3))
    assert cast.read(lambda session: session.query(m.Task).one().done_on) == date(2027, 3, 3)


def test_several_pieces_come_in_one_mail(cast, partner):
    for kind in (m.DocumentKind.LIABILITY, m.DocumentKind.GUARANTEE):
        cast.document(partner, kind=kind, expires_on=date(2027, 6, 30))
    on(cast, date(2027, 5, 10))
    assert len(said(cast)) == 1
    assert "Professional liability certificate" in said(cast)[0].text
    assert "Financial guarantee" in said(cast)[0].text


def test_a_worker_that_is_cut_off_says_nothing_twice(cast, partner, monkeypatch):
    cast.document(partner, kind=m.DocumentKind.LIABILITY, expires_on=date(2027, 6, 30))
    with time_machine.travel(datetime(2027, 5, 10, 9, tzinfo=UTC), tick=False), cast.app.app_context():
        for _time in range(3):
            jobs.enqueue("remind", {}, "")
            from app.extensions import db

            db.session.commit()
            jobs.work_off()
    assert len(said(cast)) == 1


def test_orias_is_renewed_before_1_march(house, cast):
    broker = cast.partner(kind=m.PartnerKind.INSURANCE_BROKER)
    cast.member(broker, "owner", language="en")
    cast.member(cast.partner(kind=m.PartnerKind.INTRODUCER, orias_number=None), "owner")
    days = []
    for ahead in range(62, -3, -1):
        before = len(said(cast))
        day = date(2027, 3, 1) - timedelta(days=ahead)
        on(cast, day)
        days += [day.isoformat()] * (len(said(cast)) - before)
    assert days == ["2026-12-31", "2027-01-30", "2027-02-22", "2027-03-01"]
    assert "Registration with ORIAS – until 1 Mar 2027" in said(cast)[0].text
    assert "before 1 March" in said(cast)[0].text


def test_closed_partners_are_left_in_peace(cast, partner):
    with cast.writing() as session:
        session.get_one(m.Partner, partner.id).status = m.PartnerStatus.CLOSED
    cast.document(partner, kind=m.DocumentKind.LIABILITY, expires_on=date(2027, 6, 30))
    on(cast, date(2027, 6, 30))
    assert said(cast) == []


@pytest.mark.parametrize(("left", "reached"), [(61, None), (60, 60), (31, 60), (30, 30), (8, 30), (7, 7), (1, 7), (0, 0), (-3, 0)])
def test_the_nearest_reminder_that_has_been_reached_is_the_one_that_is_due(left, reached):
    assert reminders.step(m.today() + timedelta(days=left)) == reached


def test_an_offer_to_sign_is_spoken_of_twice_and_then_expires(house, cast):
    partner = cast.partner(status=m.PartnerStatus.TO_SIGN)
    cast.member(partner, "owner", language="en")
    offered = date(2027, 4, 1)
    until = datetime(2027, 4, 15, 8, tzinfo=UTC)
    cast.agreement(partner, status=m.AgreementStatus.TO_SIGN, signed_at=None, signed_by=None, countersigned_at=None, expires_at=until)
    days = []
    for after in range(17):
        before = len([mail for mail in cast.mails() if mail.notice == "sign_reminder"])
        on(cast, offered + timedelta(days=after))
        days += [after] * (len([mail for mail in cast.mails() if mail.notice == "sign_reminder"]) - before)
    assert days == [7, 12]
    assert cast.read(lambda session: session.query(m.Agreement).one().status) is m.AgreementStatus.EXPIRED
