"""Signing in the browser: the agreement before the portal opens, amendments in it, the counter-signature, and the wordings."""

from __future__ import annotations

import re
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest

from app import models as m
from app.connectors import signature
from app.connectors.signature.local import LocalProvider
from app.services import signing, wordings
from tests.views.test_papers import EN, a_picture, io
from tests.views.test_registration import applicant


def code_in(mail):
    return re.search(r"\b[0-9]{6}\b", mail.text)[0]


@pytest.fixture
def ready(house, cast):
    """An applicant whose file has been submitted: the agreement is offered."""
    partner, visitor = applicant(cast)
    cast.add(m.BankAccount(partner_id=partner.id, holder="X", iban="FR7630006000011234567890189"))
    cast.knowledge(partner)
    visitor.post("/partner/file/documents", {"identity_number": "12AB34567", "document_identity": (io.BytesIO(a_picture()), "card.jpg")})
    assert visitor.post("/partner/file/submit").status_code == 302
    return partner, visitor, cast.read(lambda session: session.query(m.Agreement).one())


def sign(cast, visitor, agreement, page="/partner/file/sign"):
    visitor.post(f"{page}/code", {"agreement": agreement.id})
    return visitor.post(page if page.endswith("/sign") else f"{page}/sign", {"agreement": agreement.id, "code": code_in(cast.mails()[-1]), "consent": "1"})


def pdf(visitor, address):
    answer = visitor.get(address)
    assert answer.mimetype == "application/pdf"
    return answer.get_data()


def test_what_the_partner_reads_signs_and_downloads_is_one_document(house, cast, ready):
    partner, visitor, agreement = ready
    offered = pdf(visitor, "/partner/file/agreement.pdf")
    assert "simple electronic signature" in visitor.get("/partner/file/sign", **EN).text
    assert sign(cast, visitor, agreement).headers["Location"] == "/partner/file/waiting"
    signed = pdf(visitor, "/partner/file/agreement.pdf")
    assert signed.startswith(offered), "the signature was added to the very bytes that were offered"
    with house.app_context():
        assert [signing.verify(content).state for content in (offered, signed)] == ["offered", "signed"]
        assert signing.verify(signed).is_ours
    proof = cast.get(m.Agreement, agreement.id).proof
    assert proof["document_sha256"] == agreement.digest
    assert proof["code_sent_at"]
    assert {"address", "consent", "code_digest", "email", "siren", "seal"} <= proof.keys()


def test_the_house_counter_signs_as_it_validates(house, cast, ready):
    partner, visitor, agreement = ready
    sign(cast, visitor, agreement)
    admin = cast.signed_in(cast.staff("administrator", first_name="Claire", last_name="Fontaine"))
    assert admin.post(f"/partners/{partner.id}/validate", {"none_yet": "1"}).status_code == 302
    now_kept = cast.get(m.Agreement, agreement.id)
    assert (now_kept.countersigned_by, cast.get(m.Partner, partner.id).status) == ("Claire Fontaine", m.PartnerStatus.ACTIVE)
    content = pdf(admin, f"/files/agreements/{agreement.id}")
    with house.app_context():
        found = signing.verify(content)
    assert (found.is_ours, found.state, [seal.field for seal in found.seals]) == (True, "countersigned", ["Partner", "House"])
    kept = {path.name for path in files_of(house)}
    assert {now_kept.key, now_kept.signed_key} <= kept
    assert len(kept) == 3, "the offer, the file with both signatures, the identity card: nothing is left over"


def files_of(house):
    from pathlib import Path

    return [path for path in Path(house.config["FILE_FOLDER"]).rglob("*") if path.is_file()]


@pytest.fixture(autouse=True)
def no_files_before(house):
    for path in files_of(house):
        path.unlink()


def test_a_refused_validation_counter_signs_nothing(house, cast, ready):
    partner, visitor, agreement = ready
    sign(cast, visitor, agreement)
    assert cast.client_for("administrator").post(f"/partners/{partner.id}/validate", {}).status_code == 409
    assert cast.get(m.Agreement, agreement.id).countersigned_at is None
    assert len(files_of(house)) == 3


def test_two_people_who_validate_at_once_counter_sign_once(house, cast, ready):
    from concurrent.futures import ThreadPoolExecutor

    partner, visitor, agreement = ready
    sign(cast, visitor, agreement)
    people = [cast.client_for("administrator") for _number in range(4)]
    tokens = [{"none_yet": "1", "csrf_token": each.csrf()} for each in people]
    with ThreadPoolExecutor(4) as together:
        answers = sorted(together.map(lambda pair: pair[0].post(f"/partners/{partner.id}/validate", pair[1]).status_code, zip(people, tokens, strict=True)))
    assert answers == [302, 409, 409, 409]
    content = pdf(people[0], f"/files/agreements/{agreement.id}")
    with house.app_context():
        assert len(signing.verify(content).seals) == 2
    assert len(files_of(house)) == 3


def test_somebody_who_declines_says_why_and_may_ask_again(house, cast, ready):
    partner, visitor, agreement = ready
    refused = visitor.post("/partner/file/sign/decline", {"agreement": agreement.id, "reason": " "}, **EN)
    assert refused.status_code == 422
    assert "Please say why" in refused.text
    assert visitor.post("/partner/file/sign/decline", {"agreement": agreement.id, "reason": "Article 3 is too vague."}).status_code == 302
    assert "Article 3 is too vague." in visitor.get("/partner/file/sign").text
    assert cast.get(m.Agreement, agreement.id).status is m.AgreementStatus.REFUSED
    assert "does not want to sign" in cast.client_for("administrator").get("/alerts/", **EN).text
    late = {"agreement": agreement.id, "code": "123456", "consent": "1"}
    assert visitor.post("/partner/file/sign", late).status_code == 422, "what was declined is signed no more"
    visitor.post("/partner/file/sign/renew")
    again = cast.read(lambda session: session.query(m.Agreement).filter_by(status=m.AgreementStatus.TO_SIGN).one())
    assert sign(cast, visitor, again).status_code == 302


# --- amendments -----------------------------------------------------------------------------------

AMENDMENT = {"language": "en", "name": "Amendment no. 1", "text": "# Article 1\n\n{partner} also distributes protection.\n\n- one\n- two\n\nDated {date}"}


def offered(cast, partner):
    cast.member(partner)
    manager = cast.client_for("manager")
    assert manager.post(f"/partners/{partner.id}/amendments/new", AMENDMENT).status_code == 302
    return cast.read(lambda session: session.query(m.Agreement).filter_by(kind=m.AgreementKind.AMENDMENT).one())


def test_an_amendment_goes_from_staff_to_partner_and_back(house, cast):
    partner = cast.partner(name="Cabinet {date} <b>")
    cast.agreement(partner)
    owner = cast.client_for("owner", partner)
    amendment = offered(cast, partner)
    assert amendment.body[0]["paragraphs"] == ["Cabinet {date} <b> also distributes protection.", {"items": ["one", "two"]}, amendment.body[0]["paragraphs"][2]]
    mail = cast.mails()[-1]
    assert (mail.notice, mail.partner_id) == ("to_sign", partner.id)
    place = f"/portal/agreements/{amendment.id}"
    assert place in owner.get("/portal/profile/").text
    assert sign(cast, owner, amendment, place).headers["Location"] == place
    admin = cast.client_for("administrator")
    assert "waits for the counter-signature" in admin.get("/alerts/", **EN).text
    assert admin.post(f"/agreements/{amendment.id}/countersign").status_code == 302
    with house.app_context():
        found = signing.verify(pdf(owner, f"/portal/files/agreements/{amendment.id}"))
    assert (found.is_ours, found.state) == (True, "countersigned")
    assert "waits for the counter-signature" not in admin.get("/alerts/", **EN).text
    assert cast.read(lambda session: session.query(m.Agreement).filter_by(kind=m.AgreementKind.AGREEMENT).one().status) is m.AgreementStatus.SIGNED


def test_colleagues_read_an_amendment_and_owners_sign_it(house, cast):
    partner = cast.partner()
    amendment = offered(cast, partner)
    place = f"/portal/agreements/{amendment.id}"
    member = cast.client_for("member", partner)
    page = member.get(place, **EN)
    assert "An owner of your company signs it" in page.text
    assert member.post(f"{place}/sign", {"code": "1", "consent": "1"}).status_code == 403
    assert cast.client_for("owner").get(place).status_code == 404
    assert cast.client_for("owner").post(f"{place}/code").status_code == 404
    assert not [mail for mail in cast.mails() if mail.notice == "signing_code"]


def test_a_parent_reads_and_does_not_sign_for_its_agent(house, cast):
    broker = cast.partner()
    agent = cast.partner(parent_id=broker.id)
    amendment = offered(cast, agent)
    assert cast.client_for("owner", broker).post(f"/portal/agreements/{amendment.id}/code").status_code == 404


def test_staff_withdraw_an_offer_with_a_reason(house, cast):
    amendment = offered(cast, cast.partner())
    manager = cast.client_for("manager")
    sent = {"ids": amendment.id, "confirmed": "1", "reason": "The rate was wrong."}
    assert manager.post("/agreements/action/withdraw", sent).status_code == 302
    now_kept = cast.get(m.Agreement, amendment.id)
    assert (now_kept.status, now_kept.refusal) == (m.AgreementStatus.CANCELLED, "The rate was wrong.")
    assert "The rate was wrong." in manager.get(f"/agreements/{amendment.id}").text


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"text": ""}, "Please write the text"),
        ({"text": "Hello {pratner}"}, "Line 1: there is no field {pratner}"),
        ({"text": "One\n\nHello {partner"}, "Line 3: a brace is not closed"),
        ({"name": " "}, "Please fill in this field"),
        ({"text": "x" * 60_001}, "At most 60000 characters"),
    ],
)
def test_a_wrong_text_is_refused_and_kept(house, cast, change, sentence):
    partner = cast.partner()
    answer = cast.client_for("manager").post(f"/partners/{partner.id}/amendments/new", AMENDMENT | change, **EN)
    assert (answer.status_code, cast.count(m.Agreement)) == (422, 0)
    assert sentence in answer.text
    assert cast.mails() == []


def test_an_amendment_is_numbered_and_its_placeholder_must_go(house, cast):
    partner = cast.partner()
    manager = cast.client_for("manager")
    place = f"/partners/{partner.id}/amendments/new"
    assert 'value="Avenant n° 1"' in manager.get(f"{place}?language=fr").text
    untouched = {"language": "fr", "name": "Avenant", "text": wordings_text(house)}
    assert "Veuillez remplacer la phrase" in manager.post(place, untouched, headers={"Accept-Language": "fr"}).text
    assert "Personne chez ce partenaire" in manager.post(place, AMENDMENT, headers={"Accept-Language": "fr"}).text
    assert cast.mails() == []
    offered(cast, partner)
    assert 'value="Avenant n° 2"' in manager.get(f"{place}?language=fr").text


def wordings_text(house):
    with house.app_context():
        return wordings.built_in(m.AgreementKind.AMENDMENT, "fr").text


def test_an_amendment_is_for_a_partner_whose_agreement_stands(house, cast):
    partner = cast.partner(status=m.PartnerStatus.DRAFT)
    assert cast.client_for("manager").post(f"/partners/{partner.id}/amendments/new", AMENDMENT).status_code == 422
    assert cast.count(m.Agreement) == 0


# --- wordings -------------------------------------------------------------------------------------


def test_a_wording_is_kept_in_versions_and_the_newest_is_what_is_offered(house, cast):
    compliance = cast.client_for("compliance")
    place = "/wordings/agreement/insurance_broker/fr"
    page = compliance.get(place)
    assert "{partenaire}" in page.text
    for number, text in enumerate(("# Un\n\n{partenaire}, première version.", "# Un\n\n{partenaire}, deuxième version.")):
        assert compliance.post(place, {"begun_from": number, "name": "Convention", "text": text}).status_code == 302
    partner, visitor = applicant(cast)
    cast.add(m.BankAccount(partner_id=partner.id, holder="X", iban="FR7630006000011234567890189"))
    cast.knowledge(partner)
    visitor.post("/partner/file/documents", {"identity_number": "12AB34567", "document_identity": (io.BytesIO(a_picture()), "card.jpg")})
    assert visitor.post("/partner/file/submit").status_code == 302
    agreement = cast.read(lambda session: session.query(m.Agreement).one())
    assert agreement.body == [{"title": "Un", "paragraphs": [f"{partner.name}, deuxième version."]}]
    template = cast.get(m.AgreementTemplate, agreement.template_id)
    assert template.number == 2
    assert "première version" in compliance.get(f"{place}?version=1").text


def test_two_people_on_one_wording_the_second_sees_what_the_first_saved(house, cast):
    place = "/wordings/amendment/all/en"
    first, second = cast.client_for("compliance"), cast.client_for("administrator")
    assert first.post(place, {"begun_from": 0, "name": "A", "text": "What the first wrote."}).status_code == 302
    answer = second.post(place, {"begun_from": 0, "name": "A", "text": "What the second wrote."}, **EN)
    assert answer.status_code == 409
    assert "What the first wrote." in answer.text
    assert "What the second wrote." in answer.text
    assert 'name="begun_from" value="1"' in answer.text
    assert cast.count(m.AgreementTemplate) == 1


def test_only_compliance_and_administrators_write_wordings(house, cast):
    place = "/wordings/agreement/all/fr"
    for role, read, written in (("manager", 200, 403), ("reader", 403, 403), ("compliance", 200, 302)):
        visitor = cast.client_for(role)
        assert visitor.get(place).status_code == read, role
        assert visitor.post(place, {"begun_from": 0, "name": "A", "text": "B"}).status_code == written, role


@pytest.mark.parametrize("place", ["/wordings/agreement/nobody/fr", "/wordings/other/all/fr", "/wordings/agreement/all/de"])
def test_an_unknown_wording_is_not_found(house, cast, place):
    assert cast.client_for("compliance").get(place).status_code == 404


def test_the_preview_shows_what_would_be_read_and_what_is_wrong(house, cast):
    compliance = cast.client_for("compliance")
    place = "/wordings/agreement/all/en/preview"
    assert "Cabinet Lumière <i>" not in compliance.post(place, {"text": "{partner} <i>"}).text
    assert "Cabinet Lumière &lt;i&gt;" in compliance.post(place, {"text": "{partner} <i>"}).text
    assert "there is no field {x}" in compliance.post(place, {"text": "{x}"}, **EN).text
    assert compliance.post(place, {"text": "{partner}", "as": "pdf"}).get_data().startswith(b"%PDF")


def test_the_words_of_the_program_hold_every_field_they_name(house):
    with house.app_context():
        for kind in m.AgreementKind:
            for language in ("fr", "en"):
                wordings.check(wordings.built_in(kind, language).text)


# --- the time-stamp server ------------------------------------------------------------------------


class Silent(BaseHTTPRequestHandler):
    """A time-stamp server that answers with a page."""

    def do_POST(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"<html>not a time-stamp</html>")

    def log_message(self, *_words):
        pass


@pytest.fixture
def wrong_server():
    server = HTTPServer(("127.0.0.1", 0), Silent)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize("down", [True, False])
def test_a_time_stamp_server_that_fails_leaves_everything_as_it_was(house, cast, ready, monkeypatch, wrong_server, down):
    partner, visitor, agreement = ready
    url = "http://127.0.0.1:9" if down else wrong_server
    monkeypatch.setattr(signature, "_providers", [LocalProvider({**house.config, "TSA_URL": url})])
    visitor.post("/partner/file/sign/code", {"agreement": agreement.id})
    sent = {"agreement": agreement.id, "code": code_in(cast.mails()[-1]), "consent": "1"}
    answer = visitor.post("/partner/file/sign", sent, **EN)
    assert answer.status_code == 422
    assert "Nothing has been signed" in answer.text
    assert cast.get(m.Agreement, agreement.id).status is m.AgreementStatus.TO_SIGN
    monkeypatch.setattr(signature, "_providers", [LocalProvider({**house.config, "TSA_URL": ""})])
    assert sign(cast, visitor, agreement).status_code == 302


def test_a_signature_is_time_stamped_where_there_is_a_server(house, cast, ready, monkeypatch):
    from pyhanko.sign.timestamps import DummyTimeStamper

    partner, visitor, agreement = ready
    provider = LocalProvider({**house.config, "TSA_URL": "http://127.0.0.1:9"})
    certificate, key = stamping_key()
    provider.time_stamps = DummyTimeStamper(tsa_cert=certificate, tsa_key=key)
    monkeypatch.setattr(signature, "_providers", [provider])
    assert sign(cast, visitor, agreement).status_code == 302
    with house.app_context():
        assert [seal.time_stamped for seal in signing.verify(pdf(visitor, "/partner/file/agreement.pdf")).seals] == [True]


def stamping_key():
    """A certificate for time-stamps and its key."""
    from datetime import UTC, datetime

    from asn1crypto.keys import PrivateKeyInfo
    from asn1crypto.x509 import Certificate
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import rsa
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

    key = rsa.generate_private_key(65537, 2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Time")])
    begins = datetime.now(UTC) - timedelta(hours=1)
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(7).not_valid_before(begins)
    made = made.not_valid_after(begins + timedelta(days=9)).add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]), critical=True)
    bare = key.private_bytes(serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return Certificate.load(made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)), PrivateKeyInfo.load(bare)


def test_the_command_says_whether_a_file_is_ours(house, cast, ready, tmp_path):
    partner, visitor, agreement = ready
    sign(cast, visitor, agreement)
    path = tmp_path / "it.pdf"
    path.write_bytes(pdf(visitor, "/partner/file/agreement.pdf"))
    with house.app_context():
        said = house.test_cli_runner().invoke(args=["verify-agreement", str(path)])
        assert (said.exit_code, "Ours, whole and unchanged." in said.output) == (0, True)
        path.write_bytes(path.read_bytes() + b" ")
        assert house.test_cli_runner().invoke(args=["verify-agreement", str(path)]).exit_code == 1
