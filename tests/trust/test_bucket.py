"""Files in a bucket: the same pages, and what they say when the bucket is gone. TRUST.md, faults."""

from __future__ import annotations

import hashlib
import io
import time
from datetime import timedelta

import pytest

from app import models as m
from app.connectors import files
from app.connectors.files import StoreGone, StoreRefuses
from app.connectors.files.local import LocalStore
from app.connectors.files.s3 import BucketStore
from app.services import files as services, housekeeping, stores
from tests.buckets import FORBIDDEN, HALF, a_bucket, scripted
from tests.clients import EN, a_client
from tests.trust.test_faults import PIECE
from tests.views.test_registration import a_picture


@pytest.fixture
def bucket(house, monkeypatch):
    with a_bucket() as found:
        monkeypatch.setattr(files, "chosen", BucketStore("house", "files", found.address, ""))
        yield found


def test_a_drive_lies_in_a_bucket(house, cast, bucket):
    partner, client = a_client(cast)
    owner = cast.client_for("owner", partner)
    sent = {"folder": "", "files": [(io.BytesIO(a_picture("PNG")), "plan.png"), (io.BytesIO(a_picture()), "photo.jpg")]}
    owner.post(f"/portal/clients/{client.id}/drive/upload", sent)
    kept = cast.read(lambda session: session.query(m.ClientFile).order_by(m.ClientFile.id).all())
    assert [file.name for file in kept] == ["plan.png", "photo.jpg"]
    assert sorted(files.chosen.every_key()) == sorted(file.key for file in kept)
    shown = owner.get(f"/portal/client-files/{kept[0].id}/file")
    assert (shown.status_code, len(shown.data)) == (200, kept[0].size)
    assert hashlib.sha256(shown.data).hexdigest() == kept[0].digest


def test_a_bucket_that_is_gone_is_said_within_three_seconds_and_loses_nothing(house, cast, bucket):
    owner = cast.client_for("owner")
    sent = lambda: PIECE | {"file": (io.BytesIO(a_picture()), "kbis.jpg")}  # noqa: E731 - a stream can be sent once
    assert owner.post("/portal/documents/new", sent(), **EN).status_code == 302
    kept = cast.read(lambda session: session.query(m.Document).one())
    bucket.stop()
    begun = time.perf_counter()
    refused = owner.post("/portal/documents/new", sent(), **EN)
    took = time.perf_counter() - begun
    assert (refused.status_code, "could not be kept just now" in refused.text) == (422, True)
    begun = time.perf_counter()
    shown = owner.get(f"/portal/files/documents/{kept.id}", **EN)
    assert (shown.status_code, "not available for a moment" in shown.text) == (503, True)
    print(f"\nbucket gone: upload refused in {took:.2f} s, download in {time.perf_counter() - begun:.2f} s (asked: 3); documents lost {1 - cast.count(m.Document)}")
    assert cast.count(m.Document) == 1


# --- a service that misbehaves --------------------------------------------------------------------


def asks(store):
    key = "ab" * 20
    return (lambda: store.put(key, b"x"), lambda: b"".join(store.read(key)), lambda: store.remove(key))


def test_a_service_that_takes_the_call_and_says_nothing_is_given_up_within_three_seconds():
    with scripted(None) as server:
        store, slowest = BucketStore("house", "files", server.address, ""), 0.0
        for ask in asks(store):
            begun = time.perf_counter()
            with pytest.raises(StoreGone):
                ask()
            slowest = max(slowest, time.perf_counter() - begun)
    print(f"\nmute service: given up in {slowest:.2f} s at the slowest (asked: 3)")
    assert slowest < 3


@pytest.mark.parametrize(("answer", "says"), [(FORBIDDEN, StoreRefuses), (HALF, StoreGone)])
def test_a_refusal_and_half_an_answer_are_told_from_a_file_that_is_missing(answer, says):
    with scripted(answer) as server:
        store = BucketStore("house", "files", server.address, "")
        with pytest.raises(says):
            b"".join(store.read("ab" * 20))


def test_a_missing_bucket_is_no_missing_file(house):
    with a_bucket() as bucket:
        store = BucketStore("nosuch", "files", bucket.address, "")
        for ask in (*asks(store), lambda: store.own("us"), lambda: list(store.every_key())):
            with pytest.raises(StoreGone):
                ask()
        with pytest.raises(StoreRefuses):
            store.own("us")


def test_a_reader_may_be_slow(bucket):
    """What a browser takes its time over is not cut off by the time-out of the service."""
    content = bytes(range(256)) * 12_000
    files.chosen.put("ab" * 20, content)
    pieces, taken = files.chosen.read("ab" * 20), b""
    for piece in pieces:
        taken += piece
        time.sleep(1.2)
    assert taken == content


# --- whose files they are -------------------------------------------------------------------------


def test_another_house_in_the_same_place_is_refused_and_puts_nothing_away(house, cast, bucket, monkeypatch):
    files.chosen.put("ab" * 20, b"theirs")
    assert files.chosen.own("another house") == "another house"
    with house.app_context():
        monkeypatch.setattr(housekeeping, "now", lambda: m.now() + timedelta(days=3))
        with pytest.raises(stores.NotOurs):
            housekeeping.put_away_files()
        done = house.test_cli_runner().invoke(args=["prepare"])
    assert (done.exit_code, "Another house keeps its files" in str(done.exception or done.output)) == (1, True)
    assert list(files.chosen.every_key()) == ["ab" * 20]


def test_ones_own_files_are_put_away_and_a_restored_house_keeps_its_place(house, bucket, monkeypatch):
    files.chosen.put("ab" * 20, b"nobody names it")
    with house.app_context():
        stores.claim()
        monkeypatch.setattr(housekeeping, "now", lambda: m.now() + timedelta(days=3))
        assert housekeeping.put_away_files() == 1
    assert files.chosen.own("restored", instead_of="somebody") != "restored"
    ours = files.chosen.own("")
    assert files.chosen.own("restored", instead_of=ours) == "restored"


def test_the_files_of_the_folder_are_taken_along(house, bucket, tmp_path):
    folder = LocalStore(str(tmp_path))
    for letter in "abc":
        folder.put(letter * 40, letter.encode())
    files.chosen.put("a" * 40, b"a")
    with house.app_context():
        runner = house.test_cli_runner()
        first, second = (runner.invoke(args=["copy-files", str(tmp_path)]).output for _each in range(2))
        assert ("Copied: 2 files; there already: 1." in first, "Copied: 0 files; there already: 3." in second) == (True, True)
        folder.remove("c" * 40)
        folder.put("c" * 40, b"something else")
        assert runner.invoke(args=["copy-files", str(tmp_path)]).exit_code == 1
    assert b"".join(files.chosen.read("b" * 40)) == b"b"


def test_pages_go_on_without_their_pictures_and_deeds_without_putting_away(house, cast, bucket):
    owner = cast.client_for("owner", cast.partner())
    bucket.stop()
    assert owner.get("/account/photo").location.endswith("/static/mark.svg")
    with house.app_context():
        services.remove("ab" * 20)
