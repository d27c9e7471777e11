"""Becoming a partner, done wrong: links, files, steps, numbers. A sentence each time, and nothing lost or half-written."""

from __future__ import annotations

import io
import re
from datetime import timedelta

import pytest
from PIL import Image
from pypdf import PdfWriter
from pypdf.generic import DictionaryObject, NameObject, TextStringObject
from sqlalchemy import update

from app import models as m
from app.services import registration
from tests.cast import PASSWORD

EN = {"headers": {"Accept-Language": "en"}}
SENT = {"first_name": "Jeanne", "last_name": "Martin", "password": PASSWORD, "password_again": PASSWORD}


def link_of(cast, email="jeanne@example.org"):
    with cast.app.app_context():
        registration.register(email, "Jeanne", "Martin", "en", "192.0.2.1")
    return re.search(r"http://localhost(/partner/confirm/\S+)", cast.mails()[-1].text)[1]


def a_picture(kind="JPEG", size=(40, 30)):
    out = io.BytesIO()
    Image.new("RGB", size).save(out, kind)
    return out.getvalue()


def applicant(cast, **facts):
    partner = cast.partner(**{"status": m.PartnerStatus.DRAFT, "siren": "732829320"} | facts)
    return partner, cast.client_for("owner", partner)


def test_a_link_works_once(house, cast):
    link = link_of(cast)
    assert cast.stranger().post(link, SENT).headers["Location"] == "/portal/"
    again = cast.stranger().get(link, **EN)
    assert again.status_code == 410
    assert "This link has already been used" in again.text
    assert cast.count(m.User, m.User.side == m.Side.PARTNER) == 1


def test_a_link_posted_twice_makes_one_person(house, cast):
    link, visitor = link_of(cast), cast.stranger()
    assert visitor.post(link, SENT).status_code == 302
    assert visitor.post(link, SENT).status_code == 410
    assert (cast.count(m.User), cast.count(m.Partner)) == (1, 1)


def test_a_link_expires_and_a_newer_one_replaces_it(house, cast):
    first = link_of(cast)
    second = link_of(cast)
    assert cast.stranger().get(first).status_code == 410
    with cast.writing() as session:
        session.execute(update(m.OneTimeLink).values(expires_at=m.now() - timedelta(seconds=1)))
    expired = cast.stranger().get(second, **EN)
    assert expired.status_code == 410
    assert "This link has expired." in expired.text


def test_an_invented_link_is_refused_in_words(house, cast):
    for secret in ("x", "%00", "a" * 500):
        assert cast.stranger().get(f"/partner/confirm/{secret}").status_code == 410


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"password": "short", "password_again": "short"}, "password"),
        ({"password_again": "something else"}, "password_again"),
        ({"first_name": ""}, "first_name"),
        ({"last_name": "x" * 65}, "last_name"),
    ],
)
def test_a_wrong_password_or_name_is_refused_beside_its_field(house, cast, change, field):
    link = link_of(cast)
    answer = cast.stranger().post(link, SENT | change)
    assert answer.status_code == 422
    assert f'id="{field}_help"' in answer.text
    assert PASSWORD not in answer.text
    assert cast.count(m.User) == 0
    assert cast.stranger().get(link).status_code == 200  # the link still works


def test_a_step_out_of_order_leads_to_where_the_file_stands(house, cast):
    _partner, visitor = applicant(cast)
    assert visitor.get("/partner/file/sign").headers["Location"] == "/partner/file/"
    assert visitor.get("/partner/file/waiting").headers["Location"] == "/partner/file/"
    assert visitor.get("/partner/file/").headers["Location"] == "/partner/file/you"
    assert visitor.get("/portal/clients/").headers["Location"] == "/partner/file/"
    submitted, waiting = applicant(cast, status=m.PartnerStatus.PENDING_VALIDATION, siren="999000011")
    assert waiting.get("/partner/file/company").headers["Location"] == "/partner/file/"
    assert waiting.post("/partner/file/company", {"name": "Changed"}).status_code == 302
    assert cast.get(m.Partner, submitted.id).name != "Changed"


def test_submitting_an_incomplete_file_says_what_is_missing(house, cast):
    partner, visitor = applicant(cast)
    answer = visitor.post("/partner/file/submit", **EN)
    assert answer.status_code == 422
    assert "Please add this document: Identity document." in answer.text
    assert cast.get(m.Partner, partner.id).status is m.PartnerStatus.DRAFT


OPENS_A_BOX = DictionaryObject(
    {NameObject("/OpenAction"): DictionaryObject({NameObject("/S"): NameObject("/JavaScript"), NameObject("/JS"): TextStringObject("app.alert(1)")})}
)


def a_pdf(change=lambda writer: None) -> bytes:
    """A PDF of one page."""
    writer = PdfWriter()
    writer.add_blank_page(200, 200)
    change(writer)
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("empty.pdf", b"", "This file is empty."),
        ("page.pdf", b"<html><script>alert(1)</script></html>", "Only PDF, JPEG and PNG files are accepted."),
        ("picture.svg", b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", "Only PDF, JPEG and PNG files are accepted."),
        ("macro.docm", b"PK\x03\x04" + b"\0" * 100, "Only PDF, JPEG and PNG files are accepted."),
        ("cut.pdf", b"%PDF-1.7\n1 0 obj", "This PDF is not complete."),
        ("script.pdf", a_pdf(lambda writer: writer.root_object.update(OPENS_A_BOX)), "This PDF contains active code."),
        (
            "disguised.pdf",
            a_pdf(lambda writer: writer.root_object.update(OPENS_A_BOX)).replace(b"/JavaScript", b"/J#61vaScript").replace(b"/JS", b"/J#53"),
            "This PDF contains active code.",
        ),
        ("packed.pdf", a_pdf(lambda writer: writer.add_attachment("run.exe", b"MZ")), "This PDF contains active code."),
        ("tail.pdf", a_pdf() + b"PK\x03\x04" + b"\0" * 100, "This PDF is not complete."),
        ("text.pdf", b"%PDF-%%EOF", "This PDF cannot be read."),
        ("broken.jpg", a_picture()[:200], "This picture cannot be read."),
        ("large.pdf", b"%PDF-1.7\n" + b"0" * (10 * 1024 * 1024) + b"\n%%EOF", "This file is too large: the limit is 10 MB."),
    ],
)
def test_a_file_of_a_wrong_kind_is_refused_beside_its_field(house, cast, name, content, sentence):
    _partner, visitor = applicant(cast)
    sent = {"identity_number": "12AB34561", "identity_expires_on": "2032-01-31", "iban": "FR7630006000011234567890189", "document_identity": (io.BytesIO(content), name)}
    answer = visitor.post("/partner/file/documents", sent, **EN)
    assert answer.status_code == 422
    assert sentence in answer.text.split('id="document_identity_help"')[1][:500]
    assert 'value="12AB34561"' in answer.text
    assert cast.count(m.Document) == 0


def test_a_good_file_is_kept_when_something_else_is_wrong(house, cast):
    _partner, visitor = applicant(cast)
    answer = visitor.post(
        "/partner/file/documents",
        {"identity_number": "12AB34561", "iban": "FR76 0000", "document_identity": (io.BytesIO(a_picture()), "../../carte\x00 d'identité.exe")},
        **EN,
    )
    assert answer.status_code == 422
    assert "carte d&#39;identité.jpg" in answer.text
    assert cast.count(m.Document) == 1
    again = visitor.post("/partner/file/documents", {"identity_number": "12AB34561", "iban": "FR7630006000011234567890189"})
    assert again.headers["Location"] == "/partner/file/activity"


def test_a_download_is_an_attachment_that_no_browser_takes_for_a_page(house, cast):
    partner = cast.partner()
    document = cast.document(partner)
    answer = cast.client_for("compliance").get(f"/files/documents/{document.id}")
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.get_data().startswith(b"%PDF")


def test_five_wrong_codes_burn_the_code(house, cast):
    partner, visitor = applicant(cast, status=m.PartnerStatus.TO_SIGN)
    agreement = cast.agreement(partner, status=m.AgreementStatus.TO_SIGN, signed_at=None, signed_by=None, expires_at=m.now() + timedelta(days=1))
    visitor.post("/partner/file/sign/code", {"agreement": agreement.id})
    code = re.search(r"\b[0-9]{6}\b", cast.mails()[-1].text)[0]
    wrong = "000000" if code != "000000" else "111111"
    for _turn in range(5):
        assert visitor.post("/partner/file/sign", {"agreement": agreement.id, "code": wrong, "consent": "1"}).status_code == 422
    answer = visitor.post("/partner/file/sign", {"agreement": agreement.id, "code": code, "consent": "1"}, **EN)
    assert "This code is no longer valid." in answer.text
    assert cast.get(m.Agreement, agreement.id).status is m.AgreementStatus.TO_SIGN


def test_an_offer_to_sign_expires(house, cast):
    partner, visitor = applicant(cast, status=m.PartnerStatus.TO_SIGN)
    agreement = cast.agreement(partner, status=m.AgreementStatus.TO_SIGN, signed_at=None, signed_by=None, expires_at=m.now() - timedelta(days=1))
    visitor.post("/partner/file/sign/code", {"agreement": agreement.id})
    assert cast.mails() == []


def test_nobody_signs_somebody_elses_agreement(house, cast):
    theirs, _their_visitor = applicant(cast, status=m.PartnerStatus.TO_SIGN, siren="999000011")
    agreement = cast.agreement(theirs, status=m.AgreementStatus.TO_SIGN, signed_at=None, signed_by=None, expires_at=m.now() + timedelta(days=1))
    _ours, visitor = applicant(cast, status=m.PartnerStatus.TO_SIGN)
    visitor.post("/partner/file/sign/code", {"agreement": agreement.id})
    assert cast.mails() == []
    assert visitor.get(f"/partner/files/documents/{cast.document(theirs).id}").status_code == 404


def test_a_person_of_two_companies_chooses_and_sees_one_at_a_time(house, cast):
    one, two = cast.partner(name="Première"), cast.partner(name="Deuxième")
    user = cast.member(one)
    cast.add(m.Membership(user_id=user.id, partner_id=two.id, role=m.MemberRole.READ_ONLY))
    for partner in (one, two):
        cast.client(partner, last_name=f"Client{partner.name}")
    visitor = cast.signed_in(user, one)
    assert "ClientPremière" in visitor.get("/portal/clients/").text
    assert visitor.post("/partner/cabinet/", {"partner_id": two.id}).status_code == 302
    page = visitor.get("/portal/clients/").text
    assert "ClientDeuxième" in page
    assert "ClientPremière" not in page
    assert visitor.get("/portal/clients/new").status_code == 403  # read only there
    assert visitor.post("/partner/cabinet/", {"partner_id": cast.partner().id}).status_code == 422


def test_an_invitation_opens_no_existing_account(house, cast):
    """Whoever holds the link joins the company, and still needs the password to come in."""
    user, other = cast.member(cast.partner()), cast.partner()
    link = cast.invite(other, cast.client_for("administrator"), user.email)
    visitor = cast.stranger()
    assert visitor.post(link).headers["Location"] == "/partner/signin"
    assert visitor.get("/portal/").headers["Location"] == "/partner/signin"
    assert cast.count(m.Membership, m.Membership.user_id == user.id) == 2


def test_a_broker_sees_its_agents_clients(house, cast):
    broker = cast.partner()
    agent = cast.partner(parent_id=broker.id)
    client = cast.client(agent, last_name="Chezlagent")
    assert "Chezlagent" in cast.client_for("owner", broker).get("/portal/clients/").text
    assert cast.client_for("owner", agent).get(f"/portal/clients/{client.id}").status_code == 200
    other = cast.client(broker)
    assert cast.client_for("owner", agent).get(f"/portal/clients/{other.id}").status_code == 404
