"""Alerts: unread for each person, by mail as each has chosen, in a digest; tasks in a calendar behind a secret link."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine
from icalendar import Calendar

from app import models as m
from app.extensions import db
from app.models.scope import SYSTEM, acting
from app.services import alerts, jobs, schedules

EN = {"headers": {"Accept-Language": "en"}}


def call(cast, kind, partner):
    with cast.app.test_request_context(), acting(db.session(), SYSTEM, "tests"):
        alerts.call(db.session(), kind, db.session.get_one(m.Partner, partner.id))
        db.session.commit()


def mails(cast, notice):
    return [mail for mail in cast.mails() if mail.notice == notice]


def bell(visitor):
    found = re.search(r'class="bell".*?</a>', visitor.get("/", **EN).text, re.DOTALL)[0]
    return int(found.split('aria-label="')[1].split()[0]) if "new alert" in found else 0


def test_the_bell_counts_what_this_person_has_not_read(house, cast):
    partner = cast.partner()
    one, two = cast.client_for("administrator"), cast.client_for("compliance")
    for kind in ("document_received", "category_lapsed"):
        call(cast, kind, partner)
    assert (bell(one), bell(two)) == (2, 2)
    newest = re.search(r'name="up_to" value="(\d+)"', one.get("/alerts/").text)[1]
    call(cast, "document_expired", partner)
    assert one.post("/alerts/read", {"up_to": newest}).status_code == 302
    assert (bell(one), bell(two)) == (1, 3), "what came after the page was shown is still new"
    assert bell(cast.client_for("manager")) == 0


def test_alerts_stand_by_kind_and_by_state(house, cast):
    partner = cast.partner(name="Cabinet Nord")
    for kind in ("document_received", "category_lapsed"):
        call(cast, kind, partner)
    admin = cast.client_for("administrator")
    page = admin.get("/alerts/?kind=category_lapsed", **EN).text
    assert "has lost a category at ORIAS" in page
    assert "has handed in a document" not in page
    alert = cast.read(lambda session: session.query(m.Alert).filter_by(kind="category_lapsed").one())
    admin.post(f"/alerts/{alert.id}/handled")
    assert "has lost a category" not in admin.get("/alerts/", **EN).text
    assert "has lost a category" in admin.get("/alerts/?handled=1", **EN).text
    assert admin.get("/alerts/?kind=nonsense&handled=x").status_code == 200


@pytest.mark.parametrize("kind", alerts.KINDS)
def test_every_kind_comes_by_mail_to_those_who_asked_and_to_nobody_else(house, cast, kind):
    wants, other = cast.staff("compliance", language="en"), cast.staff("administrator")
    manager = cast.staff("manager")  # may not see alerts, and so hears of none
    cast.client_for("administrator")
    for user, ways in ((wants, {kind: "mail"}), (other, {}), (manager, {kind: "mail"})):
        with house.app_context():
            alerts.choose(user.id, ways)
    partner = cast.partner(name="Cabinet Nord")
    call(cast, kind, partner)
    assert [mail.recipient for mail in cast.mails()] == [wants.email]
    mail = cast.mails()[0]
    assert "Cabinet Nord" in mail.subject
    assert mail.partner_id == partner.id


def test_choosing_is_kept_and_what_is_unknown_is_left_out(house, cast):
    visitor = cast.client_for("compliance")
    assert visitor.post("/account/alerts", {"file_waits": "mail", "category_lapsed": "digest", "document_expired": "loudly", "nonsense": "mail"}).status_code == 302
    kept = cast.read(lambda session: session.query(m.Preference).one().values["alerts"])
    assert kept == {"file_waits": "mail", "category_lapsed": "digest"}
    assert re.search(r'name="category_lapsed".*?value="digest" selected', visitor.get("/account/").text, re.DOTALL)
    assert cast.client_for("manager").post("/account/alerts", {"file_waits": "mail"}).status_code == 403
    assert "alert_file_waits" not in cast.client_for("owner").get("/account/").text


def digest_on(cast, day):
    with time_machine.travel(datetime(day.year, day.month, day.day, 9, tzinfo=UTC), tick=False), cast.app.app_context():
        schedules.tick()
        jobs.work_off()


def test_the_digest_says_each_thing_once_and_nothing_when_there_is_nothing(house, cast):
    user = cast.staff("administrator", language="en", first_name="Claire")
    with house.app_context():
        alerts.choose(user.id, {"document_received": "digest", "category_lapsed": "digest", "file_waits": "mail"})
    partner = cast.partner(name="Cabinet Nord")
    first = date(2027, 5, 10)
    digest_on(cast, first)
    assert mails(cast, "digest") == []
    for kind, hour in (("document_received", 15), ("file_waits", 16)):
        cast.add(m.Alert(kind=kind, partner_id=partner.id, created_at=datetime(2027, 5, 10, hour, tzinfo=UTC)))
    for after in (1, 2, 3):
        digest_on(cast, first + timedelta(days=after))
    assert len(mails(cast, "digest")) == 1
    mail = mails(cast, "digest")[0]
    assert (mail.subject, mail.recipient) == ("This morning: 1 matter", user.email)
    assert "Cabinet Nord has handed in a document." in mail.text
    assert "awaiting validation" not in mail.text, "what comes at once does not come again"


def test_the_digest_brings_ones_own_tasks_that_are_due(house, cast):
    user = cast.staff("compliance", language="en")
    with house.app_context():
        alerts.choose(user.id, {"document_received": "digest"})
    partner = cast.partner(name="Cabinet Nord")
    cast.add(m.Task(partner_id=partner.id, name="Call them", due_on=date(2027, 5, 9), assignee_id=user.id))
    cast.add(m.Task(partner_id=partner.id, name="Later", due_on=date(2027, 6, 9), assignee_id=user.id))
    cast.add(m.Task(partner_id=partner.id, name="Somebody else’s", due_on=date(2027, 5, 9), assignee_id=cast.staff("manager").id))
    digest_on(cast, date(2027, 5, 10))
    text = mails(cast, "digest")[0].text
    assert "Call them (Cabinet Nord), 9 May 2027" in text
    assert "Later" not in text
    assert "Somebody" not in text


# --- the calendar ---------------------------------------------------------------------------------


def address_of(visitor):
    page = visitor.post("/account/calendar").text
    return re.search(r'value="http://localhost(/calendar/[^"]+\.ics)"', page)[1]


def events(cast, address):
    answer = cast.stranger().get(address)
    return answer.status_code if answer.status_code != 200 else sorted(str(each["summary"]) for each in Calendar.from_ical(answer.get_data()).walk("VEVENT"))


def test_a_calendar_holds_ones_own_open_tasks_without_a_cookie(house, cast):
    user, partner = cast.staff("manager"), cast.partner(name="Cabinet Nord")
    facts = {"partner_id": partner.id, "due_on": date(2027, 5, 9)}
    cast.add(m.Task(name="Rappeler ; vite, « demain »", assignee_id=user.id, **facts))
    cast.add(m.Task(name="Done", assignee_id=user.id, done_on=date(2027, 1, 1), **facts))
    cast.add(m.Task(name="Of another", assignee_id=cast.staff("manager").id, **facts))
    visitor = cast.signed_in(user)
    address = address_of(visitor)
    assert events(cast, address) == ["Rappeler ; vite, « demain » – Cabinet Nord"]
    event = Calendar.from_ical(cast.stranger().get(address).get_data()).walk("VEVENT")[0]
    assert (event.start, event.end) == (date(2027, 5, 9), date(2027, 5, 10))
    secret = address.removeprefix("/calendar/").removesuffix(".ics")
    assert secret not in visitor.get("/account/").text
    assert not [row for row in cast.read(lambda session: [str(vars(each)) for each in session.query(m.CalendarLink)]) if secret in row]


def test_a_partners_calendar_holds_what_is_shared_with_it(house, cast):
    partner, other = cast.partner(), cast.partner()
    for owner, name, shared in ((partner, "Shared", True), (partner, "Internal", False), (other, "Foreign", True)):
        cast.add(m.Task(partner_id=owner.id, name=name, due_on=date(2027, 5, 9), shared=shared))
    assert [each.split(" – ")[0] for each in events(cast, address_of(cast.client_for("owner", partner)))] == ["Shared"]


def test_a_withdrawn_or_renewed_address_is_worth_nothing(house, cast):
    visitor = cast.client_for("manager")
    first = address_of(visitor)
    second = address_of(visitor)
    assert (events(cast, first), events(cast, second)) == (404, [])
    visitor.post("/account/calendar/withdraw")
    assert events(cast, second) == 404
    assert events(cast, "/calendar/nonsense.ics") == 404


def test_an_address_ends_with_its_persons_access(house, cast):
    partner = cast.partner()
    member = cast.member(partner)
    staff = cast.staff("manager")
    theirs, ours = address_of(cast.signed_in(member, partner)), address_of(cast.signed_in(staff))
    with cast.writing() as session:
        session.get_one(m.User, staff.id).active = False
        session.get_one(m.Partner, partner.id).status = m.PartnerStatus.SUSPENDED
    assert (events(cast, theirs), events(cast, ours)) == (404, 404)


def test_the_switch_of_before_becomes_a_choice_and_back(house, cast):
    from flask_migrate import downgrade, upgrade

    user = cast.staff("administrator")
    with house.app_context():
        alerts.choose(user.id, {"file_waits": "mail"})
        downgrade(revision="0022")
        db.session.remove()
        upgrade()
    assert cast.read(lambda session: session.get(m.Preference, user.id).values["alerts"]) == {"file_waits": "mail", "contested": "mail"}
