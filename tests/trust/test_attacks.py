"""Attacks that worked once, each by name: a redirect, rights that rise, sessions that outlive their password, names that carry
an address, mails without end."""

from __future__ import annotations

import itertools
import re
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
import time_machine

from app import models as m
from app.services import people, sign_ins
from app.services.refusals import RuleBroken
from tests.cast import PASSWORD

EN = {"headers": {"Accept-Language": "en"}}


@pytest.mark.parametrize("back", ["/\t/evil.example/x", "//evil.example", "/\\evil.example", "https://evil.example", "/a\nb"])
def test_back_never_leads_to_another_host(house, cast, back):
    visitor = cast.client_for("owner")
    answer = visitor.client.post(
        "/portal/clients/new", query_string={"back": back}, data={"csrf_token": visitor.csrf(), "one_time": "x1", "kind": "person", "last_name": "Martin"}
    )
    assert re.fullmatch(r"/portal/clients/\d+", answer.headers["Location"])


def test_a_broker_reads_its_agents_rows_and_writes_none_of_them(house, cast):
    broker = cast.partner()
    agent = cast.partner(parent_id=broker.id, kind=m.PartnerKind.AGENT)
    client = cast.client(agent, last_name="Del’Agent")
    account = cast.add(m.BankAccount(partner_id=agent.id, holder="Agent", iban="FR7630006000011234567890189"))
    signatory = cast.add(m.Signatory(client_id=client.id, first_name="A", last_name="B", is_principal=True))
    owner = cast.client_for("owner", broker)
    assert "Del’Agent" in owner.get("/portal/clients/").text
    page = owner.get(f"/portal/clients/{client.id}").text
    assert "Del’Agent" in page
    assert f"/portal/clients/{client.id}/edit" not in page
    for path in (
        f"/portal/clients/{client.id}/edit",
        f"/portal/bank-accounts/{account.id}/edit",
        f"/portal/clients/{client.id}/qpr/answer",
        f"/portal/signatories/{signatory.id}/edit",
    ):
        assert owner.get(path).status_code == 404, path
        assert owner.post(path, {"last_name": "Stolen", "kind": "person", "holder": "Me", "iban": "FR1420041010050500013M02606", "version": 1}).status_code == 404, path
    assert owner.post(f"/portal/clients/{client.id}/delete", {"name_again": client.name, "version": 1}).status_code == 404
    assert cast.get(m.Client, client.id).last_name == "Del’Agent"
    assert cast.get(m.BankAccount, account.id).iban == "FR7630006000011234567890189"
    assert owner.post("/portal/signatories/new", {"client_id": client.id, "first_name": "X", "last_name": "Y", "role": "holder"}).status_code == 404
    assert cast.count(m.Signatory) == 1


def test_a_right_over_staff_is_no_way_to_more_rights(house, cast):
    with cast.writing() as session:
        permissions = [pair for pair in session.query(m.PermissionView) if (pair.permission.name, pair.view_menu.name) == ("can_write", "staff_people")]
        session.add(m.Role(name="clerk", permissions=permissions))
        administrator = session.query(m.Role).filter_by(name="administrator").one().id
        session.flush()
        clerk_role = session.query(m.Role).filter_by(name="clerk").one().id
    with cast.writing() as session:
        clerk = m.User(first_name="C", last_name="L", username="clerk@x.example", email="clerk@x.example", side=m.Side.STAFF, active=True)
        clerk.roles = [session.get_one(m.Role, clerk_role)]
        session.add(clerk)
    boss = cast.staff()
    visitor = cast.signed_in(clerk)
    own = {"first_name": "C", "last_name": "L", "email": "clerk@x.example", "roles": [administrator], "active": "y", "version": 1}
    assert visitor.post(f"/settings/staff/{clerk.id}", own).status_code == 422
    theirs = {"first_name": "A", "last_name": "B", "email": boss.email, "roles": [clerk_role], "active": "y", "password": "a new password", "version": 1}
    assert visitor.post(f"/settings/staff/{boss.id}", theirs).status_code == 422
    assert visitor.post("/settings/roles/new", {"name": "greedy", "settings": "FULL"}).status_code == 422
    assert visitor.get("/settings/checks/").status_code == 403
    assert cast.signed_in(boss).get("/settings/checks/").status_code == 200


def test_a_password_set_by_an_administrator_and_a_deactivation_end_every_session(house, cast):
    reader, admin = cast.staff("reader"), cast.client_for("administrator")
    role = cast.read(lambda session: session.query(m.Role).filter_by(name="reader").one().id)
    facts = {"first_name": "R", "last_name": "R", "email": reader.email, "roles": [role]}
    for change in ({"active": "y", "password": "another password"}, {}):
        stolen = cast.signed_in(reader)
        assert stolen.get("/partners/").status_code == 200
        for sent in (change, {"active": "y"}):
            version = cast.read(lambda session: session.get(m.User, reader.id).version)
            assert admin.post(f"/settings/staff/{reader.id}", facts | sent | {"version": version}).status_code == 302
        assert stolen.get("/partners/").headers["Location"] == "/login"


def test_changing_ones_own_password_ends_a_copied_cookie_too(house, cast):
    user = cast.staff()
    visitor = cast.signed_in(user)
    with visitor.client.session_transaction() as session:
        copied = session["sign_in"]
    sent = {"current": PASSWORD, "password": "quite another password", "password_again": "quite another password"}
    assert visitor.post("/account/password", sent).status_code == 302
    assert visitor.get("/partners/").status_code == 200
    with house.app_context():
        assert people.identify(copied)[0] is None


def test_the_current_password_cannot_be_guessed_freely(house, cast):
    visitor = cast.client_for("administrator")
    sent = {"current": "wrong wrong wrong", "password": "quite another password", "password_again": "quite another password"}
    answers = [visitor.post("/account/password", sent, **EN).text for _turn in range(7)]
    assert "This is not your current password" in answers[0]
    assert "Too many attempts" in answers[-1]


def tries(house, email, password, addresses):
    """What each try at the staff's door says."""
    said = []
    with house.test_request_context():
        for address in addresses:
            try:
                sign_ins.sign_in(email, password, m.Side.STAFF, address)
                said.append("in")
            except RuleBroken as refusal:
                said.append("slow" if "attempts" in str(refusal.sentence) or "tentatives" in str(refusal.sentence) else "wrong")
    return said


def test_one_account_is_slowed_from_everywhere_and_nobody_is_locked_out_by_strangers(house, cast):
    user = cast.staff()
    many = [f"198.51.100.{number}" for number in range(40)]
    said = tries(house, user.email, "not the password", many)
    print(f"\nwrong tries from forty addresses: {said.count('wrong')} tested, {said.count('slow')} slowed")
    assert said.count("slow") >= 15
    other = cast.staff()
    tries(house, "stranger@example.org", "not the password", ["203.0.113.9"] * 90)
    assert tries(house, other.email, PASSWORD, ["203.0.113.9"]) == ["in"]  # ninety failures of strangers behind the same proxy


def test_twelve_wrong_passwords_at_once_are_twelve(house, cast):
    user = cast.staff()

    def one(_number):
        return tries(house, user.email, "not the password", ["198.51.100.1"])[0]

    with ThreadPoolExecutor(12) as pool:
        said = list(pool.map(one, range(12)))
    assert set(said) <= {"wrong", "slow"}
    counted = cast.read(lambda session: max(attempt.failures for attempt in session.query(m.Attempt)))
    assert counted == said.count("wrong")


def test_a_name_carries_no_address_and_makes_no_button(house, cast):
    sent = {"first_name": "X,\n\nhttps://evil.example/pay\n\nBye", "last_name": "Y", "email": "victim@example.org"}
    assert cast.stranger().post("/partner/register", sent).status_code == 422
    sent["first_name"] = "X,\n\nBye"
    assert cast.stranger().post("/partner/register", sent).status_code == 200
    mail = cast.mails()[-1]
    assert "X, Bye" in mail.text
    assert re.findall(r'href="([^"]+)"', mail.html) == [re.search(r"http://localhost/partner/confirm/\S+", mail.text)[0]]


def test_a_flood_of_requests_is_five_mails_and_holds_up_neither_the_person_nor_an_invitation(house, cast):
    stranger, sent = cast.stranger(), {"first_name": "A", "last_name": "B", "email": "victim@example.org"}

    def received():
        return len([mail for mail in cast.mails() if mail.recipient == "victim@example.org"])

    with time_machine.travel(datetime.now(UTC), tick=False) as clock:
        answers = {stranger.post("/partner/register", sent).status_code for _turn in range(12)}
        assert answers == {200}  # the page says the same, whether a mail left or not
        assert received() == 5
        cast.invite(cast.partner(), cast.client_for("administrator"), "victim@example.org")
        assert received() == 6
        clock.shift(3)  # the seven requests that were not mailed have not made the wait any longer
        assert stranger.post("/partner/register", sent).status_code == 200
        assert received() == 7
        for number in itertools.count():
            if stranger.post("/partner/register", sent | {"email": f"v{number}@example.org"}).status_code == 422:
                break
    assert number <= 30


def test_a_line_break_in_a_company_name_is_a_space(house, cast):
    partner = cast.partner(status=m.PartnerStatus.DRAFT, siren=None)
    visitor = cast.signed_in(cast.member(partner), partner)
    sent = {
        "name": "ACME\n\nArticle 6 – Exception\nThe House pays.",
        "kind": "introducer",
        "exercise": "commercial",
        "siren": "732829320",
        "rcs_town": "Lyon",
        "city": "Lyon",
    }
    assert visitor.post("/partner/file/company", sent).status_code == 302
    assert cast.get(m.Partner, partner.id).name == "ACME Article 6 – Exception The House pays."


def test_an_invitation_dies_with_its_senders_access(house, cast):
    partner = cast.partner()
    rogue = cast.member(partner)
    inviter = cast.signed_in(rogue, partner)
    inviter.post("/portal/people/invite", {"first_name": "S", "last_name": "T", "email": "second@example.org", "role": "owner"})
    link = re.search(r"http://localhost(/partner/confirm/\S+)", cast.mails()[-1].text)[1]
    assert "second@example.org" in inviter.get("/portal/people/").text
    with cast.writing() as session:
        session.delete(session.query(m.Membership).filter_by(user_id=rogue.id).one())
    answer = cast.stranger().post(link, {"first_name": "S", "last_name": "T", "password": PASSWORD, "password_again": PASSWORD})
    assert answer.status_code == 422
    assert cast.count(m.Membership, m.Membership.partner_id == partner.id) == 0


def test_a_pending_invitation_can_be_withdrawn(house, cast):
    partner = cast.partner()
    owner, admin = cast.client_for("owner", partner), cast.client_for("administrator")
    link = cast.invite(partner, admin, "someone@example.org")
    number = cast.read(lambda session: session.query(m.OneTimeLink).one().id)
    assert cast.client_for("owner").post(f"/portal/people/invitations/{number}/withdraw").status_code == 404
    assert "someone@example.org" in owner.get("/portal/people/").text
    assert owner.post(f"/portal/people/invitations/{number}/withdraw").status_code == 302
    assert cast.stranger().get(link).status_code == 410


def test_an_unknown_language_of_an_invitation_is_refused(house, cast):
    partner = cast.partner()
    answer = cast.client_for("administrator").post(f"/partners/{partner.id}/invite", {"email": "a@example.org", "language": "zz"}, **EN)
    assert answer.status_code == 422
    assert "This language is not available." in answer.text


def test_a_kept_part_of_a_page_tells_nobody_the_name_of_somebody_elses_client(house, cast):
    """Two owners with the same rights ask for the same address; what is kept of the first one's page names no record."""
    one, two = cast.partner(), cast.partner()
    client = cast.client(one, last_name="Seulementàmoi")
    cast.contract(one, client)
    mine, theirs = cast.client_for("owner", one), cast.client_for("owner", two)
    address = f"/portal/contracts/?client_id={client.id}"
    assert "Seulementàmoi" in mine.get(address).text
    assert "Seulementàmoi" not in theirs.get(address).text


def test_two_people_who_edit_a_member_of_staff_or_a_colleague_do_not_overwrite_each_other(house, cast):
    reader, admin = cast.staff("reader"), cast.client_for("administrator")
    role = cast.read(lambda session: session.query(m.Role).filter_by(name="reader").one().id)
    facts = {"first_name": "First", "last_name": "R", "email": reader.email, "roles": [role], "active": "y", "version": 1}
    assert admin.post(f"/settings/staff/{reader.id}", facts).status_code == 302
    answer = admin.post(f"/settings/staff/{reader.id}", facts | {"first_name": "Second"}, **EN)
    assert answer.status_code == 409
    assert "Somebody else saved this record" in answer.text
    assert 'value="Second"' in answer.text
    assert cast.get(m.User, reader.id).first_name == "First"
    partner = cast.partner()
    owner, other = cast.client_for("owner", partner), cast.member(partner, "member")
    key = cast.read(lambda session: session.query(m.Membership).filter_by(user_id=other.id).one().id)
    assert owner.post(f"/portal/people/{key}", {"role": "read_only", "version": 1}).status_code == 302
    assert owner.post(f"/portal/people/{key}", {"role": "owner", "version": 1}).status_code == 409
    assert cast.get(m.Membership, key).role is m.MemberRole.READ_ONLY
