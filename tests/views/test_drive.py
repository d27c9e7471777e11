"""A client's drive on its pages: folders, versions, the bin, the quota, sharing."""

from __future__ import annotations

import io
from datetime import timedelta
from typing import Any

import pytest

from app import models as m
from app.services import drive
from app.services.crossings import crossing
from tests.clients import EN, a_client, run_job
from tests.trust.test_drive import a_document
from tests.trust.test_figures import a_pdf

JSON = {"headers": {"Accept": "application/json", "Accept-Language": "en"}}


@pytest.fixture
def scene(house, cast):
    partner, client = a_client(cast)
    return client, cast.client_for("owner", partner), f"/portal/clients/{client.id}/drive"


def upload(owner: Any, base: str, *files: tuple[str, bytes], folder: Any = "", **options: Any) -> Any:
    return owner.post(f"{base}/upload", {"folder": folder, "files": [(io.BytesIO(content), name) for name, content in files]}, **options)


def different(number: int) -> bytes:
    return a_pdf().replace(b"startxref", b"% " + str(number).encode() + b"\nstartxref")


def rows(cast: Any, entity: Any) -> list[Any]:
    return cast.read(lambda session: session.query(entity).order_by(entity.id).all())


def folder(cast: Any, owner: Any, base: str, name: str, parent: Any = "") -> int:
    assert owner.post(f"{base}/folders", {"deed": "add", "folder": parent, "name": name}).status_code == 302
    return rows(cast, m.Folder)[-1].id


def test_several_files_at_once_and_one_that_is_refused_keeps_nobody_out(scene, cast):
    client, owner, base = scene
    answer = upload(owner, base, ("a.pdf", a_pdf()), ("b.exe", b"MZ" * 100), ("c.docx", a_document()), **JSON)
    assert answer.status_code == 422
    assert answer.json["taken"] == ["a.pdf", "c.docx"]
    assert answer.json["refused"] == [{"name": "b", "sentence": "Only PDF, JPEG, PNG, Word and Excel files are accepted."}]
    page = owner.get(base, **EN).text
    assert "a.pdf" in page
    assert "c.docx" in page
    without_script = owner.client.post(
        f"{base}/upload", data={"csrf_token": owner.csrf(), "files": (io.BytesIO(b""), "empty.pdf")}, follow_redirects=True, headers=EN["headers"]
    )
    assert "This file is empty." in without_script.text


def test_a_file_of_the_same_name_is_a_new_version_and_an_earlier_one_comes_back(scene, cast):
    client, owner, base = scene
    for number in (1, 2, 2):
        upload(owner, base, ("Bilan.pdf", different(number)))
    (file,) = rows(cast, m.ClientFile)
    assert file.number == 2, "the same content twice is no new version"
    page = f"/portal/client-files/{file.id}"
    assert owner.get(f"{page}/file").get_data() == different(2)
    assert owner.get(f"{page}/file?number=1").get_data() == different(1)
    assert owner.get(f"{page}/file?number=9").status_code == 404
    token = {"one_time": "x" * 20}
    for _twice in range(2):
        assert owner.post(f"{page}/do", {"deed": "restore", "number": 1} | token).status_code == 302
    assert owner.get(f"{page}/file").get_data() == different(1)
    assert [each.number for each in rows(cast, m.ClientFileVersion)] == [1, 2, 3]
    with_room = drive_used(cast, client)
    assert with_room == len(different(1)) + len(different(2)), "a restored version takes no room of its own"
    upload(owner, base, ("BILAN.pdf", different(3)))
    assert len(rows(cast, m.ClientFile)) == 1, "accents and case make no other name"


def drive_used(cast: Any, client: m.Client) -> int:
    from app.extensions import db
    from app.models.scope import SYSTEM, acting

    with cast.app.app_context(), acting(db.session(), SYSTEM):
        return drive.used(client.id)


def test_folders_hold_files_are_renamed_moved_and_deleted_when_empty(scene, cast):
    client, owner, base = scene
    taxes = folder(cast, owner, base, "Impôts")
    year = folder(cast, owner, base, "2026", taxes)
    upload(owner, base, ("avis.pdf", a_pdf()), folder=year)
    shown = owner.get(f"{base}?folder={year}", **EN).text
    assert "avis.pdf" in shown
    assert f'href="{base}?folder={taxes}"' in shown, "the way back"
    same = owner.post(f"{base}/folders", {"deed": "add", "folder": "", "name": "impots"}, **EN)
    assert same.status_code == 422
    assert "There is a folder of this name already." in same.text
    for name, sentence in (("", "Please enter a name."), ("x" * 121, "At most 120 characters"), ("///", "Please enter a name.")):
        assert sentence in owner.post(f"{base}/folders", {"deed": "add", "folder": "", "name": name}, **EN).text
    assert "still holds folders" in owner.post(f"{base}/folders", {"deed": "remove", "which": taxes}, **EN).text
    assert "still holds files" in owner.post(f"{base}/folders", {"deed": "remove", "which": year}, **EN).text
    assert owner.post(f"{base}/folders", {"deed": "rename", "which": year, "name": "2027"}).status_code == 302
    (file,) = rows(cast, m.ClientFile)
    owner.post(f"/portal/client-files/{file.id}/do", {"deed": "throw"})
    for which in (year, taxes):
        assert owner.post(f"{base}/folders", {"deed": "remove", "which": which}).status_code == 302
    assert rows(cast, m.Folder) == []
    owner.post(f"/portal/client-files/{file.id}/do", {"deed": "back"})
    assert "avis.pdf" in owner.get(base).text, "what was thrown away from a folder that is gone comes back at the top"


def test_a_folder_is_not_moved_into_itself_or_below_itself(scene, cast):
    client, owner, base = scene
    outer = folder(cast, owner, base, "A")
    inner = folder(cast, owner, base, "B", outer)
    for into in (outer, inner):
        answer = owner.post(f"{base}/folders?folder={outer}", {"deed": "move", "which": outer, "into": into, "folder": outer}, **EN)
        assert answer.status_code == 422
        assert "cannot be moved into itself" in answer.text
    assert owner.post(f"{base}/folders", {"deed": "move", "which": inner, "into": ""}).status_code == 302
    assert {each.name: each.parent_id for each in rows(cast, m.Folder)} == {"A": None, "B": None}
    deepest = ""
    for number in range(drive.DEEPEST):
        deepest = folder(cast, owner, base, f"D{number}", deepest)
    assert "at most 8 deep" in owner.post(f"{base}/folders", {"deed": "add", "folder": deepest, "name": "x"}, **EN).text
    assert "at most 8 deep" in owner.post(f"{base}/folders", {"deed": "move", "which": outer, "into": deepest, "folder": outer}, **EN).text


def test_a_quota_reached_in_mid_upload_keeps_what_fitted_and_says_so(scene, cast, house, monkeypatch):
    client, owner, base = scene
    one = len(different(1))
    monkeypatch.setitem(house.config, "DRIVE_QUOTA", one * 2 + 10)
    answer = upload(owner, base, *((f"{number}.pdf", different(number)) for number in (1, 2, 3)), **JSON)
    assert answer.json["taken"] == ["1.pdf", "2.pdf"]
    assert "no room for this file" in answer.json["refused"][0]["sentence"]
    again = upload(owner, base, ("1.pdf", different(1)), **JSON)
    assert (again.json["taken"], again.json["same"]) == ([], ["1.pdf"]), "what is there already takes no room"
    assert len(rows(cast, m.ClientFileVersion)) == 2


def test_names_are_changed_and_moved_without_losing_what_stands_there(scene, cast):
    client, owner, base = scene
    target = folder(cast, owner, base, "Dossier")
    upload(owner, base, ("a.pdf", different(1)), ("b.pdf", different(2)))
    upload(owner, base, ("a.pdf", different(3)), folder=target)
    first, second, third = rows(cast, m.ClientFile)
    owner.post(f"/portal/client-files/{second.id}/do", {"deed": "rename", "name": "a"})
    owner.post(f"/portal/client-files/{first.id}/do", {"deed": "move", "into": target})
    assert {(each.id, each.name, each.folder_id) for each in rows(cast, m.ClientFile)} == {
        (first.id, "a (2).pdf", target),
        (second.id, "a (2).pdf", None),
        (third.id, "a.pdf", target),
    }
    refused = owner.post(f"/portal/client-files/{first.id}/do", {"deed": "rename", "name": " / "}, **EN)
    assert refused.status_code == 422
    assert "Please enter a name." in refused.text


def test_files_are_found_by_parts_of_their_names(scene, cast):
    client, owner, base = scene
    inside = folder(cast, owner, base, "Impôts")
    upload(owner, base, ("Déclaration 2026.pdf", different(1)), folder=inside)
    upload(owner, base, ("Bail.pdf", different(2)))
    page = owner.get(f"{base}?q=decla+2026", **EN).text
    assert "Déclaration 2026.pdf" in page
    assert "Bail.pdf" not in page
    assert "No file has these words" in owner.get(f"{base}?q=zzz", **EN).text


def test_the_bin_gives_back_for_a_month_and_then_lets_go(scene, cast, house):
    client, owner, base = scene
    upload(owner, base, ("a.pdf", a_pdf()))
    (file,) = rows(cast, m.ClientFile)
    owner.post(f"/portal/client-files/{file.id}/do", {"deed": "throw"})
    assert "a.pdf" not in owner.get(base).text
    assert "a.pdf" in owner.get(f"{base}?bin").text
    run_job(house, drive.empty_bins)
    owner.post(f"/portal/client-files/{file.id}/do", {"deed": "back"})
    assert "a.pdf" in owner.get(base).text
    owner.post(f"/portal/client-files/{file.id}/do", {"deed": "throw"})
    with cast.writing() as session:
        session.query(m.ClientFile).one().deleted_at = m.now() - timedelta(days=31)
    run_job(house, drive.empty_bins)
    assert (rows(cast, m.ClientFile), rows(cast, m.ClientFileVersion)) == ([], [])


def test_the_bin_is_emptied_by_those_who_may_delete(scene, cast):
    client, owner, base = scene
    upload(owner, base, ("a.pdf", different(1)), ("b.pdf", different(2)))
    first, _second = rows(cast, m.ClientFile)
    owner.post(f"/portal/client-files/{first.id}/do", {"deed": "throw"})
    member = cast.client_for("member", cast.get(m.Partner, client.partner_id))
    assert "Empty the bin" not in member.get(f"{base}?bin", **EN).text
    assert member.post(f"{base}/empty").status_code == 403
    assert "Empty the bin" in owner.get(f"{base}?bin", **EN).text
    assert owner.post(f"{base}/empty").status_code == 302
    assert [file.name for file in rows(cast, m.ClientFile)] == ["b.pdf"]


def test_a_client_finds_what_was_shared_and_nothing_else(scene, cast):
    client, owner, base = scene
    upload(owner, base, ("partagé.pdf", different(1)), ("interne.pdf", different(2)))
    shared, internal = rows(cast, m.ClientFile)
    owner.post(f"/portal/client-files/{shared.id}/do", {"deed": "share"})
    guest = cast.guest(client)
    home = guest.get("/space/").text
    assert "partagé.pdf" in home
    assert "interne.pdf" not in home
    assert guest.get(f"/space/files/{shared.id}").get_data() == different(1)
    assert guest.get(f"/space/files/{internal.id}").status_code == 404
    owner.post(f"/portal/client-files/{shared.id}/do", {"deed": "throw"})
    assert guest.get(f"/space/files/{shared.id}").status_code == 404


def test_who_only_reads_finds_files_and_changes_none(scene, cast):
    client, owner, base = scene
    upload(owner, base, ("a.pdf", a_pdf()))
    (file,) = rows(cast, m.ClientFile)
    reader = cast.client_for("read_only", cast.get(m.Partner, client.partner_id))
    page = reader.get(base, **EN).text
    assert "a.pdf" in page
    assert "Drop files here" not in page
    assert reader.get(f"/portal/client-files/{file.id}/file").status_code == 200
    for path in (f"{base}/upload", f"{base}/folders", f"/portal/client-files/{file.id}/do"):
        assert reader.post(path, {"deed": "throw"}).status_code == 403


def test_another_clients_folder_is_nobodys(scene, cast):
    client, owner, base = scene
    partner = cast.get(m.Partner, client.partner_id)
    _partner, other = a_client(cast, partner=partner)
    theirs = folder(cast, owner, f"/portal/clients/{other.id}/drive", "Autre")
    assert owner.get(f"{base}?folder={theirs}").status_code == 404
    assert upload(owner, base, ("a.pdf", a_pdf()), folder=theirs, **JSON).status_code == 422
    assert owner.post(f"{base}/folders", {"deed": "rename", "which": theirs, "name": "Mien"}).status_code == 404
    assert rows(cast, m.ClientFile) == []


def test_the_store_being_full_is_said_and_nothing_is_half_written(scene, cast, monkeypatch):
    from app.connectors import files as store

    client, owner, base = scene

    def full(key: str, content: bytes) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr(store.chosen, "put", full)
    answer = upload(owner, base, ("a.pdf", a_pdf()), **JSON)
    assert "could not be kept just now" in answer.json["refused"][0]["sentence"]
    assert rows(cast, m.ClientFile) == []
    with cast.app.app_context(), crossing() as session:
        assert session.query(m.ClientFileVersion).count() == 0


def test_what_is_in_the_bin_is_only_had_back_and_names_keep_no_hidden_letters(scene, cast):
    client, owner, base = scene
    upload(owner, base, ("a.pdf", a_pdf()))
    (file,) = rows(cast, m.ClientFile)
    owner.post(f"/portal/client-files/{file.id}/do", {"deed": "throw"})
    for deed in ("share", "rename", "move", "restore", "throw"):
        assert owner.post(f"/portal/client-files/{file.id}/do", {"deed": deed, "name": "b", "number": 1}).status_code == 422
    owner.post(f"/portal/client-files/{file.id}/do", {"deed": "back"})
    owner.post(f"/portal/client-files/{file.id}/do", {"deed": "rename", "name": "a\x01\u202eb\u200b"})
    assert cast.get(m.ClientFile, file.id).name == "ab.pdf"
    assert "Please enter a name." in owner.post(f"{base}/folders", {"deed": "add", "folder": "", "name": "\u200b\x01"}, **EN).text
