"""The doors: second factor, devices, the password asked again, passwords that are refused, the last owner. TRUST.md's "Doors"."""

from __future__ import annotations

import re
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pyotp
import pytest
import time_machine
from sqlalchemy import update

from app import models as m
from app.services import factors, weak
from app.services.refusals import RuleBroken
from tests.cast import PASSWORD

EN = {"headers": {"Accept-Language": "en"}}


def at_door(cast, user, password=PASSWORD, door="/login"):
    visitor = cast.stranger()
    return visitor, visitor.post(door, {"email": user.email, "password": password})


def with_factor(cast, user):
    """Turns somebody's second factor on; returns its generator and recovery codes. With the code of the step before, so that the present
    one is still good for signing in: that of two steps before would be refused, so no step ends meanwhile."""
    if (left := 30 - time.time() % 30) < 6:
        time.sleep(left)
    with cast.app.test_request_context():
        factors.begin_own(user.id, "a sign-in")
        generator = pyotp.TOTP(factors.begun(user.id, user.email, "a sign-in").secret)
        codes = factors.confirm(user.id, "a sign-in", generator.at(int(time.time()) - 30), "192.0.2.1")
    return generator, codes


@pytest.fixture
def wanted_of_administrators(house):
    before = house.config["SECOND_FACTOR_FOR"]
    house.config["SECOND_FACTOR_FOR"] = ("administrator", "compliance")
    yield
    house.config["SECOND_FACTOR_FOR"] = before


def cookie(visitor):
    with visitor.client.session_transaction() as session:
        return session.get("sign_in")


# --- second factor --------------------------------------------------------------------------------


def test_a_password_alone_opens_nothing_where_there_is_a_second_factor(house, cast):
    user = cast.staff("manager")
    generator, _codes = with_factor(cast, user)
    visitor, answer = at_door(cast, user)
    assert answer.headers["Location"] == "/second-factor/code"
    half = cookie(visitor)
    for place in ("/partners/", "/", "/account/", "/search/?q=a", "/partners/export.csv"):
        assert visitor.get(place).headers["Location"].startswith("/login"), place
    assert visitor.post("/account/second-factor/remove").status_code == 302
    assert visitor.post("/second-factor/code", {"code": "000000"}).status_code == 422
    assert visitor.post("/second-factor/code", {"code": generator.now()}).headers["Location"] == "/"
    assert visitor.get("/partners/").status_code == 200
    assert cookie(visitor) != half
    from app.services import people, sign_ins

    with house.app_context():
        assert people.identify(half)[0] is None, "the half one is worth nothing once the whole one is there"
        assert sign_ins.half_signed_in(half) is None


def test_a_code_works_once_even_for_twenty_at_the_same_moment(house, cast):
    user = cast.staff("manager")
    generator, _codes = with_factor(cast, user)
    visitors = [at_door(cast, user)[0] for _number in range(20)]
    code = generator.now()
    sent = [{"code": code, "csrf_token": visitor.csrf()} for visitor in visitors]
    with ThreadPoolExecutor(8) as together:
        answers = list(together.map(lambda pair: pair[0].post("/second-factor/code", pair[1]).status_code, zip(visitors, sent, strict=True)))
    print(f"\none code sent twenty times at once: let in {answers.count(302)}")
    assert answers.count(302) == 1


def test_a_recovery_code_works_once(house, cast):
    user = cast.staff("manager")
    _generator, codes = with_factor(cast, user)
    for code, status in ((codes[0].upper(), 302), (codes[0], 422), (codes[1].replace("-", " "), 302)):
        visitor, _answer = at_door(cast, user)
        assert visitor.post("/second-factor/code", {"code": code}).status_code == status
    with house.app_context():
        assert factors.codes_left(user.id) == 8


def test_wrong_codes_are_slowed_and_the_right_one_is_not_let_through_meanwhile(house, cast):
    user = cast.staff("manager")
    generator, _codes = with_factor(cast, user)
    visitor, _answer = at_door(cast, user)
    said = [visitor.post("/second-factor/code", {"code": f"{number:06d}"}, **EN).text for number in range(12)]
    slowed = sum("Too many attempts" in text for text in said)
    print(f"\nwrong codes: {len(said)} sent, {slowed} slowed")
    assert slowed >= 6
    assert visitor.post("/second-factor/code", {"code": generator.now()}).status_code == 422


def test_nobody_without_the_password_slows_somebodys_code(house, cast):
    user = cast.staff("manager")
    generator, _codes = with_factor(cast, user)
    for _number in range(3):
        stranger = cast.stranger()
        assert stranger.post("/second-factor/code", {"code": "123456"}).headers["Location"] == "/login"
    visitor, _answer = at_door(cast, user)
    assert visitor.post("/second-factor/code", {"code": generator.now()}).status_code == 302


def test_whoever_needs_one_sets_it_up_before_anything_else(house, cast, wanted_of_administrators):
    user = cast.staff("compliance")
    visitor, answer = at_door(cast, user)
    assert answer.headers["Location"] == "/second-factor/set-up"
    assert visitor.get("/partners/").headers["Location"] == "/login"
    page = visitor.get("/second-factor/set-up").text
    secret = "".join(re.search(r'<code class="key">([A-Z2-7 ]+)</code>', page)[1].split())
    assert "data:image/svg+xml" in page
    assert visitor.post("/second-factor/set-up", {"code": "000000"}).status_code == 422
    done = visitor.post("/second-factor/set-up", {"code": pyotp.TOTP(secret).now()})
    assert len(re.findall(r"<li><code>[a-z0-9]{5}-[a-z0-9]{5}</code>", done.text)) == 10
    assert visitor.get("/partners/").status_code == 200
    assert visitor.post("/account/second-factor/remove").status_code == 302
    with house.app_context():
        assert factors.is_on(user.id), "who needs it does not turn it off"
    assert any(mail.notice == "second_factor" for mail in cast.mails())


def test_it_is_offered_to_everybody_and_can_be_turned_off(house, cast):
    user = cast.member(cast.partner())
    owner = cast.signed_in(user, cast.read(lambda session: session.query(m.Partner).one()))
    assert "/account/second-factor/begin" in owner.get("/account/").text
    assert owner.post("/account/second-factor/begin").status_code == 302
    page = owner.get("/account/second-factor/").text
    secret = "".join(re.search(r'<code class="key">([A-Z2-7 ]+)</code>', page)[1].split())
    assert owner.post("/account/second-factor/", {"code": pyotp.TOTP(secret).now()}).status_code == 200
    _visitor, answer = at_door(cast, user, door="/partner/signin")
    assert answer.headers["Location"] == "/second-factor/code"
    assert owner.post("/account/second-factor/remove").status_code == 302
    _visitor, answer = at_door(cast, user, door="/partner/signin")
    assert answer.headers["Location"] == "/portal/"


def test_secrets_of_second_factors_are_kept_in_no_readable_form(house, cast):
    user = cast.staff("manager")
    generator, codes = with_factor(cast, user)
    row = cast.read(lambda session: session.query(m.SecondFactor).one())
    assert generator.secret not in str(vars(row))
    assert not [code for code in codes if code in str(vars(row)) or code.replace("-", "") in str(vars(row))]
    kept = cast.read(lambda session: [str(vars(each)) for entity in (m.HistoryValues, m.Mail, m.Job, m.Submission) for each in session.query(entity)])
    assert not [text for text in kept if generator.secret in text or any(code in text for code in codes)]


def test_an_administrator_removes_the_second_factor_of_a_lost_phone(house, cast):
    user, partner = cast.staff("manager"), cast.partner()
    member = cast.member(partner)
    membership = cast.read(lambda session: session.query(m.Membership).one())
    admin = cast.client_for("administrator")
    for person, place in ((user, f"/settings/staff/{user.id}"), (member, f"/people/{membership.id}")):
        with_factor(cast, person)
        assert f"{place}/no-second-factor" in admin.get(place).text
        assert admin.post(f"{place}/no-second-factor").status_code == 302
        with house.app_context():
            assert not factors.is_on(person.id)
    assert cast.client_for("reader").post(f"/people/{membership.id}/no-second-factor").status_code == 403


# --- devices --------------------------------------------------------------------------------------


def test_devices_are_listed_and_signed_out_one_by_one(house, cast):
    user = cast.staff("manager")
    phone = cast.stranger()
    agent = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1"
    phone.post("/login", {"email": user.email, "password": PASSWORD}, headers={"User-Agent": agent})
    desk = cast.signed_in(user)
    page = desk.get("/account/").text
    assert "Safari, iPhone" in page
    number = int(re.search(r"/account/sign-out/(\d+)", page)[1])
    assert cast.client_for("manager").post(f"/account/sign-out/{number}").status_code == 404, "nobody else's"
    assert phone.get("/partners/").status_code == 200
    assert desk.post(f"/account/sign-out/{number}").status_code == 302
    assert phone.get("/partners/").headers["Location"] == "/login"
    assert desk.get("/partners/").status_code == 200
    assert desk.post(f"/account/sign-out/{number}").status_code == 404


def test_a_changed_role_ends_the_sign_ins(house, cast):
    reader, admin = cast.staff("reader"), cast.client_for("administrator")
    stolen = cast.signed_in(reader)
    role = cast.read(lambda session: session.query(m.Role).filter_by(name="manager").one().id)
    sent = {"first_name": "R", "last_name": "R", "email": reader.email, "roles": [role], "active": "y", "version": 1}
    assert admin.post(f"/settings/staff/{reader.id}", sent).status_code == 302
    assert stolen.get("/partners/").headers["Location"] == "/login"
    partner = cast.partner()
    member = cast.member(partner, "member")
    theirs, owner = cast.signed_in(member, partner), cast.client_for("owner", partner)
    membership = cast.read(lambda session: session.query(m.Membership).filter_by(user_id=member.id).one())
    assert owner.post(f"/portal/people/{membership.id}", {"role": "read_only", "version": membership.version}).status_code == 302
    assert theirs.get("/portal/").headers["Location"] == "/partner/signin"


def test_an_owner_signs_a_colleague_out_everywhere(house, cast):
    partner = cast.partner()
    member = cast.member(partner, "member")
    theirs, owner = cast.signed_in(member, partner), cast.client_for("owner", partner)
    membership = cast.read(lambda session: session.query(m.Membership).filter_by(user_id=member.id).one())
    assert "Sign out everywhere" in owner.get(f"/portal/people/{membership.id}", **EN).text
    assert cast.client_for("owner").post(f"/portal/people/{membership.id}/sign-out").status_code == 404
    assert owner.post(f"/portal/people/{membership.id}/sign-out").status_code == 302
    assert theirs.get("/portal/").headers["Location"] == "/partner/signin"


# --- the password asked again ---------------------------------------------------------------------


def grown_old(cast):
    with cast.writing() as session:
        session.execute(update(m.SignIn).values(proved_at=m.now() - timedelta(minutes=16)))


def test_a_sensitive_change_asks_for_the_password_again_and_loses_nothing(house, cast):
    partner = cast.partner()
    owner = cast.client_for("owner", partner)
    grown_old(cast)
    sent = {"holder": "Cabinet « A & B »", "iban": "FR7630006000011234567890189"}
    page = owner.post("/portal/bank-accounts/new", sent, **EN)
    assert (page.status_code, cast.count(m.BankAccount)) == (401, 0)
    kept = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', page.text))
    import html

    carried = {name: html.unescape(value) for name, value in kept.items() if name != "csrf_token"}
    assert carried.items() >= sent.items()
    wrong = owner.post("/portal/bank-accounts/new", carried | {"again_password": "not it at all"}, **EN)
    assert (wrong.status_code, cast.count(m.BankAccount)) == (422, 0)
    assert "This is not your current password" in wrong.text
    assert owner.post("/portal/bank-accounts/new", carried | {"again_password": PASSWORD}).status_code == 302
    assert cast.read(lambda session: session.query(m.BankAccount).one().holder) == sent["holder"]
    again = cast.read(lambda session: session.query(m.BankAccount).one())
    assert owner.post(f"/portal/bank-accounts/{again.id}/edit", sent | {"version": again.version}).status_code == 302, "for a quarter of an hour it holds"


@pytest.mark.parametrize(
    "place", ["/settings/staff/new", "/settings/roles/new", "/portal/people/invite", "/account/second-factor/remove", "/account/second-factor/codes"]
)
def test_what_asks_again(house, cast, place):
    visitor = cast.client_for("owner" if place.startswith("/portal") else "administrator")
    grown_old(cast)
    assert visitor.post(place, {"name": "x"}).status_code == 401


def test_the_key_of_a_second_factor_is_shown_to_nobody_who_finds_a_screen_open(house, cast):
    visitor = cast.client_for("manager")
    grown_old(cast)
    assert visitor.get("/account/second-factor/").headers["Location"] == "/account/"


# --- passwords ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "password",
    [
        "short",
        "1234567890",
        "azertyuiop",
        "aaaaaaaaaaaa",
        "abababababab",
        "password123",
        "Motdepasse1!",
        "abcdefghij",
        "jeanne.martin",
        "Martin2026!",
        "cordee-2026",
        "CabinetLumiere1",
    ],
)
def test_an_easy_password_is_refused(house, password):
    known = ["Jeanne", "Martin", "jeanne.martin@lumiere.example", "Cabinet Lumière"]
    with house.test_request_context(), pytest.raises(RuleBroken):
        weak.refuse(password, known)


@pytest.mark.parametrize(
    "password", ["correct horse battery", "chaussette lune 7 piano", "xK9!vQ2#mN4$", "quatre-vingt tortues", "martin pêcheur des glaciers", "é" * 5 + "abcdef12"]
)
def test_no_rule_asks_for_signs_or_capitals(house, password):
    with house.test_request_context():
        weak.refuse(password, ["Jeanne", "Martin", "Cabinet Lumière"])


def test_the_house_and_ones_own_name_are_no_password(house, cast):
    partner = cast.partner(name="Courtage du Trièves")
    owner = cast.client_for("owner", partner)
    answer = owner.post("/account/password", {"current": PASSWORD, "password": "Trieves-2026", "password_again": "Trieves-2026"}, **EN)
    assert "which others know as well" in answer.text


# --- people ---------------------------------------------------------------------------------------


def test_the_last_owner_stays_whoever_asks(house, cast):
    partner = cast.partner()
    owner = cast.member(partner)
    membership = cast.read(lambda session: session.query(m.Membership).one())
    manager = cast.client_for("manager")
    answer = manager.post(f"/people/{membership.id}/edit", {"role": "member", "version": membership.version}, **EN)
    assert answer.status_code == 422
    assert "This is the last owner" in answer.text
    assert cast.get(m.Membership, membership.id).role is m.MemberRole.OWNER
    cast.member(partner, active=False)
    assert manager.post(f"/people/{membership.id}/edit", {"role": "member", "version": membership.version}).status_code == 422, "one who cannot sign in is none"
    assert owner


def test_two_owners_who_demote_each_other_at_once_leave_one(house, cast):
    partner = cast.partner()
    users = [cast.member(partner) for _number in range(2)]
    memberships = cast.read(lambda session: {each.user_id: (each.id, each.version) for each in session.query(m.Membership)})
    visitors = [cast.signed_in(user, partner) for user in users]
    others = [memberships[users[1].id], memberships[users[0].id]]
    sent = [{"role": "member", "version": version, "csrf_token": visitor.csrf()} for (_key, version), visitor in zip(others, visitors, strict=True)]
    with ThreadPoolExecutor(2) as together:
        list(together.map(lambda each: each[0].post(f"/portal/people/{each[1][0]}", each[2]).status_code, zip(visitors, others, sent, strict=True)))
    assert cast.count(m.Membership, m.Membership.role == m.MemberRole.OWNER) == 1


def test_the_clock_may_be_half_a_minute_off(house, cast):
    user = cast.staff("manager")
    generator, _codes = with_factor(cast, user)
    later = datetime.now(UTC) + timedelta(minutes=10)
    with time_machine.travel(later, tick=False), house.test_request_context():
        for off, right in ((-90, False), (-30, True), (90, False), (30, True)):
            code = generator.at(int(later.timestamp()) + off)
            if right:
                factors.check(user.id, code, "192.0.2.9")
            else:
                with pytest.raises(RuleBroken):
                    factors.check(user.id, code, "192.0.2.9")
