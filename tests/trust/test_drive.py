"""What is handed into a client's drive: the corpus of dangerous and clean files, office documents among them, by its own door."""

from __future__ import annotations

import io
import zipfile

import openpyxl

from app import models as m
from app.services import office
from tests.trust.test_figures import a_zip, clean, dangerous

TYPES = '<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>'
WORDS = '<?xml version="1.0"?><w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body/></w:document>'
RELS = '<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">{}</Relationships>'
LINK = '<Relationship Id="a" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/{}" Target="https://example.org/x" TargetMode="External"/>'


def a_document(main: str = "word/document.xml", **parts: str | bytes) -> bytes:
    """A document of a word processor; further parts by their names, with | for the slashes and dots left as they are."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as book:
        book.writestr("[Content_Types].xml", TYPES)
        book.writestr(main, WORDS)
        for name, content in parts.items():
            book.writestr(name.replace("|", "/"), content)
    return out.getvalue()


def a_sheet() -> bytes:
    book, out = openpyxl.Workbook(), io.BytesIO()
    book.active.append(["=1+1", "Éloïse"])
    book.active["A2"].hyperlink = "https://example.org"
    book.save(out)
    return out.getvalue()


def bomb() -> bytes:
    return a_document(**{"word|zeros.xml": b"\0" * (office.MOST_BYTES + 1)})


def lying_bomb() -> bytes:
    """Says that it is small, and is not."""
    packed = bytearray(a_document(**{"word|zeros.xml": b" " * 30_000_000}))
    size = (30_000_000).to_bytes(4, "little")
    return bytes(packed.replace(size, (100).to_bytes(4, "little")))


def dangerous_office() -> dict[str, bytes]:
    return {
        "macro.docx": a_document(**{"word|vbaProject.bin": b"x"}),
        "macro.xlsx": a_document("xl/workbook.xml", **{"xl|vbaProject.bin": b"x"}),
        "sheet4.xlsx": a_document("xl/workbook.xml", **{"xl|macrosheets|sheet1.xml": "<x/>"}),
        "activex.docx": a_document(**{"word|activeX|activeX1.xml": "<x/>"}),
        "embedded.docx": a_document(**{"word|embeddings|oleObject1.bin": b"MZ"}),
        "template.docx": a_document(**{"word|_rels|settings.xml.rels": RELS.format(LINK.format("attachedTemplate"))}),
        "frame.docx": a_document(**{"word|_rels|document.xml.rels": RELS.format(LINK.format("frame"))}),
        "picture-from-elsewhere.docx": a_document(**{"word|_rels|document.xml.rels": RELS.format(LINK.format("image"))}),
        "hidden-type.docx": a_document(**{"word|_rels|settings.xml.rels": RELS.format(LINK.format("attachedTemplate").replace("org/x", "org/x?Type='/hyperlink'"))}),
        "raw-bracket.docx": a_document(**{"word|_rels|settings.xml.rels": RELS.format(LINK.format("attachedTemplate").replace("org/x", "org/x>"))}),
        "entity-mode.docx": a_document(**{"word|_rels|settings.xml.rels": RELS.format(LINK.format("attachedTemplate").replace("External", "Exter&#110;al"))}),
        "utf-16.docx": a_document(**{"word|_rels|settings.xml.rels": RELS.format(LINK.format("attachedTemplate")).encode("utf-16")}),
        "split-field.docx": a_document(**{"word|footer.xml": "<w:instrText>DD</w:instrText><w:instrText>EAUTO cmd</w:instrText>"}),
        "dde.docx": a_document(**{"word|footer.xml": "<w:instrText>DDEAUTO c:\\windows\\cmd.exe</w:instrText>"}),
        "entity.docx": a_document(**{"word|styles.xml": "<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>"}),
        "hidden-on-a-seam.docx": a_document(**{"word|footer.xml": "<a>" + "x" * (office.PIECE - 8) + "DDEAUTO cmd</a>"}),
        "external.xlsx": a_document("xl/workbook.xml", **{"xl|externalLinks|externalLink1.xml": "<x/>"}),
        "bomb.docx": bomb(),
        "lying-bomb.docx": lying_bomb(),
        "cut.docx": a_document()[:200],
        "no-types.docx": a_zip("word/document.xml", WORDS.encode()),
        "program.docx": a_zip("run.exe", b"MZ" * 50),
        "page.docx": b"PK\x03\x04<html><script>alert(1)</script></html>",
    }


def clean_office() -> dict[str, bytes]:
    return {
        "letter.docx": a_document(),
        "with-a-link.docx": a_document(**{"word|_rels|document.xml.rels": RELS.format(LINK.format("hyperlink"))}),
        "budget.xlsx": a_sheet(),
        "wrong-ending.pdf": a_sheet(),
    }


def test_nothing_dangerous_gets_into_a_drive_and_nothing_clean_is_refused(house, cast):
    partner = cast.partner()
    client, owner = cast.client(partner), cast.client_for("owner", partner)

    def is_taken(name: str, content: bytes) -> bool:
        before = cast.count(m.ClientFileVersion)
        owner.post(
            f"/portal/clients/{client.id}/drive/upload", {"files": (io.BytesIO(content), f"{cast.count(m.ClientFile)}-{name}")}, headers={"Accept": "application/json"}
        )
        return cast.count(m.ClientFileVersion) > before

    bad, good = dangerous() | dangerous_office(), clean() | clean_office()
    accepted = [name for name, content in bad.items() if is_taken(name, content)]
    refused = [name for name, content in good.items() if not is_taken(name, content)]
    print(f"\nuploads into a drive: dangerous {len(bad)}, accepted {len(accepted)}; clean {len(good)}, refused {len(refused)}")
    assert (accepted, refused) == ([], [])
    for file in cast.read(lambda session: session.query(m.ClientFile).all()):
        answer = owner.get(f"/portal/client-files/{file.id}/file")
        assert answer.headers["Content-Disposition"].startswith("attachment"), file.name
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert not set(file.name) & set("/\\\x00")
        if file.media_type in (office.WORD, office.SHEET):
            assert file.name.endswith(office.ENDINGS[file.media_type]), "named after what is in it"
            assert owner.get(f"/portal/client-files/{file.id}/preview").status_code == 404
        else:
            assert "script-src" not in owner.get(f"/portal/client-files/{file.id}/preview").headers["Content-Security-Policy"]


def test_what_no_row_names_leaves_no_bytes_behind(house, cast, monkeypatch):
    from app.connectors import files as store

    partner = cast.partner()
    client, owner = cast.client(partner), cast.client_for("owner", partner)
    before = set(store.chosen.every_key())
    monkeypatch.setitem(house.config, "DRIVE_QUOTA", 10)
    for content in (*dangerous().values(), *clean().values()):
        owner.post(f"/portal/clients/{client.id}/drive/upload", {"files": (io.BytesIO(content), "x.pdf")})
    assert set(store.chosen.every_key()) == before
