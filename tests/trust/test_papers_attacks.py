"""What went wrong once with papers and signatures, each by name."""

from __future__ import annotations

import io
import re
from datetime import timedelta

import pytest
from flask_migrate import downgrade, upgrade

from app import models as m
from app.connectors import documents
from app.extensions import db
from app.services import jobs, mrz
from app.services.refusals import RuleBroken
from tests.services.test_mrz import BORN, zone
from tests.views.test_registration import a_picture, applicant
from tests.views.test_signing import EN, code_in, files_of, offered, pdf, ready, sign  # noqa: F401 - fixtures among them


def expire(cast, agreement):
    with cast.writing() as session:
        session.get_one(m.Agreement, agreement.id).expires_at = m.now() - timedelta(days=1)
    with cast.app.app_context():
        jobs.enqueue("offers_to_sign", {}, "")
        db.session.commit()
        jobs.work_off()


def test_an_offer_that_expired_overnight_can_be_asked_for_again(house, cast, ready):  # noqa: F811
    _partner, visitor, agreement = ready
    expire(cast, agreement)
    assert cast.get(m.Agreement, agreement.id).status is m.AgreementStatus.EXPIRED
    page = visitor.get("/partner/file/sign")
    assert (page.status_code, "/partner/file/sign/renew" in page.text) == (200, True)
    assert visitor.post("/partner/file/sign/renew").status_code == 302
    fresh = cast.read(lambda session: session.query(m.Agreement).filter_by(status=m.AgreementStatus.TO_SIGN).one())
    assert sign(cast, visitor, fresh).status_code == 302


def test_what_staff_took_back_is_theirs_to_offer_again(house, cast, ready):  # noqa: F811
    _partner, visitor, agreement = ready
    manager = cast.client_for("manager")
    manager.post("/agreements/action/withdraw", {"ids": agreement.id, "confirmed": "1", "reason": "A mistake."})
    assert "The offer has been withdrawn" in visitor.get("/partner/file/sign", **EN).text
    visitor.post("/partner/file/sign/renew")
    assert cast.count(m.Agreement) == 1
    assert manager.post("/agreements/action/offer_again", {"ids": agreement.id, "from_record": "1"}).status_code == 302
    assert cast.count(m.Agreement, m.Agreement.status == m.AgreementStatus.TO_SIGN) == 1
    assert cast.mails()[-1].notice == "to_sign"


def test_a_code_is_its_addressees(house, cast, ready):  # noqa: F811
    partner, first, agreement = ready
    second = cast.client_for("owner", cast.get(m.Partner, partner.id))
    first.post("/partner/file/sign/code", {"agreement": agreement.id})
    mail = cast.mails()[-1]
    answer = second.post("/partner/file/sign", {"agreement": agreement.id, "code": code_in(mail), "consent": "1"})
    assert (answer.status_code, cast.get(m.Agreement, agreement.id).status) == (422, m.AgreementStatus.TO_SIGN)
    assert first.post("/partner/file/sign", {"agreement": agreement.id, "code": code_in(mail), "consent": "1"}).status_code == 302
    assert cast.get(m.Agreement, agreement.id).proof["email"] == mail.recipient


@pytest.mark.parametrize("role", ["member", "read_only"])
def test_only_owners_sign_and_open_private_papers_before_the_portal_opens(house, cast, ready, role):  # noqa: F811
    partner, _owner, agreement = ready
    visitor = cast.client_for(role, cast.get(m.Partner, partner.id))
    for deed in ("", "/code", "/decline", "/renew"):
        assert visitor.post(f"/partner/file/sign{deed}", {"agreement": agreement.id, "code": "1", "consent": "1", "reason": "x"}).status_code == 403, deed
    assert "An owner of your company signs it" in visitor.get("/partner/file/sign", **EN).text
    document = cast.read(lambda session: session.query(m.Document).one())
    assert visitor.get(f"/partner/files/documents/{document.id}").status_code == 404


def test_a_broker_opens_no_private_paper_of_its_agents(house, cast):
    broker = cast.partner()
    agent = cast.partner(parent_id=broker.id)
    owner = cast.client_for("owner", broker)
    for kind in (m.DocumentKind.IDENTITY, m.DocumentKind.BANK):
        assert owner.get(f"/portal/files/documents/{cast.document(agent, kind=kind).id}").status_code == 404
        assert owner.get(f"/portal/files/documents/{cast.document(broker, kind=kind).id}").status_code == 200


def test_a_file_that_binds_nobody_is_not_called_whole(house, cast, ready, tmp_path):  # noqa: F811
    partner, visitor, agreement = ready
    offered_pdf = pdf(visitor, "/partner/file/agreement.pdf")
    sign(cast, visitor, agreement)
    signed_pdf = pdf(visitor, "/partner/file/agreement.pdf")

    def said(content):
        (tmp_path / "it.pdf").write_bytes(content)
        with house.app_context():
            answer = house.test_cli_runner().invoke(args=["verify-agreement", str(tmp_path / "it.pdf")])
        return answer.exit_code, answer.output.splitlines()[-1]

    assert said(offered_pdf) == (2, "Ours and unchanged, but it bears no signature.")
    assert said(signed_pdf) == (0, "Ours, whole and unchanged.")
    cast.client_for("administrator").post(f"/partners/{partner.id}/refuse", {"reason": "no"})
    assert said(signed_pdf) == (2, "Ours and unchanged, but the agreement no longer stands.")


def test_the_house_counter_signs_no_agreement_before_it_has_validated_the_partner(house, cast, ready):  # noqa: F811
    _partner, visitor, agreement = ready
    sign(cast, visitor, agreement)
    assert cast.client_for("administrator").post(f"/agreements/{agreement.id}/countersign").status_code == 404
    assert cast.get(m.Agreement, agreement.id).countersigned_at is None


def test_lines_that_nobody_was_compared_with_are_no_pass(house, cast):
    partner = cast.partner(status=m.PartnerStatus.DRAFT)
    sent = {"kind": "identity", "identity_number": "L898902C9", "file": (io.BytesIO(a_picture()), "card.jpg")}
    sent |= {"mrz": zone("X", "Y").lines, "identity_number": ""}
    assert cast.client_for("manager").post(f"/partners/{partner.id}/documents/new", sent).status_code == 302
    check = cast.read(lambda session: session.query(m.Check).one())
    assert check.answered.get("lines", "") == ""


def test_refused_and_doubled_files_leave_nothing_behind(house, cast):
    for path in files_of(house):
        path.unlink()
    partner = cast.partner()
    owner = cast.client_for("owner", partner)

    def hand_in(**more):
        return owner.post("/portal/documents/new", {"kind": "identity", "file": (io.BytesIO(a_picture()), "card.jpg")} | more)

    assert [hand_in().status_code for _number in range(3)] == [422] * 3
    assert files_of(house) == []
    assert [hand_in(identity_number="12AB34567", one_time="the same").status_code for _number in range(3)] == [302] * 3
    assert len(files_of(house)) == cast.count(m.Document) == 1


def test_a_refused_offer_leaves_no_file(house, cast):
    for path in files_of(house):
        path.unlink()
    partner = cast.partner()
    sent = {"language": "en", "name": "A", "text": "B", "one_time": "the same"}
    manager = cast.client_for("manager")
    cast.member(partner)
    for _number in range(3):
        assert manager.post(f"/partners/{partner.id}/amendments/new", sent).status_code == 302
    assert len(files_of(house)) == cast.count(m.Agreement) == 1


def test_a_new_card_does_not_rewrite_what_the_old_one_said(house, cast):
    _partner, visitor = applicant(cast)
    account = {"holder": "X", "iban": "FR7630006000011234567890189"}
    for number in ("OLD123456", "NEW999999"):
        visitor.post("/partner/file/documents", account | {"identity_number": number, "document_identity": (io.BytesIO(a_picture()), f"{number}.jpg")})
    kept = cast.read(lambda session: [paper.number for paper in session.query(m.IdentityPaper).order_by(m.IdentityPaper.id)])
    assert kept == ["OLD123456", "NEW999999"]


def test_earlier_proofs_lose_the_number_of_the_identity_document(house, cast):
    partner = cast.partner()
    check = cast.add(
        m.Check(partner_id=partner.id, kind=m.CheckKind.IDENTITY, result=m.CheckResult.PASSED, asked="12AB34567", answered={"number": "12AB34567", "is_valid": True})
    )
    other = cast.add(m.Check(partner_id=partner.id, kind=m.CheckKind.ORIAS, result=m.CheckResult.PASSED, asked="12345678", answered={"number": "12345678"}))
    document = cast.document(partner)
    with house.app_context():
        downgrade(revision="0019")
        db.session.remove()
        upgrade()
    now_kept = cast.get(m.Check, check.id)
    assert (now_kept.asked, now_kept.answered["number"]) == ("…4567", "…4567")
    assert cast.get(m.Check, other.id).asked == "12345678"
    assert cast.read(lambda session: session.query(m.IdentityPaper).one().number) == "12AB34567"
    assert cast.get(m.Document, document.id).number is None


# --- machine-readable lines -----------------------------------------------------------------------


def passport(birth="740812", expiry="320415", number="L898902C3"):
    second = f"{number}{mrz.check_digit(number)}UTO{birth}{mrz.check_digit(birth)}F{expiry}{mrz.check_digit(expiry)}ZE184226B<<<<<1"
    names = "P<UTOERIKSSON<<ANNA<MARIA".ljust(44, "<")
    return f"{names}\n{second}{mrz.check_digit(second[0:10] + second[13:20] + second[21:43])}"


@pytest.mark.parametrize("birth", ["801301", "740230", "ABCDEF"])
def test_a_birth_on_a_day_that_is_none_is_refused(birth):
    with pytest.raises(RuleBroken):
        mrz.read(passport(birth=birth))


def test_a_birth_date_that_is_not_known_is_no_match():
    found = mrz.read(passport(birth="74<<<<"))
    assert mrz.differences(found, "Anna", "Eriksson", BORN) == ["birth_date"]


def test_a_document_of_the_last_century_has_expired():
    assert mrz.read(passport(expiry="991231")).expires_on.year == 1999


def test_a_space_in_a_number_is_no_difference():
    assert mrz.read(passport(number="AB<123456")).number == "AB123456"


@pytest.mark.parametrize(("surname", "declared"), [("DE", "de la Tour"), ("DE<LA", "de la Tour"), ("LE", "Le Gall")])
def test_a_particle_is_no_name(surname, declared):
    assert "last_name" in mrz.differences(zone(surname, "ANNA"), "Anna", declared, BORN)


# --- the PDF --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["Cabinet \x01\x07 Nord", "Cabinet 😀", "株式会社", "A\u200bB\ufffe"])
def test_a_name_that_no_font_knows_still_makes_a_document(name):
    data = {"title": name, "house": "H", "partner": name, "language": "fr", "signed": True, "parts": [{"title": name, "paragraphs": [name]}]}
    assert documents.render("agreement", data).startswith(b"%PDF")


def test_no_page_of_signing_shows_a_stack_trace(house, cast, ready):  # noqa: F811
    _partner, visitor, agreement = ready
    house.config["RAISE_ERRORS"], before = False, house.config.get("RAISE_ERRORS")
    try:
        for sent in (
            {},
            {"agreement": "x"},
            {"agreement": "9" * 30},
            {"agreement": agreement.id, "code": "\x00", "consent": "1"},
            {"agreement": agreement.id, "consent": "1", "code": "é" * 20},
        ):
            assert visitor.post("/partner/file/sign", sent).status_code == 422
        assert cast.client_for("compliance").post("/wordings/agreement/all/fr", {"begun_from": "9" * 40, "name": "\x00", "text": "{" * 999}).status_code == 422
    finally:
        house.config["RAISE_ERRORS"] = before


def test_amendment_and_agreement_do_not_stand_in_for_each_other(house, cast):
    partner = cast.partner()
    amendment = offered(cast, partner)
    assert re.search(r"amendment|avenant", cast.get(m.Agreement, amendment.id).kind.value)
    with house.test_request_context():
        from app.models.scope import SYSTEM, acting
        from app.services import agreements

        with acting(db.session(), SYSTEM, "tests"):
            assert agreements.to_sign(partner.id) is None
            assert agreements.standing(partner.id) is None
