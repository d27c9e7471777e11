"""What a signature is worth: every byte of a signed PDF changed, two validators, workers killed while they sign. TRUST.md's rows."""

from __future__ import annotations

import hashlib
import random
import shutil
import statistics
import subprocess
import time

import pytest

from app import models as m
from app.connectors import signature
from app.extensions import db
from app.models.scope import SYSTEM, acting
from app.services import agreements, files, partners, signing
from tests import signing as signed_in_tests
from tests.conftest import missing

PIECES = 400  # places of a file that are changed, spread over all of it


@pytest.fixture
def inside(house):
    with house.test_request_context(), acting(db.session(), SYSTEM, "tests"):
        yield


@pytest.fixture
def pdfsig():
    found = shutil.which("pdfsig")
    if found is None:
        missing("poppler-utils is not installed")
    return found


def signed_by_both(cast, **facts):
    partner = db.session.get_one(m.Partner, cast.partner(status=m.PartnerStatus.TO_SIGN, **facts).id)
    agreements.offer(partner, "fr")
    db.session.flush()
    agreement = signed_in_tests.sign(partner)
    signing.countersign(agreement, signed_in_tests.counter(partner))
    db.session.commit()
    return agreement


def verdicts(pdfsig, content, tmp_path):
    path = tmp_path / "it.pdf"
    path.write_bytes(content)
    said = subprocess.run([pdfsig, "-nocert", str(path)], capture_output=True, text=True, check=False).stdout
    return said.count("Signature is Valid"), said


def test_two_validators_agree_on_a_signed_agreement(inside, cast, pdfsig, tmp_path):
    agreement = signed_by_both(cast)
    content = signed_in_tests.content(agreement.id)
    valid, said = verdicts(pdfsig, content, tmp_path)
    assert valid == 2, said
    assert "Total document signed" in said
    found = signing.verify(content)
    assert found.is_ours
    assert [(seal.field, seal.ours, seal.intact, seal.changed_later) for seal in found.seals] == [("Partner", True, True, False), ("House", True, True, False)]
    evidence = subprocess.run(["pdfdetach", "-saveall", "-o", str(tmp_path), str(tmp_path / "it.pdf")], capture_output=True, check=False)
    assert evidence.returncode == 0
    assert agreement.proof["document_sha256"] in (tmp_path / "evidence.json").read_text()


def test_a_changed_byte_is_found_wherever_it_lies(inside, cast, pdfsig, tmp_path):
    """By the digest anywhere; in the signed range by both validators as well (pdfsig on a tenth of them: it is a process each)."""
    agreement = signed_by_both(cast)
    content = signed_in_tests.content(agreement.id)
    ranges = last_signed_range(content)
    luck = random.Random(3)
    places = sorted(luck.sample(range(len(content)), PIECES))
    by_digest = by_us = by_poppler = in_range = asked = 0
    for number, place in enumerate(places):
        changed = bytearray(content)
        changed[place] ^= 1 << luck.randrange(8)
        by_digest += not signing.verify(bytes(changed)).is_ours if number % 4 == 0 else hashlib.sha256(changed).hexdigest() != hashlib.sha256(content).hexdigest()
        if any(begin <= place < end for begin, end in ranges):
            in_range += 1
            by_us += not seals_hold(bytes(changed))
            if number % 10 == 0:
                asked += 1
                by_poppler += verdicts(pdfsig, bytes(changed), tmp_path)[0] < 2
    print(f"bytes changed: {PIECES}, found by digest {by_digest}; in the signed range {in_range}, found by pyHanko {by_us}; asked of pdfsig {asked}, found {by_poppler}")
    assert (by_digest, by_us, by_poppler) == (PIECES, in_range, asked)
    assert in_range > PIECES // 2


def last_signed_range(content: bytes) -> list[tuple[int, int]]:
    """Where the last signature's two stretches lie: from the file's own /ByteRange."""
    import re

    first, length, second, rest = map(int, re.findall(rb"/ByteRange\s*\[\s*(\d+)\s+(\d+)\s+(\d+)\s+(\d+)", content)[-1])
    return [(first, first + length), (second, second + rest)]


def seals_hold(content: bytes) -> bool:
    try:
        seals = signature.provider().seals(content)
    except signature.NotSigned:
        return False
    return len(seals) == 2 and all(seal.ours and seal.intact and not seal.changed_later for seal in seals)


def test_what_is_added_after_the_last_signature_is_found(inside, cast):
    content = signed_in_tests.content(signed_by_both(cast).id)
    for more in (b"\n", b"%% something else\n", content[-600:]):
        assert not signing.verify(content + more).is_ours


def test_a_file_of_another_house_is_not_ours(inside, cast, tmp_path):
    from app.connectors.signature.local import LocalProvider

    agreement = signed_by_both(cast)
    stranger = LocalProvider({"SECRET_KEY": "x", "KEY_FOLDER": str(tmp_path), "HOUSE_NAME": "Another house", "INSTANCE": "", "TSA_URL": ""})
    offered = b"".join(files.read(agreement.key))
    from app.connectors import documents

    stamp = documents.render("stamp", {"title": "x", "language": "fr", "lines": ["x"]})
    forged = stranger.sign(offered, signature.PARTNER, "forged", stamp)
    found = signing.verify(forged)
    assert not found.is_ours
    assert [(seal.ours, seal.intact) for seal in found.seals] == [(False, True)]


@pytest.mark.parametrize("content", [b"", b"%PDF-1.7", b"hello", b"%PDF-1.7\n" + b"<" * 5000 + b"\n%%EOF"])
def test_what_is_no_pdf_is_said_to_be_none(inside, content):
    found = signing.verify(content)
    assert not found.is_ours
    assert not found.seals


def test_the_key_lies_outside_the_database_and_is_for_its_owner_only(house, cast, inside):
    from pathlib import Path

    signed_by_both(cast)
    key = Path(house.config["INSTANCE"]) / "keys" / "signature.pem"
    assert key.stat().st_mode & 0o077 == 0
    secret = key.read_text().split("-----")[2].strip()[:60]
    for entity in (m.Agreement, m.AgreementFile, m.Setting, m.History, m.HistoryValues, m.Mail):
        rows = cast.read(lambda session, entity=entity: [str(vars(row)) for row in session.query(entity)])
        assert not [row for row in rows if secret in row]


def test_many_processes_that_need_the_key_at_once_make_one(tmp_path):
    from concurrent.futures import ThreadPoolExecutor

    from app.connectors.signature.keys import key_and_certificate

    with ThreadPoolExecutor(8) as together:
        found = set(together.map(lambda _number: key_and_certificate(tmp_path / "keys", "House"), range(16)))
    assert len(found) == 1
    assert [path.name for path in (tmp_path / "keys").iterdir()] == ["signature.pem"]


def test_a_partner_withdrawn_in_mid_signature_has_signed_nothing(inside, cast):
    partner = db.session.get_one(m.Partner, cast.partner(status=m.PartnerStatus.TO_SIGN).id)
    agreement = agreements.offer(partner, "fr")
    db.session.commit()
    sealed = signing.seal_of(agreement, partner, "A. Martin", "a@example.org", "192.0.2.1", "digest", None)
    partners.close(partner, "Claire", "gave up")
    db.session.commit()
    with pytest.raises(signing.RuleBroken):
        signing.sign(agreement.id, sealed)
    db.session.rollback()
    signing.tidy(agreement.id, sealed)
    assert agreement.status is m.AgreementStatus.CANCELLED
    with pytest.raises(files.FileMissing):
        list(files.read(sealed.kept.key))


def test_figures_of_pdf_and_signature(inside, cast):
    """TRUST asks for 0.3 s and 0.1 s at the median; printed, and never the reason for a red test on a busy machine."""
    from app.services import wordings

    partner = db.session.get_one(m.Partner, cast.partner().id)
    wording = wordings.in_force(m.AgreementKind.AGREEMENT, partner.kind, "fr")
    parts = wordings.parts_of(wording.text, partner, "fr")
    pdfs, seals = [], []
    for _time in range(7):
        begun = time.perf_counter()
        content = agreements.written(wording.name, str(partner), "fr", parts)
        pdfs.append(time.perf_counter() - begun)
        from app.connectors import documents

        stamp = documents.render("stamp", {"title": "x", "language": "fr", "lines": ["x"]})
        begun = time.perf_counter()
        signature.provider().sign(content, signature.PARTNER, "x", stamp, b"{}")
        seals.append(time.perf_counter() - begun)
    print(f"PDF with its fields: median {statistics.median(pdfs):.3f} s (asked 0.3); signature: median {statistics.median(seals):.3f} s (asked 0.1)")
    assert content.startswith(b"%PDF")


def test_a_number_that_is_none_is_a_file_that_is_not_ours(inside, cast):
    """One byte changed by chance made « 1.2.3 » of a number, and the verification fell over."""
    content = signed_in_tests.content(signed_by_both(cast).id)
    at = content.rindex(b"/Count ") + len(b"/Count ")
    broken = content[:at] + b"." + content[at + 1 :]
    for changed in (broken, content.replace(b"/Count 1", b"/Count ..", 1), content.replace(b" 0 R", b" . R", 5)):
        assert not signing.verify(changed).is_ours
