"""One contract per connector, held by every implementation; and the local register beside the registers' stand-in server."""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from email import message_from_bytes, policy
from pathlib import Path

import pytest

from app.connectors import files
from app.connectors.files import FileMissing, StoreGone
from app.connectors.files.local import LocalStore
from app.connectors.files.s3 import BucketStore
from app.connectors.mail import Letter
from app.connectors.mail.local import FolderTransport
from app.connectors.registers import Unavailable
from app.connectors.registers.local import LEGEND, LocalRegister
from app.connectors.signature.local import LocalProvider
from bench.measure import free_port
from tests.buckets import a_bucket


@pytest.mark.parametrize("register", [LocalRegister()], ids=lambda each: each.name)
def test_a_register_answers_or_says_that_it_does_not(register):
    company = register.company("732829320")
    assert (company.siren, company.is_open, company.in_rcs) == ("732829320", True, True)
    assert register.company("999000086") is None
    assert not register.company("999000029").is_open
    entry = register.intermediary("732829320")
    assert "COA" in entry.standing
    assert len(entry.number) == 8
    assert register.intermediary("999000045") is None
    assert register.identity("12AB34567", date(2032, 1, 1)).is_valid
    for ask in (lambda: register.company("999000078"), lambda: register.intermediary("999000094"), lambda: register.identity("12AB34569", None)):
        with pytest.raises(Unavailable):
            ask()


@pytest.fixture
def asked(shared: Path):
    """Asks the registers' stand-in server: (path, body) → text."""
    port = free_port()
    server = subprocess.Popen(
        [sys.executable, str(shared / "registers" / "server.py"), str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
    )

    def ask(method: str, path: str, body: str = "") -> str:
        line = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        line.request(method, path, body or None)
        return line.getresponse().read().decode()

    for _turn in range(200):
        try:
            ask("GET", "/_asked")
            break
        except OSError:
            time.sleep(0.05)
    yield ask
    server.terminate()
    server.wait()


@pytest.mark.shared
def test_the_local_register_agrees_with_the_registers_stand_in(asked):
    """For each number of the legend that the server knows: the same company, open or closed, under the same ORIAS number."""
    local, compared = LocalRegister(), 0
    for siren in LEGEND:
        found = json.loads(asked("GET", f"/recherche/search?q={siren}"))["results"]
        if not found:
            continue
        compared += 1
        assert local.company(siren).is_open == (found[0]["etat_administratif"] == "A"), siren
        envelope = (
            '<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"><soapenv:Body><intermediarySearchRequest xmlns="urn:gpsa:orias:ws.001">'
            f'<user xmlns="">tests</user><intermediaries xmlns=""><intermediary><siren>{siren}</siren></intermediary></intermediaries></intermediarySearchRequest></soapenv:Body></soapenv:Envelope>'
        )
        said = asked("POST", "/orias/ws/service", envelope)
        known = said.partition("<registrationNumber>")[2].partition("<")[0]
        if known and siren != "999000094":
            assert local.intermediary(siren).number == known, siren
    print(f"\nnumbers compared: {compared}")
    assert compared >= 5


@pytest.fixture(params=["local", "s3"])
def store(request, tmp_path):
    if request.param == "local":
        yield LocalStore(str(tmp_path))
        return
    with a_bucket() as bucket:
        yield BucketStore("house", "files", bucket.address, "")


def test_a_store_keeps_a_file_whole_and_once(store):
    key = "ab" * 20
    store.put(key, b"x" * 200_000)
    assert b"".join(store.read(key)) == b"x" * 200_000
    with pytest.raises(FileExistsError):
        store.put(key, b"another")
    for absent in ("cd" * 20, "../../etc/passwd", ""):
        with pytest.raises(FileMissing):
            store.read(absent)
    assert b"".join(store.read(key)) == b"x" * 200_000, "what was refused has changed nothing"


def test_a_store_says_what_it_keeps_and_forgets(store):
    keys = [letter * 40 for letter in "abc"]
    for key in keys:
        store.put(key, b"x")
    assert sorted(store.every_key()) == keys
    assert list(store.every_key(before=datetime.now(UTC) - timedelta(hours=1))) == []
    assert sorted(store.every_key(before=datetime.now(UTC) + timedelta(hours=1))) == keys
    store.remove(keys[0])
    store.remove(keys[0])
    assert sorted(store.every_key()) == keys[1:]


def test_an_empty_file_is_a_file(store):
    store.put("ab" * 20, b"")
    assert b"".join(store.read("ab" * 20)) == b""


def test_many_at_once_are_told_the_same_owner(store):
    with ThreadPoolExecutor(8) as together:
        told = list(together.map(store.own, [f"house {number}" for number in range(16)]))
    assert len(set(told)) == 1
    assert told[0].startswith("house ")


def test_a_store_remembers_whose_files_it_keeps(store):
    assert store.own("one house", instead_of="one that never was here") == "one house"
    assert store.own("another") == "one house"
    assert store.own("another", instead_of="a third") == "one house"
    assert store.own("restored", instead_of="one house") == "restored"
    assert list(store.every_key()) == []


def test_a_file_is_read_in_pieces_of_a_bounded_size(store):
    store.put("ab" * 20, b"x" * 3_000_000)
    pieces = list(map(len, store.read("ab" * 20)))
    assert sum(pieces) == 3_000_000
    assert max(pieces) <= 1_500_000


def test_a_bucket_that_is_gone_says_so_at_once():
    with a_bucket() as bucket:
        store = BucketStore("house", "files", bucket.address, "")
    begun = time.perf_counter()
    for ask in (lambda: store.put("ab" * 20, b"x"), lambda: store.read("ab" * 20), lambda: list(store.every_key()), lambda: store.remove("ab" * 20)):
        with pytest.raises(StoreGone):
            ask()
    print(f"\na bucket that is gone: four questions refused in {time.perf_counter() - begun:.2f} s")


@pytest.mark.parametrize("address", ["bucket", "s3://", "https://host/bucket"])
def test_a_store_that_is_misspelt_does_not_start(address):
    with pytest.raises(ValueError, match="FILE_STORE must be"):
        files.choose("/nowhere", address)


def test_a_mail_becomes_an_eml_file_with_both_bodies(tmp_path):
    FolderTransport(str(tmp_path), "Cordée <no-reply@cordee.example>").send(Letter("<1@cordee.example>", "é@example.org", "Élan 🧗", "texte", "<p>texte</p>"))
    (written,) = tmp_path.glob("*.eml")
    message = message_from_bytes(written.read_bytes(), policy=policy.default)
    assert message["Subject"] == "Élan 🧗"
    assert [part.get_content_type() for part in message.walk() if not part.is_multipart()] == ["text/plain", "text/html"]


def test_a_seal_shows_every_later_change(tmp_path):
    settings = {"KEY_FOLDER": str(tmp_path), "HOUSE_NAME": "House", "TSA_URL": ""}
    provider = LocalProvider({**settings, "SECRET_KEY": "key"})
    proof = provider.seal({"signed_by": "A. Martin", "at": "2026-11-22"})
    assert provider.is_whole(proof)
    assert not provider.is_whole(proof | {"signed_by": "B. Martin"})
    assert not LocalProvider({**settings, "SECRET_KEY": "another key"}).is_whole(proof)
