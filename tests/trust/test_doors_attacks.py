"""What went wrong once at the doors, each by name."""

from __future__ import annotations

import io
import re
import time
from concurrent.futures import ThreadPoolExecutor

import pyotp
import pytest
from sqlalchemy import update

from app import models as m
from app.services import factors, people, weak
from app.services.refusals import RuleBroken
from tests.cast import PASSWORD
from tests.trust.test_doors import EN, at_door, cookie, grown_old, wanted_of_administrators, with_factor  # noqa: F401 - a fixture among them
from tests.views.test_registration import a_picture, applicant


def key_on(visitor, place="/second-factor/set-up"):
    found = re.search(r'<code class="key">([A-Z2-7 ]+)</code>', visitor.get(place).text)
    return "".join(found[1].split()) if found else None


def test_a_key_that_somebody_else_has_begun_is_never_ones_own(house, cast, wanted_of_administrators):  # noqa: F811
    user = cast.staff("administrator")
    thief, _answer = at_door(cast, user)
    seen = key_on(thief)
    owner, _answer = at_door(cast, user)
    own = key_on(owner)
    assert own
    assert own != seen
    assert key_on(thief) is None, "the thief's key is worth nothing once the owner has begun"
    assert thief.post("/second-factor/set-up", {"code": pyotp.TOTP(seen).now()}).status_code == 302
    assert owner.post("/second-factor/set-up", {"code": pyotp.TOTP(own).now()}).status_code == 200


def test_confirming_a_second_factor_ends_every_other_sign_in(house, cast):
    user = cast.staff("manager")
    thief, owner = cast.signed_in(user), cast.signed_in(user)
    assert thief.post("/account/second-factor/begin").status_code == 302
    stolen = key_on(thief, "/account/second-factor/")
    owner.post("/account/second-factor/begin")
    own = key_on(owner, "/account/second-factor/")
    assert own != stolen
    assert owner.post("/account/second-factor/", {"code": pyotp.TOTP(own).now()}).status_code == 200
    assert thief.get("/partners/").headers["Location"] == "/login"
    assert owner.get("/partners/").status_code == 200


def at_once(visitors, place, sent):
    """What each of many tries at the same moment says: "slow" or "wrong"."""
    tokens = [{"csrf_token": visitor.csrf()} for visitor in visitors]

    def one(number):
        text = visitors[number].post(place, {**sent(number), **tokens[number]}, **EN).text
        return "slow" if "Too many attempts" in text else "wrong"

    with ThreadPoolExecutor(12) as together:
        return list(together.map(one, range(len(visitors))))


def test_wrong_tries_at_the_same_moment_are_counted_one_by_one(house, cast):
    user = cast.staff("manager")
    with_factor(cast, user)
    visitors = [at_door(cast, user)[0] for _number in range(24)]
    codes = at_once(visitors, "/second-factor/code", lambda number: {"code": f"{number:06d}"})
    other = cast.staff("reader")
    passwords = at_once([cast.stranger() for _number in range(24)], "/login", lambda number: {"email": other.email, "password": f"not this one {number}"})
    print(f"\n24 at once: codes compared {codes.count('wrong')}, passwords compared {passwords.count('wrong')} (5 are free)")
    assert codes.count("wrong") <= 5
    assert passwords.count("wrong") <= 5


def test_a_role_changed_by_staff_ends_the_sign_ins(house, cast):
    partner = cast.partner()
    cast.member(partner)
    member = cast.member(partner, "member")
    theirs = cast.signed_in(member, partner)
    row = cast.read(lambda session: session.query(m.Membership).filter_by(user_id=member.id).one())
    assert cast.client_for("manager").post(f"/people/{row.id}/edit", {"role": "owner", "version": row.version}).status_code == 302
    assert theirs.get("/portal/").headers["Location"] == "/partner/signin"


def test_what_else_asks_for_the_password_again(house, cast):
    partner = cast.partner()
    manager = cast.client_for("manager")
    account = cast.add(m.BankAccount(partner_id=partner.id, holder="X", iban="FR7630006000011234567890189", is_default=True))
    assert manager.post("/bank-accounts/bulk", {"ids": account.id, "field": "holder", "holder": "Y", "confirmed": "1"}).status_code < 500
    grown_old(cast)
    assert manager.post(f"/partners/{partner.id}/invite", {"email": "somebody@example.org", "language": "fr"}).status_code == 401
    with cast.writing() as session:
        user_id = session.query(m.SignIn).order_by(m.SignIn.id.desc()).first().user_id
        session.merge(m.Undo(user_id=user_id, place="/bank-accounts", field="holder", before=[[account.id, "X", 1]]))
    assert manager.post("/undo/").status_code in (401, 404)
    assert cast.count(m.OneTimeLink) == 0


def test_the_account_of_a_file_that_was_sent_back_is_not_changed_from_an_open_screen(house, cast):
    partner, visitor = applicant(cast, status=m.PartnerStatus.REFUSED)
    cast.add(m.BankAccount(partner_id=partner.id, holder="X", iban="FR7630006000011234567890189"))
    grown_old(cast)
    sent = {"identity_number": "12AB34567", "document_identity": (io.BytesIO(a_picture()), "card.jpg"), "holder": "X", "iban": "DE89370400440532013000"}
    assert visitor.post("/partner/file/documents", sent).status_code == 401
    assert cast.read(lambda session: session.query(m.BankAccount).one().iban) == "FR7630006000011234567890189"
    again = {"identity_number": "12AB34567", "holder": "X", "iban": "DE89370400440532013000", "again_password": PASSWORD}
    assert visitor.post("/partner/file/documents", again).headers["Location"] == "/partner/file/activity"
    assert cast.read(lambda session: session.query(m.BankAccount).one().iban) == "DE89370400440532013000"
    assert cast.count(m.Document) == 1, "the card need not be chosen again"


def test_the_devices_of_one_company_are_nothing_to_another(house, cast):
    one, two = cast.partner(), cast.partner()
    person = cast.member(one, "member")
    with cast.writing() as session:
        session.add(m.Membership(user_id=person.id, partner_id=two.id, role=m.MemberRole.OWNER))
    elsewhere = cast.signed_in(person, two)
    owner = cast.client_for("owner", one)
    row = cast.read(lambda session: session.query(m.Membership).filter_by(user_id=person.id, partner_id=one.id).one())
    assert "Not signed in at the moment" in owner.get(f"/portal/people/{row.id}", **EN).text
    for deed, sent in (("/sign-out", {}), ("", {"role": "read_only", "version": row.version}), ("/remove", {})):
        assert owner.post(f"/portal/people/{row.id}{deed}", sent).status_code == 302
        assert elsewhere.get("/portal/").status_code == 200, deed


def test_ones_own_password_and_address_are_not_changed_on_the_staffs_page(house, cast):
    user = cast.staff("administrator")
    visitor = cast.signed_in(user)
    role = cast.read(lambda session: session.query(m.Role).filter_by(name="administrator").one().id)
    facts = {"first_name": "A", "last_name": "B", "email": user.email, "roles": [role], "active": "y", "version": 1}
    for change in ({"email": "thief@evil.example"}, {"password": "a wholly other phrase"}):
        assert visitor.post(f"/settings/staff/{user.id}", facts | change).status_code == 422
    answer = visitor.post(f"/settings/staff/{user.id}", facts, **EN)
    assert answer.status_code == 302, re.findall(r"field-error.*?</span>|flash-bad.*?</span>", answer.text, re.DOTALL)


def test_somebody_whose_address_or_password_staff_change_is_told(house, cast):
    user, admin = cast.staff("reader"), cast.client_for("administrator")
    role = cast.read(lambda session: session.query(m.Role).filter_by(name="reader").one().id)
    facts = {"first_name": "A", "last_name": "B", "roles": [role], "active": "y"}
    assert admin.post(f"/settings/staff/{user.id}", facts | {"email": "new@staff.example.org", "password": "a wholly other phrase", "version": 1}).status_code == 302
    assert [(mail.notice, mail.recipient) for mail in cast.mails()] == [("address_changed", user.email), ("password_changed", "new@staff.example.org")]


def test_fresh_recovery_codes_are_told_of(house, cast):
    user = cast.staff("manager")
    with_factor(cast, user)
    assert cast.signed_in(user).post("/account/second-factor/codes").status_code == 200
    assert [mail.notice for mail in cast.mails()] == ["second_factor", "second_factor"]


def test_nobody_is_shut_out_for_good(house, cast, wanted_of_administrators):  # noqa: F811
    user = cast.staff("administrator")
    generator, codes = with_factor(cast, user)
    visitor, _answer = at_door(cast, user)
    for number in range(9):
        visitor.client.post("/second-factor/code", data={"code": f"{number:06d}", "csrf_token": visitor.csrf()}, environ_base={"REMOTE_ADDR": "203.0.113.7"})
    with house.test_request_context():
        factors.check(user.id, codes[0], "192.0.2.44")  # who knows the password slows its owner elsewhere by nothing but the common brake
    with house.app_context():
        assert house.test_cli_runner().invoke(args=["remove-second-factor", user.email.upper()]).exit_code == 0
        assert house.test_cli_runner().invoke(args=["remove-second-factor", "nobody@example.org"]).exit_code == 1
        assert not factors.is_on(user.id)
    assert generator


def test_a_key_that_can_no_longer_be_read_is_replaced(house, cast, wanted_of_administrators):  # noqa: F811
    user = cast.staff("administrator")
    at_door(cast, user)
    secret = house.config["SECRET_KEY"]
    house.config["SECRET_KEY"] = "another"
    try:
        visitor, answer = at_door(cast, user)
        assert answer.headers["Location"] == "/second-factor/set-up"
        assert key_on(visitor)
    finally:
        house.config["SECRET_KEY"] = secret


def test_an_added_role_with_an_administrators_powers_needs_a_second_factor(house, cast, wanted_of_administrators):  # noqa: F811
    with cast.writing() as session:
        permissions = [pair for pair in session.query(m.PermissionView) if (pair.permission.name, pair.view_menu.name) == ("can_write", "staff_people")]
        session.add(m.Role(name="chief", permissions=permissions))
    user = cast.staff("reader")
    with cast.writing() as session:
        person = session.get_one(m.User, user.id)
        person.roles = [session.query(m.Role).filter_by(name="chief").one()]
    assert at_door(cast, user)[1].headers["Location"] == "/second-factor/set-up"
    assert at_door(cast, cast.staff("reader"))[1].headers["Location"] == "/"


def test_the_command_of_flask_appbuilder_keeps_the_rules(house, cast):
    user = cast.staff("reader")
    stolen = cast.signed_in(user)
    with house.test_request_context():
        with pytest.raises(SystemExit):
            house.appbuilder.sm.reset_password(user.id, "1234")
        house.appbuilder.sm.reset_password(user.id, "quite another phrase")
    assert stolen.get("/partners/").headers["Location"] == "/login"
    assert at_door(cast, user, "quite another phrase")[1].headers["Location"] == "/"


@pytest.mark.parametrize("role", ["", "king"])
def test_a_role_that_is_none_is_refused(house, cast, role):
    partner = cast.partner()
    owner = cast.client_for("owner", partner)
    member = cast.member(partner, "member")
    row = cast.read(lambda session: session.query(m.Membership).filter_by(user_id=member.id).one())
    assert owner.post(f"/portal/people/{row.id}", {"role": role, "version": row.version}).status_code == 422


@pytest.mark.parametrize(
    "password",
    ["azerty123456", "passwordpassword", "iloveyou123456", "soleil2026!", "doudou1234", "chouchou12", "Bienvenue2026!", "assurance123", "courtage2026", "partenaire1"],
)
def test_what_people_here_would_try_first_is_refused(house, password):
    with house.test_request_context(), pytest.raises(RuleBroken):
        weak.refuse(password)


def test_a_company_is_no_password_at_the_mailed_link_either(house, cast):
    partner = cast.partner(name="Courtage du Trièves")
    link = cast.invite(partner, cast.client_for("manager"), "jeanne@example.org")
    sent = {"first_name": "Jeanne", "last_name": "M", "password": "Trieves-2026", "password_again": "Trieves-2026"}
    assert "which others know as well" in cast.stranger().post(link, sent, **EN).text


def test_a_password_typed_for_somebody_is_in_no_page(house, cast):
    admin = cast.client_for("administrator")
    grown_old(cast)
    page = admin.post("/settings/staff/new", {"first_name": "Jeanne", "password": "typed for somebody"})
    assert (page.status_code, "typed for somebody" in page.text, "Jeanne" in page.text) == (401, False, True)


def test_a_whole_sign_in_is_proved_no_longer_than_its_password(house, cast):
    user = cast.staff("manager")
    generator, _codes = with_factor(cast, user)
    visitor, _answer = at_door(cast, user)
    half = cast.read(lambda session: session.query(m.SignIn).filter_by(awaits="code").one())
    assert visitor.post("/second-factor/code", {"code": generator.at(int(time.time()) + 30)}).status_code == 302
    whole = cast.read(lambda session: session.query(m.SignIn).filter_by(digest=people.digest_of(cookie(visitor))).one())
    assert whole.proved_at == half.proved_at


def test_who_has_not_shown_the_second_factor_has_not_signed_in(house, cast):
    user = cast.staff("manager")
    with_factor(cast, user)
    at_door(cast, user)
    assert cast.get(m.User, user.id).last_login is None
    assert "second_factor" not in cast.client_for("administrator").get("/console/").text


def test_counts_that_hold_nobody_up_are_swept_at_night(house, cast):
    from app.services import throttle
    from app.services.crossings import crossing

    at_door(cast, cast.staff("reader"), "not the password")
    with cast.writing() as session:
        session.execute(update(m.Attempt).where(m.Attempt.failures > 0).values(last_at=m.now() - 2 * throttle.FORGOTTEN_AFTER))
    at_door(cast, cast.staff("reader"), "not the password")
    counted = cast.count(m.Attempt)
    with house.app_context(), crossing(reading=False) as session:
        throttle.sweep(session)
        session.commit()
    assert 0 < cast.count(m.Attempt) < counted
