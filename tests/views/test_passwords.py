"""Forgotten passwords and other e-mail addresses: links that work once, for an hour, and say nothing about who has an account."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
import time_machine

from app import models as m
from app.services import jobs
from tests.cast import PASSWORD

EN = {"headers": {"Accept-Language": "en"}}
NEW = "a much better passphrase"


@pytest.fixture
def mailed(house, cast):
    """Lets the jobs run and returns the secret in the latest mail of a notice."""

    def look(notice):
        with house.app_context():
            jobs.work_off()
        texts = [mail.text for mail in cast.mails() if mail.notice == notice]
        return re.search(r"http://localhost/password/\w+/(\S+)", texts[-1])[1] if texts else None

    return look


def choose(visitor, secret, password=NEW):
    return visitor.post(f"/password/reset/{secret}", {"password": password, "password_again": password}, **EN)


def opens(cast, email, password, door="/login"):
    visitor = cast.stranger()
    return visitor.post(door, {"email": email, "password": password}).status_code == 302


def test_a_forgotten_password_is_chosen_anew_by_a_link_that_works_once(house, cast, mailed):
    person = cast.staff("manager")
    at_work = cast.signed_in(person)
    stranger = cast.stranger()
    assert "/password/forgotten" in stranger.get("/login").text
    assert "is on its way" in stranger.post("/password/forgotten", {"email": person.email}, **EN).text
    secret = mailed("forgotten_password")
    assert person.email in stranger.get(f"/password/reset/{secret}").text
    assert stranger.get(f"/password/reset/{secret}").status_code == 200, "opening it uses nothing: mail programs open links by themselves"
    short = choose(stranger, secret, "short")
    assert short.status_code == 422
    assert "A password has at least 10 characters." in short.text
    assert choose(stranger, secret).location == "/login"
    assert at_work.get("/clients/").status_code == 302, "every device is signed out"
    assert opens(cast, person.email, NEW)
    assert choose(cast.stranger(), secret, "another passphrase").status_code == 410
    assert opens(cast, person.email, NEW)
    assert [mail.notice for mail in cast.mails()][-1] == "password_changed"


def test_known_and_unknown_addresses_get_the_same_page_and_only_one_gets_a_mail(house, cast, mailed):
    partner = cast.partner()
    known, away = cast.member(partner), cast.member(partner, active=False)
    pages = []
    for email in (known.email, "nobody@example.org", away.email):
        page = cast.stranger().post("/password/forgotten", {"email": email}, **EN)
        pages.append((page.status_code, re.sub(r'"csrf_token" value="[^"]*"', "", page.text.replace(email, "…"))))
    assert pages[0] == pages[1] == pages[2]
    assert cast.mails() == [], "whether there is an account is looked up behind the page"
    secret = mailed("forgotten_password")
    assert [mail.recipient for mail in cast.mails()] == [known.email]
    assert choose(cast.stranger(), secret).location == "/partner/signin"


def test_links_die_with_an_hour_and_with_the_password(house, cast, mailed):
    person = cast.staff("manager", email="camille@staff.example.org")
    cast.stranger().post("/password/forgotten", {"email": person.email})
    first = mailed("forgotten_password")
    cast.stranger().post("/password/forgotten", {"email": person.email})
    second = mailed("forgotten_password")
    with time_machine.travel(m.now() + timedelta(minutes=61)):
        assert choose(cast.stranger(), second).status_code == 410
    assert cast.stranger().get(f"/password/reset/{first}").status_code == 200, "a stranger who asks again does not kill the link that one is following"
    at_home = cast.signed_in(person)
    sent = {"current": "a good password", "password": NEW, "password_again": NEW}
    changed = at_home.post("/account/password", sent | {"current": PASSWORD})
    assert changed.status_code == 302, changed.text
    assert choose(cast.stranger(), first, "something else again").status_code == 410
    dead = choose(cast.stranger(), second, "something else again")
    assert dead.status_code == 410
    assert "/password/forgotten" in dead.text


def test_a_link_for_a_password_opens_nothing_else_and_no_other_link_a_password(house, cast, mailed):
    partner = cast.partner()
    person = cast.member(partner)
    cast.stranger().post("/password/forgotten", {"email": person.email})
    secret = mailed("forgotten_password")
    assert cast.stranger().get(f"/partner/confirm/{secret}").status_code == 410
    assert cast.stranger().get(f"/password/address/{secret}").status_code == 410
    invitation = cast.invite(partner, cast.client_for("administrator"), "nouvelle@example.org").rsplit("/", 1)[1]
    assert cast.stranger().get(f"/password/reset/{invitation}").status_code == 410
    assert choose(cast.stranger(), "x" * 43).status_code == 410


def test_mails_are_asked_for_only_so_often(house, cast, mailed):
    person = cast.staff("manager")
    for _ask in range(9):
        page = cast.stranger().post("/password/forgotten", {"email": person.email}, **EN)
        assert "is on its way" in page.text, "and nobody learns it"
    mailed("forgotten_password")
    assert len(cast.mails()) == 5


def take(cast, secret, password=PASSWORD):
    return cast.stranger().post(f"/password/address/{secret}", {"current": password}, **EN)


def ask(visitor, email, password):
    return visitor.post("/account/email", {"address-email": email, "address-current": password}, **EN)


def test_another_address_becomes_ones_own_when_its_link_is_opened(house, cast, mailed):
    partner = cast.partner()
    person = cast.member(partner)
    before = person.email
    visitor = cast.signed_in(person, partner)
    wrong = ask(visitor, "neuve@example.org", "not my password")
    assert wrong.status_code == 422
    assert "This is not your current password." in wrong.text
    assert "neuve@example.org" in wrong.text, "nothing typed is lost"
    assert "This is your address already." in ask(visitor, before, PASSWORD).text
    assert ask(visitor, "neuve@example.org", PASSWORD).status_code == 302
    secret = mailed("new_address")
    assert cast.get(m.User, person.id).email == before
    assert cast.stranger().get(f"/password/address/{secret}").status_code == 200
    assert cast.get(m.User, person.id).email == before, "opening it changes nothing"
    refused = take(cast, secret, "not the password")
    assert refused.status_code == 422
    assert "This is not your current password." in refused.text
    assert cast.get(m.User, person.id).email == before, "the link may have gone to a mistyped address"
    assert take(cast, secret).location == "/partner/signin"
    assert cast.get(m.User, person.id).email == "neuve@example.org"
    assert visitor.get("/portal/").status_code == 302
    assert opens(cast, "neuve@example.org", PASSWORD, "/partner/signin")
    assert not opens(cast, before, PASSWORD, "/partner/signin")
    assert take(cast, secret).status_code == 410
    told = [(mail.notice, mail.recipient) for mail in cast.mails()]
    assert ("address_changed", before) in told


def test_an_address_that_somebody_has_gets_another_mail_and_nobody_learns_it(house, cast, mailed):
    partner = cast.partner()
    person, other = cast.member(partner), cast.member(partner)
    visitor = cast.signed_in(person, partner)
    free, held = ask(visitor, "libre@example.org", PASSWORD), ask(visitor, other.email, PASSWORD)
    assert (free.status_code, free.location) == (held.status_code, held.location)
    assert {(mail.notice, mail.recipient) for mail in cast.mails()} == {("new_address", "libre@example.org"), ("address_already_known", other.email)}
    secret = mailed("new_address")
    with cast.writing() as session:
        session.get_one(m.User, other.id).email = "libre@example.org"  # taken meanwhile
    assert take(cast, secret).status_code == 410
    assert cast.get(m.User, person.id).email == person.email


def test_asking_for_another_address_again_kills_the_link_to_a_mistyped_one_and_nobody_elses(house, cast, mailed):
    partner = cast.partner()
    person, other = cast.member(partner), cast.member(partner)
    ask(cast.signed_in(other, partner), "juste@example.org", PASSWORD)
    others = mailed("new_address")
    ask(cast.signed_in(person, partner), "fautive@example.org", PASSWORD)
    mistyped = mailed("new_address")
    ask(cast.signed_in(person, partner), "juste@example.org", PASSWORD)
    right = mailed("new_address")
    assert take(cast, mistyped).status_code == 410
    assert cast.stranger().get(f"/password/address/{others}").status_code == 200
    assert take(cast, right).status_code == 302
    assert take(cast, others).status_code == 410, "taken meanwhile"


def test_an_address_that_staff_put_right_ends_links_and_sign_ins(house, cast, mailed):
    admin, person = cast.client_for("administrator"), cast.staff("manager")
    at_work = cast.signed_in(person)
    ask(at_work, "voleur@example.org", PASSWORD)
    link = mailed("new_address")
    cast.stranger().post("/password/forgotten", {"email": person.email})
    reset = mailed("forgotten_password")
    page = admin.get(f"/settings/staff/{person.id}").text
    role = cast.read(lambda session: session.query(m.Role).filter_by(name="manager").one().id)
    facts = {
        "first_name": "Paul",
        "last_name": "Rivière",
        "email": "juste@example.org",
        "roles": [role],
        "active": "y",
        "version": page.split('name="version" value="')[1].split('"')[0],
    }
    assert admin.post(f"/settings/staff/{person.id}", facts).status_code == 302
    assert take(cast, link).status_code == 410
    assert choose(cast.stranger(), reset).status_code == 410
    assert at_work.get("/clients/").status_code == 302


def test_what_strangers_ask_for_elsewhere_holds_up_no_reset(house, cast, mailed):
    person = cast.member(cast.partner())
    for _ask in range(7):
        cast.stranger().post("/partner/register", {"first_name": "A", "last_name": "B", "email": person.email})
    cast.stranger().post("/password/forgotten", {"email": person.email})
    assert mailed("forgotten_password")


def test_every_notice_can_be_seen_as_it_would_leave(house, cast):
    from app.services import notices

    visitor = cast.client_for("manager")
    page = visitor.get("/mails/notices").text
    with house.app_context():
        names = notices.names()
    for name in names:
        for language in ("fr", "en"):
            assert f"/mails/notices/{name}/{language}" in page
            shown = visitor.get(f"/mails/notices/{name}/{language}")
            assert shown.status_code == 200
            assert "sandbox" in shown.headers["Content-Security-Policy"]
    assert visitor.get("/mails/notices/no_such/fr").status_code == 404
    assert visitor.get("/mails/notices/invitation/de").status_code == 404
    assert cast.mails() == []
    assert cast.client_for("reader").get("/mails/notices").status_code == 403
    assert "/mails/notices" in visitor.get("/mails/").text


def test_a_task_is_ticked_off_from_its_list(house, cast):
    partner = cast.partner()
    task = cast.add(m.Task(partner_id=partner.id, name="Rappeler M. Bernard", due_on=m.today()))
    assert cast.client_for("manager").post("/tasks/action/done", {"ids": [task.id]}).status_code == 302
    assert cast.get(m.Task, task.id).done_on == m.today()
